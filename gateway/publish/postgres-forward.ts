// The log's records and the receivers' cursors in PostgreSQL, for forwarding (AUD-10). Adapter of ports.ts over the
// gateway's pool; made by assembly/forwarding.ts. It writes the table forward_cursor and nothing else.
import type { Pool } from 'pg';
import { auditRecordSchema } from '../contract/audit-record.ts';
import type { ForwardCursor, ReadForward } from './ports.ts';

type Queries = Pick<Pool, 'query'>;

export function readForward(pool: Queries): ReadForward {
  return async (after, end, limit) => {
    const found = await pool.query(
      'SELECT seq, body FROM log_record WHERE seq > $1 AND seq < $2 ORDER BY seq LIMIT $3',
      [after, end, limit],
    );
    return (found.rows as { readonly seq: number; readonly body: Buffer }[]).map(({ seq, body }) => ({
      seq,
      body,
      record: auditRecordSchema.parse(JSON.parse(body.toString('utf8'))),
    }));
  };
}

export function forwardCursor(pool: Queries): ForwardCursor {
  return {
    read: async (receiver) => {
      const found = await pool.query('SELECT seq FROM forward_cursor WHERE receiver = $1', [receiver]);
      const row = found.rows[0] as { readonly seq: number } | undefined;
      return row?.seq ?? null;
    },
    move: async (receiver, seq) => {
      await pool.query(
        `INSERT INTO forward_cursor (receiver, seq) VALUES ($1, $2)
         ON CONFLICT (receiver) DO UPDATE SET seq = excluded.seq, moved_at = now()`,
        [receiver, seq],
      );
    },
  };
}
