// Reads commands back from the audit log's table (database/migrations/001): their records, the newest ones, and those
// that no record closes. Adapter for desk-ports.ts, made by main.ts and tests; it never writes.
import type { Pool } from 'pg';
import { auditRecordSchema } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type { FindOpenCommands, ReadAskedCommands, ReadCommandRecords } from './desk-ports.ts';

/** Records of one command that are read at most; refused signatures are the only kind without a bound of its own. */
const recordsPerCommand = 500;

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

export type CommandRecords = {
  readonly readCommandRecords: ReadCommandRecords;
  readonly readAskedCommands: ReadAskedCommands;
  readonly findOpenCommands: FindOpenCommands;
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
  return {
    async readCommandRecords(command) {
      const found = await rows<{ body: Buffer }>(
        'SELECT body FROM log_record WHERE command = $1 ORDER BY seq LIMIT $2',
        [command, recordsPerCommand],
      );
      return found.map(({ body }) => auditRecordSchema.parse(JSON.parse(body.toString('utf8'))));
    },
    async readAskedCommands(before, limit) {
      const found = await rows<{ command: string; seq: string }>(
        `SELECT command, seq FROM log_record
         WHERE kind = 'command.asked' AND command IS NOT NULL AND ($1::bigint IS NULL OR seq < $1::bigint)
         ORDER BY seq DESC LIMIT $2`,
        [before, limit],
      );
      return found.map(({ command, seq }) => ({ command, seq: Number(seq) }));
    },
    async findOpenCommands() {
      const found = await rows<{ command: string }>(
        `SELECT asked.command FROM log_record asked
         WHERE asked.kind = 'command.asked' AND asked.command IS NOT NULL
           AND NOT EXISTS (SELECT FROM log_record closing
                           WHERE closing.command = asked.command AND closing.kind = ANY ($1::text[]))
         ORDER BY asked.seq`,
        [closingKinds],
      );
      return found.map(({ command }) => command);
    },
  };
}
