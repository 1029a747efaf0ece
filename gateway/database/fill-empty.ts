// An empty database is filled with what a backup holds (OPS-6), in one transaction: it ends whole, or empty as before.
// Called by cli/restore.ts with the owner's connection, while nothing else uses the database.
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { type InstallationMode, whyUnsuitable } from './installation.ts';
import { migrateWithin } from './migrate.ts';
import { makePartitions, makePartitionsAhead } from './partitions.ts';
import { checkServer, enableTimescale, setUpGatewayRole } from './prepare.ts';
import { gatewayRole, maintenanceLock, schemaName } from './schema.ts';
import { continueSequences, type TableShape, tablesOf } from './table-copy.ts';
import { DatabaseTrouble } from './trouble.ts';

export type EmptyDatabaseFilling = {
  readonly mode: InstallationMode;
  /** Of the schema that `tables` were read from; what newer migrations do is done after the rows are in. */
  readonly schemaVersion: number;
  readonly tables: readonly TableShape[];
  /** Numbers of the log's records, so that there is a partition for each. */
  readonly records: { readonly from: number; readonly through: number };
  /** Brings the rows in and looks at them; where it throws, nothing is left. */
  readonly fill: () => Promise<void>;
};

/** Throws DatabaseTrouble where the database is not empty or not suitable, and whatever `fill` throws. */
export async function fillEmptyDatabase(client: pg.Client, filling: EmptyDatabaseFilling): Promise<void> {
  const { class: lockClass, object } = maintenanceLock;
  await client.query('SELECT pg_advisory_lock($1, $2)', [lockClass, object]);
  try {
    await checkServer(client);
    await refuseFilled(client, filling.mode);
    await makeGatewayRole(client);
    await enableTimescale(client);
    await client.query('BEGIN');
    try {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
      await migrateWithin(client, filling.schemaVersion);
      refuseOtherShapes(filling.tables, await tablesOf(client));
      await makePartitions(client, filling.records);
      await filling.fill();
      await migrateWithin(client);
      await continueSequences(client);
      await client.query(`GRANT USAGE ON SCHEMA ${schemaName} TO ${gatewayRole}`);
      await makePartitionsAhead(client);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        // The connection is gone, and the transaction with it.
      });
      throw error;
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1, $2)', [lockClass, object]).catch(() => {
      // As above: the lock is gone too.
    });
  }
}

/** Left alone where it is there: a gateway on another database of the server may be logged in with it. */
async function makeGatewayRole(client: pg.Client): Promise<void> {
  const exists = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [gatewayRole]);
  // A password that nobody knows: the maintenance process sets its own at each start.
  if ((exists.rowCount ?? 0) === 0) await setUpGatewayRole(client, randomBytes(24).toString('base64url'));
}

async function refuseFilled(client: pg.Client, mode: InstallationMode): Promise<void> {
  const unsuitable = await whyUnsuitable(client, mode);
  if (unsuitable !== null) throw new DatabaseTrouble(`the database is refused: ${unsuitable}`);
  const ours = await client.query(
    `SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p')`,
    [schemaName],
  );
  if ((ours.rowCount ?? 0) > 0)
    throw new DatabaseTrouble(
      'the database holds an installation of Countersign already; a restore goes into an empty one only',
    );
}

function refuseOtherShapes(wanted: readonly TableShape[], found: readonly TableShape[]): void {
  const shape = (table: TableShape): string =>
    `${table.name} (${table.columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`;
  const known = new Set(found.map(shape));
  const odd = wanted.map(shape).find((text) => !known.has(text));
  if (odd !== undefined)
    throw new DatabaseTrouble(
      `the backup's table ${odd} is not one that this program knows; use the one that wrote it`,
    );
}
