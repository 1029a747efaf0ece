// One pass of the background check (postgres-background-check.ts) in a thread of its own: reads the log's rows by number, at
// a bounded rate, over a connection of its own, and verifies them as `countersign audit verify` does. Answers how far it is,
// then what it found. Holds no snapshot: rows below a flushed checkpoint never change.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { newClient } from '../database/connection.ts';
import type { RunQuery } from './postgres-change.ts';
import { runOn } from './postgres-lock.ts';
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
    const found = await verifyLog(rowsAtPace(runOn(client), order), {
      verifier,
      kept: { size: order.size, root: order.root },
      checkSignature: (record) => checks.take(record),
    });
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
    for (const row of found.rows as StoredRow[])
      yield { ...row, time: row.time?.endsWith('AD') ? row.time.slice(0, -2) : row.time };
    const progress: PassAnswer = { kind: 'progress', checked: to };
    parentPort?.postMessage(progress);
    await delay(Math.max(0, ((to - from) / recordsPerSecond) * 1000 - (performance.now() - startedMs)));
  }
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
