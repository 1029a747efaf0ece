// Partitions of the log ahead of its growth, where TimescaleDB does not make them itself (AUD-4).
// Called by the maintenance process at start and each minute; never drops one.
import type pg from 'pg';

export const partitionRows = 1_000_000;
/** Empty partitions kept ready beyond the one that is being filled. */
const partitionsAhead = 2;

/** Makes what is missing from the one that is being filled on. Returns how many. */
export async function makePartitionsAhead(client: pg.Client): Promise<number> {
  const head = await client.query<{ next: number | null }>('SELECT max(seq) + 1 AS next FROM log_record');
  const next = head.rows[0]?.next ?? 0;
  return makePartitions(client, { from: next, through: next + partitionsAhead * partitionRows });
}

/** Makes what is missing for record numbers, with the triggers that a truncation of a partition itself would otherwise pass by. */
export async function makePartitions(
  client: pg.Client,
  numbers: { readonly from: number; readonly through: number },
): Promise<number> {
  const partitioned = await client.query<{ kind: string }>(
    `SELECT relkind AS kind FROM pg_class WHERE oid = 'log_record'::regclass`,
  );
  if (partitioned.rows[0]?.kind !== 'p') return 0;
  let made = 0;
  const last = Math.floor(numbers.through / partitionRows);
  for (let number = Math.floor(numbers.from / partitionRows); number <= last; number++) {
    const name = `log_record_${String(number).padStart(6, '0')}`;
    const exists = await client.query('SELECT to_regclass($1) AS found', [name]);
    if ((exists.rows[0] as { found: string | null } | undefined)?.found) continue;
    const from = number * partitionRows;
    // One message, so one transaction, or part of the caller's.
    await client.query(`
      CREATE TABLE ${name} PARTITION OF log_record FOR VALUES FROM (${from}) TO (${from + partitionRows});
      CREATE TRIGGER ${name}_no_truncate BEFORE TRUNCATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
      REVOKE ALL ON ${name} FROM PUBLIC`);
    made += 1;
  }
  return made;
}
