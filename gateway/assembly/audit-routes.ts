// What the audit routes need of log and database. Called by main.ts.
import type pg from 'pg';
import { asCsv, asJsonLines } from '../audit/export-formats.ts';
import { writeBundle } from '../audit/postgres-bundle.ts';
import { bundleSelection } from '../audit/postgres-bundle-selection.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { newestCosignedSize, readCheckpointAt, readConsistency, readInclusion } from '../audit/postgres-proofs.ts';
import { readRecords, streamRecords } from '../audit/postgres-records.ts';
import { GatewayError } from '../contract/problem.ts';
import type { auditRoutes } from '../http/routes/audit.ts';
import type { ProofParts } from '../http/routes/audit-proofs.ts';

function readingFrom(pool: pg.Pool): RunQuery {
  return async (text, values = []) => {
    try {
      return await pool.query(text, [...values]);
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The log cannot be read at present.', { cause });
    }
  };
}

export function auditParts(log: PostgresLog, pool: pg.Pool): Parameters<typeof auditRoutes>[1] {
  const run = readingFrom(pool);
  return {
    append: log.append,
    readPage: (filter, after, limit) => readRecords(run, { ...filter, after: after ?? undefined, limit }),
    exportAs: (format, filter, madeAt) => {
      if (format === 'bundle') return writeBundle(run, { selection: bundleSelection(run, filter), madeAt });
      const records = streamRecords(run, filter);
      return format === 'csv' ? asCsv(records) : asJsonLines(records);
    },
  };
}

export function proofParts(log: PostgresLog, pool: pg.Pool): ProofParts {
  const run = readingFrom(pool);
  const checkpointAt = (size: number) => readCheckpointAt(run, size);
  return {
    size: () => log.size(),
    newestCheckpoint: async (witnesses) => {
      const size = witnesses === 0 ? log.size() : await newestCosignedSize(run, witnesses);
      return size === null ? null : checkpointAt(size);
    },
    checkpointAt: async (size) => (size > log.size() ? null : checkpointAt(size)),
    inclusion: (seq, size) => readInclusion(run, seq, size),
    consistency: (from, to) => readConsistency(run, from, to),
  };
}
