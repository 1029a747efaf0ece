// The projection table in PostgreSQL (migration 002): rows are read through the pool, and written only inside the log's
// own transaction, with the record that they stand on. Judges nothing: trusted-rows.ts does.
import type pg from 'pg';
import { z } from 'zod';
import { postgresChange, type RunChange } from '../audit/postgres-change.ts';
import { GatewayError } from '../contract/problem.ts';
import type { ProjectionRow, ProjectionTable } from './trusted-rows.ts';

const rowSchema = z.object({ subject: z.string(), document: z.string(), seq: z.int().nonnegative() });

/** `pool`: of the gateway's role, with bigint as numbers (database/connection.ts). Reading one rejects with log-unavailable while the database is away. */
export function postgresProjections(pool: pg.Pool): ProjectionTable {
  const reading = new Reading(pool);
  return {
    read: (subject) => reading.read(subject),
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

type Asked = { readonly subject: string; readonly answer: (row: Promise<ProjectionRow | null>) => void };

/** Rows asked for within one turn of the event loop come with one query: a signature stands on three or four. */
class Reading {
  readonly #pool: pg.Pool;
  #asked: Asked[] = [];

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  read(subject: string): Promise<ProjectionRow | null> {
    return new Promise((answer) => {
      this.#asked.push({ subject, answer });
      if (this.#asked.length === 1) setImmediate(() => this.#query());
    });
  }

  #query(): void {
    const asked = this.#asked;
    this.#asked = [];
    const found = this.#rows([...new Set(asked.map(({ subject }) => subject))]);
    for (const { subject, answer } of asked) answer(found.then((rows) => rowOf(rows.get(subject))));
  }

  async #rows(subjects: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const found = await this.#pool
      .query({
        name: 'projections-read',
        text: 'SELECT subject, document, seq FROM projection WHERE subject = ANY($1)',
        values: [subjects],
      })
      .catch((cause: unknown) => {
        throw new GatewayError('log-unavailable', 'Accounts and terminals cannot be read from the log at present.', {
          cause,
        });
      });
    return new Map((found.rows as { readonly subject: string }[]).map((row) => [row.subject, row]));
  }
}

function rowOf(row: unknown): ProjectionRow | null {
  return row === undefined ? null : rowSchema.parse(row);
}
