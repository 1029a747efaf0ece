// What the audit routes need of log and database. Called by main.ts.
import type pg from 'pg';
import { asCsv, asJsonLines } from '../audit/export-formats.ts';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { readRecords, streamRecords } from '../audit/postgres-records.ts';
import { GatewayError } from '../contract/problem.ts';
import type { auditRoutes } from '../http/routes/audit.ts';

export function auditParts(log: PostgresLog, pool: pg.Pool): Parameters<typeof auditRoutes>[1] {
  const run = async (text: string, values: readonly unknown[] = []) => {
    try {
      return await pool.query(text, [...values]);
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The log cannot be read at present.', { cause });
    }
  };
  return {
    append: log.append,
    checkpoint: () => log.checkpoint(),
    readPage: (filter, after, limit) => readRecords(run, { ...filter, after: after ?? undefined, limit }),
    exportAs: (format, filter) => {
      const records = streamRecords(run, { ...filter, order: 'oldest-first' });
      return format === 'csv' ? asCsv(records) : asJsonLines(records);
    },
  };
}
