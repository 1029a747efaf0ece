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

/** The same within the caller's transaction: what a restore has just brought in. A cursor, so that numbers that stand twice are seen. */
export async function* rowsInTransaction(client: pg.Client): AsyncGenerator<StoredRow> {
  await client.query(`SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'`);
  await client.query(`DECLARE log_rows NO SCROLL CURSOR FOR
    SELECT seq, time::text AS time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint
    FROM log_record ORDER BY seq`);
  for (;;) {
    const { rows } = await client.query<StoredRow>(`FETCH ${rowsAtOnce} FROM log_rows`);
    for (const row of rows) yield { ...row, time: row.time === null ? null : timeOf(row.time) };
    if (rows.length < rowsAtOnce) return;
  }
}

/** `2026-11-22 04:27:00.712+00` as a record says it; anything else (infinity, BC) as it stands. */
function timeOf(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  return match === null ? text : `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(6, '0')}Z`;
}
