// Reads commands back from the audit log's table (database/migrations/001): their records, the newest ones, and those
// that no record closes. Adapter for desk-ports.ts, made by main.ts and tests; it never writes.
import type { Pool } from 'pg';
import { auditRecordSchema } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type {
  FindOpenCommands,
  FindOpenProposals,
  FindUnsettledBreakGlass,
  ReadAskedCommands,
  ReadCommandRecords,
} from './desk-ports.ts';
import type { ReadStages } from './pace.ts';

/** Refused signatures of one command that are read, the latest; every other kind has a bound of its own. */
const refusalsPerCommand = 100;

const closingKinds = [
  'command.confirmed',
  'command.rejected',
  'command.failed',
  'command.unknown',
  'command.refused',
  'command.expired',
  'command.withdrawn',
  'command.declined',
] as const;

/** What tells whether a command moved its setpoint (pace.ts). */
const stageKinds = [
  'command.accepted',
  'command.written',
  'command.refused',
  'command.rejected',
  'command.failed',
] as const;

export type CommandRecords = {
  readonly readCommandRecords: ReadCommandRecords;
  readonly readAskedCommands: ReadAskedCommands;
  readonly findOpenCommands: FindOpenCommands;
  readonly readStages: ReadStages;
  readonly findOpenProposals: FindOpenProposals;
  readonly findUnsettledBreakGlass: FindUnsettledBreakGlass;
};

/** Each function rejects with log-unavailable while the database is away. */
export function commandRecords(pool: Pick<Pool, 'query'>): CommandRecords {
  async function rows<Row>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      const result = await pool.query(sql, [...values]);
      return result.rows as readonly Row[];
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The commands cannot be read from the log.', { cause });
    }
  }
  /** Ids of commands with a record of the one kind and none of the others, oldest first. */
  async function commandsWithout(kind: string, others: readonly string[]): Promise<readonly string[]> {
    const found = await rows<{ command: string }>(
      `SELECT begun.command FROM log_record begun
       WHERE begun.kind = $1 AND begun.command IS NOT NULL
         AND NOT EXISTS (SELECT FROM log_record closing
                         WHERE closing.command = begun.command AND closing.kind = ANY ($2::text[]))
       ORDER BY begun.seq`,
      [kind, others],
    );
    return found.map(({ command }) => command);
  }
  return {
    async readCommandRecords(command) {
      const found = await rows<{ body: Buffer }>(
        // All that moves the command, however many signatures were refused in between.
        `SELECT body FROM log_record
         WHERE command = $1
           AND (kind <> 'command.signature-refused'
                OR seq IN (SELECT seq FROM log_record WHERE command = $1 AND kind = 'command.signature-refused'
                           ORDER BY seq DESC LIMIT $2))
         ORDER BY seq`,
        [command, refusalsPerCommand],
      );
      return found.map(({ body }) => auditRecordSchema.parse(JSON.parse(body.toString('utf8'))));
    },
    async readStages(tag, sinceMs) {
      const found = await rows<{ body: Buffer }>(
        `SELECT body FROM log_record
         WHERE subject = $1 AND time >= to_timestamp($2::float8 / 1000) AND command IS NOT NULL AND kind = ANY ($3::text[])
         ORDER BY seq`,
        [tag, sinceMs, stageKinds],
      );
      return found.map(({ body }) => auditRecordSchema.parse(JSON.parse(body.toString('utf8'))));
    },
    async readAskedCommands(before, limit) {
      const found = await rows<{ command: string; seq: string }>(
        // A proposal that a person took up is listed once, where it was proposed.
        `SELECT command, seq FROM log_record first
         WHERE kind IN ('command.asked', 'command.proposed') AND command IS NOT NULL
           AND ($1::bigint IS NULL OR seq < $1::bigint)
           AND (kind = 'command.proposed'
                OR NOT EXISTS (SELECT FROM log_record proposed
                               WHERE proposed.command = first.command AND proposed.kind = 'command.proposed'))
         ORDER BY seq DESC LIMIT $2`,
        [before, limit],
      );
      return found.map(({ command, seq }) => ({ command, seq: Number(seq) }));
    },
    findOpenCommands: () => commandsWithout('command.asked', closingKinds),
    findOpenProposals: () => commandsWithout('command.proposed', [...closingKinds, 'command.asked']),
    findUnsettledBreakGlass: () => commandsWithout('break-glass.used', ['break-glass.settled']),
  };
}
