// What the owner does to a database before a gateway may use it: the gateway's role, schema, mark, partitions.
// Called by the maintenance process and by tests; the gateway's process never holds the owner's URL.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectionTrouble, errorCode, newClient } from './connection.ts';
import { type InstallationMode, markInstallation, whyUnsuitable } from './installation.ts';
import { migrate } from './migrate.ts';
import { makePartitionsAhead } from './partitions.ts';
import { gatewayRole, maintenanceLock, schemaName, withSchema, writerLock } from './schema.ts';
import { DatabaseTrouble } from './trouble.ts';

const oldestServerVersion = 150_000;
/** How long the connection of a gateway that was killed may take to end. */
const defaultWriterPatienceMs = 10_000;

/** Connects as owner, with our schema in the search path. Throws DatabaseTrouble. */
export async function connectAsOwner(ownerUrl: string): Promise<pg.Client> {
  let client: pg.Client;
  try {
    client = newClient(withSchema(ownerUrl), { applicationName: 'countersign maintenance' });
    client.on('error', () => {
      // The next query on it fails and says so.
    });
    await client.connect();
  } catch (error) {
    throw new DatabaseTrouble(connectionTrouble(ownerUrl, error), error);
  }
  return client;
}

export type Prepared = {
  /** For the gateway's process: its own role, a new password, our schema in the search path. */
  readonly gatewayUrl: string;
  readonly origin: string;
  readonly partitions: 'native' | 'timescaledb';
  readonly migrationsApplied: number;
};

/**
 * Everything, in order; safe to run again. The gateway's role gets a new random password each time, so a former one
 * is worth nothing. Throws DatabaseTrouble where the database is unsuitable or in use; then it is unchanged but for the role.
 */
export async function prepareDatabase(
  client: pg.Client,
  ownerUrl: string,
  mode: InstallationMode,
  options: { readonly password?: string; readonly writerPatienceMs?: number } = {},
): Promise<Prepared> {
  const { class: lockClass, object } = maintenanceLock;
  await client.query('SELECT pg_advisory_lock($1, $2)', [lockClass, object]);
  try {
    await checkServer(client);
    const unsuitable = await whyUnsuitable(client, mode);
    if (unsuitable !== null) throw new DatabaseTrouble(`the database is refused: ${unsuitable}`);
    await waitForWriter(client, options.writerPatienceMs ?? defaultWriterPatienceMs);
    const password = options.password ?? randomBytes(24).toString('base64url');
    await setUpGatewayRole(client, password);
    const partitions = (await enableTimescale(client)) ? 'timescaledb' : 'native';
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
    const migrationsApplied = await migrate(client);
    const origin = await markInstallation(client, mode, `countersign.local/${mode}/${randomUUID()}`);
    await client.query(`GRANT USAGE ON SCHEMA ${schemaName} TO ${gatewayRole}`);
    await makePartitionsAhead(client);
    return { gatewayUrl: withSchema(ownerUrl, { user: gatewayRole, password }), origin, partitions, migrationsApplied };
  } finally {
    await client.query('SELECT pg_advisory_unlock($1, $2)', [lockClass, object]).catch(() => {
      // The connection is gone, and the lock with it.
    });
  }
}

/**
 * A new password for the role would keep the gateway that runs on this database from connecting again: it is left alone.
 * One that was killed a moment ago is waited for.
 */
async function waitForWriter(client: pg.Client, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await client.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = $1 AND objid::bigint = $2 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [writerLock.class, writerLock.object],
    );
    if ((found.rowCount ?? 0) === 0) return;
    if (performance.now() > end) {
      throw new DatabaseTrouble('another gateway writes to this database; stop it first, or give this one its own');
    }
    await delay(100);
  }
}

export async function checkServer(client: pg.Client): Promise<void> {
  const found = await client.query<{ version: string; encoding: string }>(
    `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding`,
  );
  const row = found.rows[0];
  if (row === undefined || Number(row.version) < oldestServerVersion) {
    throw new DatabaseTrouble(
      `PostgreSQL 15 or newer is needed, the database's server is ${row?.version ?? 'unknown'}`,
    );
  }
  if (row.encoding !== 'UTF8') {
    throw new DatabaseTrouble(`the database's encoding is ${row.encoding}; create one with ENCODING 'UTF8'`);
  }
}

/** The role that the gateway logs in with: no owner, no superuser; what it may do is granted in the migrations. */
export async function setUpGatewayRole(client: pg.Client, password: string): Promise<void> {
  const exists = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [gatewayRole]);
  const attributes = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT PASSWORD ${pg.escapeLiteral(password)}`;
  if ((exists.rowCount ?? 0) === 0) {
    try {
      await client.query(`CREATE ROLE ${gatewayRole} ${attributes}`);
      return;
    } catch (error) {
      // Another database of this server made it at the same moment (duplicate_object, unique_violation).
      if (errorCode(error) !== '42710' && errorCode(error) !== '23505') throw roleTrouble(error);
    }
  }
  try {
    await client.query(`ALTER ROLE ${gatewayRole} ${attributes}`);
  } catch (error) {
    throw roleTrouble(error);
  }
}

function roleTrouble(error: unknown): DatabaseTrouble {
  const said = error instanceof Error ? error.message : String(error);
  return new DatabaseTrouble(
    `the owner's role cannot create or change the role ${gatewayRole} (${said}); give it CREATEROLE or use a superuser`,
    error,
  );
}

/** Makes the extension where the server has it and preloads it; without it native partitions do. */
export async function enableTimescale(client: pg.Client): Promise<boolean> {
  const found = await client.query<{ installed: boolean; usable: boolean }>(`
    SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS installed,
      EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'
        AND to_regclass('${schemaName}.log_record') IS NULL AS usable`);
  const row = found.rows[0];
  if (row?.installed) return true;
  if (!row?.usable) return false;
  await client.query('CREATE EXTENSION IF NOT EXISTS timescaledb');
  return true;
}
