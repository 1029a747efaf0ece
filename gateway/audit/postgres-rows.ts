// Walks the log's rows for verification, every column as it stands, in one consistent, read-only snapshot with bounded
// memory. Called by `countersign audit verify` and tests with a connection of their own.
import type pg from 'pg';
import type { StoredRow } from './verify.ts';

const rowsAtOnce = 2_000;

/** Opens the snapshot, yields all rows by number, closes it. */
export async function* storedRows(client: pg.Client): AsyncGenerator<StoredRow> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    yield* rowsInTransaction(client);
  } finally {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the snapshot with it.
    });
  }
}

/**
 * The same within the caller's transaction: what a restore has just brought in. Archived records come as their hashes
 * alone, in their places (AUD-7). By cursors, so that numbers that stand twice are seen.
 */
export async function* rowsInTransaction(client: pg.Client): AsyncGenerator<StoredRow> {
  await client.query(`SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'`);
  const archived = byCursor<{ seq: number; hashes: Buffer }>(
    client,
    'archived_rows',
    'SELECT seq, hashes FROM archived_record ORDER BY seq',
  );
  const rows = byCursor<StoredRow>(
    client,
    'log_rows',
    `SELECT seq, time::text AS time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint
     FROM log_record ORDER BY seq`,
  );
  for await (const row of inPlaces(rows, archived)) yield { ...row, time: row.time === null ? null : timeOf(row.time) };
}

/** The log's rows with what is left of archived records in their places; both in the order of their numbers. */
export async function* inPlaces(
  rows: AsyncIterable<StoredRow>,
  archived: AsyncIterator<{ readonly seq: number; readonly hashes: Uint8Array }, undefined>,
): AsyncGenerator<StoredRow> {
  let hidden = await archived.next();
  for await (const row of rows) {
    for (; hidden.done !== true && hidden.value.seq <= (row.seq ?? -1); hidden = await archived.next())
      yield archivedRow(hidden.value);
    yield row;
  }
  for (; hidden.done !== true; hidden = await archived.next()) yield archivedRow(hidden.value);
}

async function* byCursor<Row extends pg.QueryResultRow>(
  client: pg.Client,
  name: string,
  query: string,
): AsyncGenerator<Row, undefined> {
  await client.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${query}`);
  for (;;) {
    const { rows } = await client.query<Row>(`FETCH ${rowsAtOnce} FROM ${name}`);
    yield* rows;
    if (rows.length < rowsAtOnce) return undefined;
  }
}

/** What is left of an archived record. */
function archivedRow({ seq, hashes }: { readonly seq: number; readonly hashes: Uint8Array }): StoredRow {
  const nothing = { time: null, kind: null, actor: null, subject: null, terminal: null, command: null };
  return { seq, ...nothing, projection: null, hashes, body: null, checkpoint: null, archived: true };
}

/** `2026-11-22 04:27:00.712+00` as a record says it; anything else (infinity, BC) as it stands. */
function timeOf(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  return match === null ? text : `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(6, '0')}Z`;
}
