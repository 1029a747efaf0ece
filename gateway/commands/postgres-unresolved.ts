// Reads from the audit log's table the commands whose unknown outcome no person has resolved (CMD-6). Adapter of
// unresolved-outcomes.ts, made by main.ts and tests; it never writes.
import type { Pool } from 'pg';
import { auditRecordSchema } from '../contract/audit-record.ts';
import { commandIdSchema, tagIdSchema } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import { tagValueSchema } from '../contract/values.ts';
import type { FindUnresolved } from './unresolved-outcomes.ts';

/** Read at most, the newest: a plant with more of them has another trouble than its screens. */
const mostFound = 1000;

export function unresolvedCommands(pool: Pick<Pool, 'query'>): FindUnresolved {
  return async () => {
    try {
      const found = await pool.query(
        `SELECT ended.body FROM log_record ended
         WHERE ended.kind = 'command.unknown' AND ended.command IS NOT NULL
           AND NOT EXISTS (SELECT FROM log_record later
                           WHERE later.command = ended.command AND later.kind = 'command.resolved')
         ORDER BY ended.seq DESC LIMIT $1`,
        [mostFound],
      );
      return (found.rows as { readonly body: Buffer }[]).flatMap(({ body }) => {
        const record = auditRecordSchema.parse(JSON.parse(body.toString('utf8')));
        const command = commandIdSchema.safeParse(record.command);
        const tagId = tagIdSchema.safeParse(record.subject);
        const value = tagValueSchema.safeParse(record.new ?? null);
        if (!command.success || !tagId.success || !value.success) return [];
        return [{ tagId: tagId.data, command: command.data, value: value.data, time: record.time }];
      });
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'Unresolved outcomes cannot be read from the log.', { cause });
    }
  };
}
