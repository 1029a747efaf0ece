// One pass of the background check (postgres-background-check.ts) in a thread of its own: reads the log's rows by number, at
// a bounded rate, over a connection of its own, and verifies them as `countersign audit verify` does. Answers how far it is,
// then what it found. Holds no snapshot: rows below a flushed checkpoint never change.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { newClient } from '../database/connection.ts';
import type { RunQuery } from './postgres-change.ts';
import { runOn } from './postgres-lock.ts';
import { inPlaces } from './postgres-rows.ts';
import { parseVkey } from './signed-note.ts';
import { type BadRecord, type StoredRow, verifyLog } from './verify.ts';
import { RecordChecks } from './verify-records.ts';

export type PassOrder = {
  readonly databaseUrl: string;
  /** The log's present key: the only one that is trusted. */
  readonly vkey: string;
  /** What the checkpoint outside the database says: the log must hold exactly this. */
  readonly size: number;
  readonly root: Uint8Array;
  readonly recordsPerSecond: number;
};
export type PassAnswer =
  | { readonly kind: 'progress'; readonly checked: number }
  /** Records were archived under it: nothing can be said of this pass. */
  | { readonly kind: 'again' }
  | { readonly kind: 'done'; readonly bad: BadRecord | null; readonly signatures: number };

const rowsAtOnce = 500;
const niceness = 10;

async function pass(order: PassOrder): Promise<PassAnswer> {
  const verifier = parseVkey(order.vkey);
  if (verifier === null) throw new TypeError('not a key of a log');
  const client = newClient(order.databaseUrl, { applicationName: 'countersign log verification' });
  client.on('error', () => {
    // The next query on it fails and says so.
  });
  await client.connect();
  try {
    const checks = new RecordChecks();
    const run = runOn(client);
    const archivedBefore = await archivedThrough(run);
    const found = await verifyLog(rowsAtPace(runOn(client), order), {
      verifier,
      kept: { size: order.size, root: order.root },
      checkSignature: (record) => checks.take(record),
    });
    // The record that tells of it came after the checkpoint that this pass goes by.
    const moved = async (): Promise<boolean> =>
      archivedBefore !== (await archivedThrough(run)) || (await writtenSince(run, order.size));
    if (found.bad !== null && (await moved())) return { kind: 'again' };
    return { kind: 'done', bad: found.bad, signatures: found.signatures };
  } finally {
    await client.end();
  }
}

async function* rowsAtPace(run: RunQuery, { size, recordsPerSecond }: PassOrder): AsyncGenerator<StoredRow> {
  for (let from = 0; from < size; from += rowsAtOnce) {
    const startedMs = performance.now();
    const to = Math.min(from + rowsAtOnce, size);
    const found = await run(
      // By the year's era too, which a time before year 1 would lack otherwise; what is infinite has no text, and differs.
      `SELECT seq, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"AD') AS time, kind, actor, subject, terminal,
         command, projection, hashes, body, checkpoint
       FROM log_record WHERE seq >= $1 AND seq < $2 ORDER BY seq`,
      [from, to],
    );
    // Read last: what leaves the log meanwhile is in both, or in this one.
    const archived = await run('SELECT seq, hashes FROM archived_record WHERE seq >= $1 AND seq < $2 ORDER BY seq', [
      from,
      to,
    ]);
    const gone = new Set((archived.rows as { readonly seq: number }[]).map(({ seq }) => seq));
    const rows = (found.rows as StoredRow[]).filter(({ seq }) => seq === null || !gone.has(seq));
    for await (const row of inPlaces(each(rows), each(archived.rows as { seq: number; hashes: Buffer }[])))
      yield { ...row, time: row.time?.endsWith('AD') ? row.time.slice(0, -2) : row.time };
    const progress: PassAnswer = { kind: 'progress', checked: to };
    parentPort?.postMessage(progress);
    await delay(Math.max(0, ((to - from) / recordsPerSecond) * 1000 - (performance.now() - startedMs)));
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item, undefined> {
  yield* items;
  return undefined;
}

/** Up to which record the log was archived. */
async function archivedThrough(run: RunQuery): Promise<number | null> {
  const found = await run('SELECT max(seq) AS seq FROM archived_record');
  return (found.rows[0] as { readonly seq: number | null } | undefined)?.seq ?? null;
}

/**
 * Whether a bundle was recorded beyond the records of this pass: its range may have gone before the pass began. Of a number
 * that the log has by now, so that nobody can put a pass off for ever by writing a row here.
 */
async function writtenSince(run: RunQuery, size: number): Promise<boolean> {
  const found = await run(
    'SELECT FROM archive_file WHERE written >= $1 AND written <= (SELECT max(seq) FROM log_record) LIMIT 1',
    [size],
  );
  return found.rows.length > 0;
}

// Linux alone takes it for the calling thread; elsewhere it would be the whole process's.
if (process.platform === 'linux') {
  try {
    setPriority(niceness);
  } catch {
    // Where it is not allowed the threads share the processors evenly.
  }
}
parentPort?.postMessage(await pass(workerData as PassOrder));
