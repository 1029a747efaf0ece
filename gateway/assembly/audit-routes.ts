// What the audit routes need of log and database. Called by main.ts.
import type pg from 'pg';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { newestCosignedSize, readCheckpointAt, readConsistency, readInclusion } from '../audit/postgres-proofs.ts';
import { countRecords, type RecordFilter, readRecords, readTail } from '../audit/postgres-records.ts';
import { exportInWorker } from '../audit/worker-export.ts';
import { type AuditFilter, givenFilter } from '../contract/audit-filter.ts';
import type { MessageWords } from '../contract/message-template.ts';
import { GatewayError } from '../contract/problem.ts';
import type { AuditParts } from '../http/routes/audit.ts';
import type { ExportParts } from '../http/routes/audit-exports.ts';
import type { ProofParts } from '../http/routes/audit-proofs.ts';
import type { People } from '../identity/people.ts';
import type { Now } from '../identity/ports.ts';
import { subjectsWithin } from '../plant/areas.ts';
import type { Plant } from '../plant/tag.ts';
import type { CheckpointPlaces } from './checkpoint-witnesses.ts';
import { questionTo, readingFrom } from './reading.ts';
import { version } from './version.ts';

type Reading = {
  readonly log: PostgresLog;
  /** For questions of people (reading.ts). */
  readonly pool: pg.Pool;
  readonly plant: Plant;
  readonly words: MessageWords;
};

/** The filter for the database: its area as the tags within it, by today's configuration. Throws `not-found` for an unknown area. */
function resolved({ area, ...filter }: AuditFilter, plant: Plant): RecordFilter {
  if (area === undefined) return filter;
  const subjects = subjectsWithin(plant, area);
  if (subjects === null) throw new GatewayError('not-found', `There is no area '${area}' in the configuration.`);
  return { ...filter, subjects };
}

export function auditParts({ log, pool, plant }: Reading): AuditParts {
  return {
    append: log.append,
    readPage: async (filter, after, limit) =>
      readRecords(questionTo(pool), { ...resolved(filter, plant), after: after ?? undefined, limit }),
    readTail: async (filter, newer) => readTail(questionTo(pool), resolved(filter, plant), newer),
  };
}

export function exportParts(
  { log, pool, plant, words }: Reading,
  people: People,
  databaseUrl: string,
  now: Now,
): ExportParts {
  const run = readingFrom(pool);
  return {
    now,
    append: log.append,
    measure: async (filter) => {
      const upTo = log.size() - 1;
      return { upTo, count: await countRecords(run, resolved(filter, plant), upTo) };
    },
    write: ({ format, filter, extent }, caller, recorded, onWritten, broken) =>
      exportInWorker(
        databaseUrl,
        {
          format,
          filter: resolved(filter, plant),
          cover: {
            plant: { name: plant.name, timeZone: plant.timeZone, words },
            filter: givenFilter(filter),
            ...extent,
            exportedAt: recorded.time,
            exportedBy: caller.actor,
            terminal: caller.terminal.name,
            record: recorded.seq,
            checkpoint: log.checkpoint(),
            version,
          },
        },
        onWritten,
        broken,
      ),
    sessionOf: (cookie, terminal, address) => people.sessions.find(cookie, terminal, address, true),
    mayExport: (caller) => people.access.mayAnywhere(caller, 'export-audit'),
    onSessionEnd: (listener) => people.sessions.onEnd((sessionId) => listener(sessionId)),
  };
}

export function proofParts(log: PostgresLog, pool: pg.Pool, places: CheckpointPlaces): ProofParts {
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
    witnesses: () =>
      places.witnesses().map(({ cosignedAtMs, ...view }) => ({
        ...view,
        cosignedAt: cosignedAtMs === null ? null : new Date(cosignedAtMs).toISOString(),
      })),
  };
}
