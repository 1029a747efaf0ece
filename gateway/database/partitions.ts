// Partitions of the log ahead of its growth, where TimescaleDB does not make them itself (AUD-4).
// Called by the maintenance process at start and each minute; never drops one.
import type pg from 'pg';

export const partitionRows = 1_000_000;
/** Empty partitions kept ready beyond the one that is being filled. */
const partitionsAhead = 2;

/** Makes what is missing, with the triggers that a truncation of a partition itself would otherwise pass by. Returns how many. */
export async function makePartitionsAhead(client: pg.Client): Promise<number> {
  const partitioned = await client.query<{ kind: string }>(
    `SELECT relkind AS kind FROM pg_class WHERE oid = 'log_record'::regclass`,
  );
  if (partitioned.rows[0]?.kind !== 'p') return 0;
  const head = await client.query<{ next: number | null }>('SELECT max(seq) + 1 AS next FROM log_record');
  const current = Math.floor((head.rows[0]?.next ?? 0) / partitionRows);
  let made = 0;
  for (let number = current; number <= current + partitionsAhead; number++) {
    const name = `log_record_${String(number).padStart(6, '0')}`;
    const exists = await client.query('SELECT to_regclass($1) AS found', [name]);
    if ((exists.rows[0] as { found: string | null } | undefined)?.found) continue;
    const from = number * partitionRows;
    await client.query(`
      BEGIN;
      CREATE TABLE ${name} PARTITION OF log_record FOR VALUES FROM (${from}) TO (${from + partitionRows});
      CREATE TRIGGER ${name}_no_truncate BEFORE TRUNCATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
      REVOKE ALL ON ${name} FROM PUBLIC;
      COMMIT`);
    made += 1;
  }
  return made;
}
