// The projection table in PostgreSQL (migration 002): rows are read through the pool, and written only inside the log's
// own transaction, with the record that they stand on. Judges nothing: trusted-rows.ts does.
import type pg from 'pg';
import { z } from 'zod';
import { postgresChange, type RunChange } from '../audit/postgres-change.ts';
import { GatewayError } from '../contract/problem.ts';
import type { ProjectionTable } from './trusted-rows.ts';

const rowSchema = z.object({ subject: z.string(), document: z.string(), seq: z.int().nonnegative() });

/** `pool`: of the gateway's role, with bigint as numbers (database/connection.ts). Reading one rejects with log-unavailable while the database is away. */
export function postgresProjections(pool: pg.Pool): ProjectionTable {
  return {
    async read(subject) {
      const found = await pool
        .query({
          name: 'projection-read',
          text: 'SELECT subject, document, seq FROM projection WHERE subject = $1',
          values: [subject],
        })
        .catch((cause: unknown) => {
          throw new GatewayError('log-unavailable', 'Accounts and terminals cannot be read from the log at present.', {
            cause,
          });
        });
      const row: unknown = found.rows[0];
      return row === undefined ? null : rowSchema.parse(row);
    },
    async readAll() {
      const found = await pool.query('SELECT subject, document, seq FROM projection ORDER BY subject');
      return z.array(rowSchema).parse(found.rows);
    },
    write(subject, document) {
      const change: RunChange = async (run, appended) => {
        await run(
          `INSERT INTO projection (subject, document, seq) VALUES ($1, $2, $3)
             ON CONFLICT (subject) DO UPDATE SET document = excluded.document, seq = excluded.seq`,
          [subject, document, appended.seq],
        );
      };
      return postgresChange(change);
    },
  };
}
