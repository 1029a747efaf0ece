// What the database's superuser can do to the tables beside the log (AUD-4, AUD-7), and that `audit verify` tells of it.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosign, cosigner, formatWitnessKey, witnessKeyOf } from '../../../gateway/audit/cosignature.ts';
import { orderChange, writtenChange } from '../../../gateway/audit/postgres-archives.ts';
import { besideTroubles } from '../../../gateway/audit/postgres-beside.ts';
import { readCheckpointAt, storeCosignature } from '../../../gateway/audit/postgres-proofs.ts';
import { protectionTroubles } from '../../../gateway/audit/postgres-protection.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey, splitNote } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { BesideWalk } from '../../../gateway/audit/verify-beside.ts';
import type { RecordDraft } from '../../../gateway/contract/audit-record.ts';
import { gatewayRole } from '../../../gateway/database/schema.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { runOn, sampleDraft } from './sample-drafts.ts';

const witness = cosigner('witness.example', generateKeyPairSync('ed25519').privateKey);
let server: TestServer;
let database: TestDatabase;
let test: TestLog;

const own = (kind: RecordDraft['kind'], more: Partial<RecordDraft>): RecordDraft => ({
  kind,
  actor: null,
  terminal: null,
  address: null,
  subject: 'log',
  ...more,
});

async function troubles(): Promise<readonly string[]> {
  const verifier = parseVkey(test.log.vkey);
  const beside = new BesideWalk();
  const verified = await verifyLog(storedRows(database.superuser), {
    verifier,
    kept: null,
    checkSignature: (record) => {
      beside.take(record);
      return null;
    },
  });
  expect(verified.bad).toBeNull();
  return besideTroubles(runOn(database.superuser), beside);
}

/** Does it, looks, and undoes it. */
async function troublesAfter(...statements: readonly string[]): Promise<readonly string[]> {
  const { superuser } = database;
  const tables = [
    'installation',
    'later_origin',
    'cosignature',
    'archive_order',
    'archive_file',
    'archive_end',
    'forward_cursor',
    'schema_version',
  ];
  for (const table of tables) await superuser.query(`CREATE TEMP TABLE kept_${table} AS SELECT * FROM ${table}`);
  try {
    for (const statement of statements) expect((await superuser.query(statement)).rowCount, statement).toBe(1);
    return await troubles();
  } finally {
    for (const table of tables)
      await superuser.query(
        `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}; DROP TABLE kept_${table}`,
      );
  }
}

describe('the tables beside the log', () => {
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    test = await openTestLog(database);
    const { log } = test;
    const witnesses = [{ url: 'http://127.0.0.1:1', key: formatWitnessKey(witnessKeyOf(witness)) }];
    await log.append(own('configuration.loaded', { new: { gateway: { checkpoints: { witnesses } } } }));
    await log.append(sampleDraft('a'));
    const range = { first: 1, through: 2 };
    const { seq: ordered } = await log.append(own('archive.ordered', { detail: range }), orderChange(range));
    const bundle = { file: 'records.bundle', sha256: '0'.repeat(64), bytes: 1 };
    await log.append(
      own('archive.written', { detail: { ...range, ordered, ...bundle } }),
      writtenChange(ordered, bundle),
    );
    await database.superuser.query('INSERT INTO archive_end (ordered, removed) VALUES ($1, 2)', [ordered]);
    await log.append(own('archive.dropped', { detail: { ...range, ordered, removed: 2, trouble: null } }));
    for (const size of [2, 4]) {
      const note = (await readCheckpointAt(runOn(database.superuser), size)) ?? '';
      const split = splitNote(note);
      if (typeof split === 'string') throw new Error(split);
      const line = cosign(split.text, 1_800_000_000, witness);
      await storeCosignature(runOn(database.superuser), { size, witness: 'witness.example', line });
    }
    await database.superuser.query(`SET session_replication_role = replica;
      ALTER TABLE installation DROP CONSTRAINT installation_only_row_check`);
  });
  afterAll(async () => {
    await test?.stop();
    await database?.stop();
    await server?.stop();
  });

  it('AUD-4: as they were written they are borne out', async () => {
    expect(await troubles()).toEqual([]);
  });

  const changes: readonly (readonly [string, string])[] = [
    ['installation.origin', `UPDATE installation SET origin = origin || 'x'`],
    ['installation.mode', `UPDATE installation SET mode = 'production'`],
    ['forward_cursor (beyond the log)', `INSERT INTO forward_cursor (receiver, seq) VALUES ('siem', 100)`],
    ['schema_version.version', 'UPDATE schema_version SET version = 70 WHERE version = 7'],
    ['schema_version.name', `UPDATE schema_version SET name = 'nodes' WHERE version = 3`],
    ['schema_version.md5', 'UPDATE schema_version SET md5 = reverse(md5) WHERE version = 1'],
    ['schema_version (removed)', 'DELETE FROM schema_version WHERE version = 4'],
    ['installation.only_row', 'UPDATE installation SET only_row = false'],
    ['later_origin.since', `INSERT INTO later_origin VALUES (3, 'other.example/log')`],
    ['archive_order.first', 'UPDATE archive_order SET first = 0'],
    ['archive_order.through', 'UPDATE archive_order SET through = 1'],
    ['archive_order.ordered', 'UPDATE archive_order SET ordered = 4'],
    ['archive_order (removed)', 'DELETE FROM archive_order'],
    ['archive_file.ordered', 'UPDATE archive_file SET ordered = 2'],
    ['archive_file.written', 'UPDATE archive_file SET written = written + 1'],
    ['archive_file.file', `UPDATE archive_file SET file = 'recordr.bundle'`],
    ['archive_file.sha256', `UPDATE archive_file SET sha256 = '1' || substring(sha256 FROM 2)`],
    ['archive_file (removed)', 'DELETE FROM archive_file'],
    ['archive_end.ordered', 'UPDATE archive_end SET ordered = 2'],
    ['archive_end.removed', 'UPDATE archive_end SET removed = 3'],
    ['archive_end.trouble', `UPDATE archive_end SET trouble = 'none'`],
    ['archive_end (removed)', 'DELETE FROM archive_end'],
    ['archive_end (planted)', 'INSERT INTO archive_end (ordered, removed) VALUES (2, 1)'],
  ];
  it.each(changes)('AUD-4, AUD-7: a changed row is found: %s', async (_, change) => {
    expect(await troublesAfter(change)).not.toEqual([]);
  });

  it('AUD-4: every column of the schema is held against the log, or is known to be no more than a note', async () => {
    const notes = ['installation.created_at', 'archive_end.ended_at', 'schema_version.run_at'];
    // Where forwarding stands is the receivers' word: only what is impossible is found.
    const receivers = ['forward_cursor.receiver', 'forward_cursor.seq', 'forward_cursor.moved_at'];
    // A row that the log did not open: both of its columns.
    const planted = ['later_origin.origin'];
    // Below, and in tampering.test.ts.
    const elsewhere = ['cosignature', 'log_record', 'archived_record', 'projection'];
    const { rows } = await database.superuser.query<{ table: string; column: string }>(
      `SELECT c.relname AS table, a.attname AS column FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    );
    const held = new Set([...changes.map(([name]) => name), ...notes, ...receivers, ...planted]);
    const open = rows.filter(({ table, column }) => !elsewhere.includes(table) && !held.has(`${table}.${column}`));
    expect(rows.length).toBeGreaterThan(40);
    expect(open).toEqual([]);
  });

  it.each([
    ['size', 'UPDATE cosignature SET size = 3 WHERE size = 2', 'does not verify'],
    ['size (beyond the log)', 'UPDATE cosignature SET size = 400 WHERE size = 4', 'or the log was cut off'],
    ['witness', `UPDATE cosignature SET witness = 'other.example' WHERE size = 2`, 'names that witness'],
    [
      'line (one bit)',
      `UPDATE cosignature SET line = overlay(line placing
         (CASE substring(line FROM 40 FOR 1) WHEN 'A' THEN 'B' ELSE 'A' END) from 40 for 1) WHERE size = 2`,
      'does not verify',
    ],
    ['line (a line more)', `UPDATE cosignature SET line = line || line WHERE size = 2`, 'does not verify'],
  ])('AUD-3: a cosignature that was changed is named: %s', async (_, change, why) => {
    const [only, ...more] = await troublesAfter(change);
    expect(more).toEqual([]);
    expect(only).toContain('the cosignature of ');
    expect(only).toContain(why);
  });

  it.each([
    [
      'a function that refuses nothing any more',
      `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$`,
      'the function refuse_change, by which triggers refuse changes, was altered',
    ],
    [
      'a trigger of the same name with a condition',
      `DROP TRIGGER cosignature_append_only ON cosignature; CREATE TRIGGER cosignature_append_only
         BEFORE UPDATE OR DELETE ON cosignature FOR EACH ROW WHEN (false) EXECUTE FUNCTION refuse_change()`,
      'the trigger cosignature_append_only of cosignature was made anew and does something else',
    ],
    [
      'a trigger switched off in a partition alone',
      'ALTER TABLE log_record_000000 DISABLE TRIGGER log_record_append_only',
      'the trigger log_record_append_only of log_record_000000 is removed or switched off',
    ],
    [
      'a rule',
      'CREATE RULE swallow AS ON INSERT TO cosignature DO INSTEAD NOTHING',
      'the rule swallow was put on cosignature',
    ],
    [
      'a right on one column',
      `GRANT UPDATE (kind) ON log_record TO ${gatewayRole}`,
      `the role ${gatewayRole} was given the right UPDATE on log_record`,
    ],
    [
      'a right on a table of notes',
      `GRANT DELETE ON forward_cursor TO ${gatewayRole}`,
      `the role ${gatewayRole} was given the right DELETE on forward_cursor`,
    ],
  ])('AUD-4: what no longer protects the log is named: %s', async (_, change, trouble) => {
    const { superuser } = database;
    expect(await protectionTroubles(runOn(superuser), gatewayRole)).toEqual([]);
    await superuser.query('BEGIN');
    try {
      await superuser.query(change);
      expect(await protectionTroubles(runOn(superuser), gatewayRole)).toEqual([trouble]);
    } finally {
      await superuser.query('ROLLBACK');
    }
  });
});
