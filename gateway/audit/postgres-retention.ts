// Which range of the log may be archived (AUD-7): the oldest records, whole commits, as far as every period has passed and
// nothing that is still open needs them. Used by the archive's assembly; reads only.
import type { RunQuery } from './postgres-change.ts';
import { carriedKinds, kindsOfClass, type RetentionDays, retentionClasses } from './retention.ts';

const dayMs = 86_400_000;

export type DueRange = {
  /** Numbers of its first and last record. */
  readonly first: number;
  readonly through: number;
  /** Records that would go, of all in the range: the others are carried over. */
  readonly records: number;
  /** Time of the last record, RFC 3339. */
  readonly until: string;
};

/** Null where nothing is due. `receivers`: names of those that get forwarded records; what they lack stays. */
export async function dueRange(
  run: RunQuery,
  limits: { readonly nowMs: number; readonly days: RetentionDays; readonly receivers: readonly string[] },
): Promise<DueRange | null> {
  let end = await firstNotExpired(run, limits);
  if (limits.receivers.length > 0) end = Math.min(end, await firstNotForwarded(run, limits.receivers));
  for (;;) {
    const commit = await lastCheckpointBefore(run, end);
    if (commit === null) return null;
    const open = await firstOpen(run, commit);
    if (open === null) return describe(run, commit - 1);
    end = open;
  }
}

/** Whether the record is carried over: SQL over a row of log_record. */
export const isCarried = `(projection IS NOT NULL OR kind ~ '^(${carriedKinds.map((kind) => kind.replace('.', '\\.')).join('|')})')`;

/** The first record whose own period has not passed; beyond the last where all have. */
async function firstNotExpired(
  run: RunQuery,
  limits: { readonly nowMs: number; readonly days: RetentionDays },
): Promise<number> {
  const ends = await Promise.all(
    retentionClasses.map(async (one) => {
      const cutoff = new Date(limits.nowMs - limits.days[one] * dayMs).toISOString();
      // By time first: its index ends the search at the first record that is young enough.
      const found = await run(
        'SELECT seq FROM log_record WHERE time > $1::timestamptz AND kind = ANY($2::text[]) ORDER BY time, seq LIMIT 1',
        [cutoff, kindsOfClass(one)],
      );
      return (found.rows[0] as { readonly seq: number } | undefined)?.seq ?? Number.MAX_SAFE_INTEGER;
    }),
  );
  return Math.min(...ends);
}

async function firstNotForwarded(run: RunQuery, receivers: readonly string[]): Promise<number> {
  const found = await run(
    `SELECT min(coalesce(c.seq, -1)) + 1 AS seq FROM unnest($1::text[]) AS wanted (name)
     LEFT JOIN forward_cursor c ON c.receiver = wanted.name`,
    [receivers],
  );
  return (found.rows[0] as { readonly seq: number }).seq;
}

/** Size of the log at the last checkpoint that ends at or before `end`; null where none does, or only carried records precede it. */
async function lastCheckpointBefore(run: RunQuery, end: number): Promise<number | null> {
  const found = await run(
    `SELECT seq + 1 AS size FROM log_record WHERE seq < $1 AND checkpoint IS NOT NULL ORDER BY seq DESC LIMIT 1`,
    [end],
  );
  return (found.rows[0] as { readonly size: number } | undefined)?.size ?? null;
}

/** The first record below `size` of a command that goes on beyond it, or whose outcome nobody has settled; null where none does. */
async function firstOpen(run: RunQuery, size: number): Promise<number | null> {
  const found = await run(
    `SELECT min(r.seq) AS seq FROM log_record r WHERE r.seq < $1 AND r.command IS NOT NULL AND (
       EXISTS (SELECT FROM log_record later WHERE later.command = r.command AND later.seq >= $1)
       OR r.kind = 'command.unknown' AND NOT EXISTS (
         SELECT FROM log_record s WHERE s.command = r.command AND s.kind = 'command.resolved')
       OR r.kind = 'break-glass.used' AND NOT EXISTS (
         SELECT FROM log_record s WHERE s.command = r.command AND s.kind = 'break-glass.settled'))`,
    [size],
  );
  return (found.rows[0] as { readonly seq: number | null }).seq;
}

async function describe(run: RunQuery, through: number): Promise<DueRange | null> {
  const found = await run(
    `SELECT min(seq) AS first, count(*) AS records FROM log_record WHERE seq <= $1 AND NOT ${isCarried}`,
    [through],
  );
  const last = await run('SELECT body FROM log_record WHERE seq = $1', [through]);
  const { first, records } = found.rows[0] as { readonly first: number | null; readonly records: number };
  if (first === null) return null;
  const body = (last.rows[0] as { readonly body: Buffer }).body;
  const { time } = JSON.parse(body.toString('utf8')) as { readonly time: string };
  return { first, through, records, until: time };
}
