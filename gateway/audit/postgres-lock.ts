// The advisory lock that makes the log's writer the only one in its database (AUD-4), and the thin view of a connection
// that the log's readers take. Used by postgres-log.ts and postgres-writer.ts.
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { RunQuery } from './postgres-change.ts';

const tryAgainMs = 50;

export type WriterLock = { readonly class: number; readonly object: number };

export function runOn(client: pg.Client): RunQuery {
  return (text, values) => client.query(text, values === undefined ? undefined : [...values]);
}

/** Held by the session, so it outlives no connection: who has it knows that no earlier commit is still under way. */
export async function takeLock(run: RunQuery, lock: WriterLock, patienceMs: number): Promise<boolean> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await run('SELECT pg_try_advisory_lock($1, $2) AS taken', [lock.class, lock.object]);
    if ((found.rows[0] as { taken: boolean } | undefined)?.taken === true) return true;
    if (performance.now() > end) return false;
    await delay(tryAgainMs);
  }
}
