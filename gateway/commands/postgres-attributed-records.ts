// Reads from the audit log's table what is accounted for of each writable point (CMD-11). Adapter of
// unattributed-watch.ts, made by main.ts and tests; it never writes.
import type { Pool } from 'pg';
import { auditRecordSchema } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import { accountingKinds, attributedKinds } from './attributed-history.ts';
import type { ReadAttributedRecords } from './unattributed-watch.ts';

/** Of one point since its last accounting record: only commands that ended in nothing can pile up there. */
const recordsPerTag = 1000;

export function attributedRecords(pool: Pick<Pool, 'query'>): ReadAttributedRecords {
  return async (tags) => {
    try {
      const found = await pool.query(
        `SELECT own.body FROM unnest($1::text[]) AS tag (id)
         LEFT JOIN LATERAL (
           SELECT seq FROM log_record WHERE subject = tag.id AND kind = ANY ($2::text[]) ORDER BY seq DESC LIMIT 1
         ) AS known ON true
         CROSS JOIN LATERAL (
           SELECT seq, body FROM log_record
           WHERE subject = tag.id AND kind = ANY ($3::text[]) AND seq >= coalesce(known.seq, 0)
           ORDER BY seq DESC LIMIT $4
         ) AS own
         ORDER BY own.seq`,
        [tags, [...accountingKinds], [...attributedKinds], recordsPerTag],
      );
      return (found.rows as { readonly body: Buffer }[]).map(({ body }) =>
        auditRecordSchema.parse(JSON.parse(body.toString('utf8'))),
      );
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The setpoints’ last changes cannot be read from the log.', { cause });
    }
  };
}
