// What reviewing.ts needs to read of the log, over the gateway's pool (AUD-8). Adapter; made by assembly/review.ts. It never
// writes, and reads in steps, so that a long period takes neither memory nor a long transaction.
import { z } from 'zod';
import type { AuditRecord } from '../contract/audit-record.ts';
import { leafHash } from './merkle.ts';
import type { RunQuery } from './postgres-change.ts';
import { stretchOf } from './postgres-selection.ts';
import { auditRecordOf } from './record.ts';
import type { Limits } from './review-findings.ts';
import type { ReviewPorts, Selection } from './reviewing.ts';

/** Records read and judged at once: a few milliseconds of the event loop. */
const readAtOnce = 100;
/** Configurations kept in memory while findings are judged; the oldest gives way. */
const configurationsKept = 8;

type Row = { readonly seq: number; readonly body: Buffer };
type ReviewReading = Pick<ReviewPorts, 'stretch' | 'count' | 'ends' | 'read' | 'record' | 'commentsOn' | 'limits'>;

export function reviewReading(run: RunQuery): ReviewReading {
  const configurations = new Map<number, ReadonlyMap<string, Limits>>();
  const records = async (text: string, values: readonly unknown[]): Promise<readonly AuditRecord[]> =>
    ((await run(text, values)).rows as readonly Row[]).map(({ body }) => auditRecordOf(body));

  const record: ReviewReading['record'] = async (seq) => {
    const row = (await run('SELECT seq, body FROM log_record WHERE seq = $1', [seq])).rows[0] as Row | undefined;
    if (row === undefined) return null;
    return { record: auditRecordOf(row.body), digest: Buffer.from(leafHash(row.body)).toString('base64url') };
  };

  return {
    record,

    async stretch(from, to) {
      const { first, last } = await stretchOf(run, { from, to });
      return first <= last ? { first, last } : null;
    },

    async count(selection, limit) {
      const { where, values } = conditionOf(selection);
      const found = await run(
        `SELECT count(*) AS count FROM (SELECT FROM log_record WHERE ${where} LIMIT $${values.length + 1}) AS found`,
        [...values, limit],
      );
      return Number((found.rows[0] as { readonly count: number | string } | undefined)?.count ?? 0);
    },

    async ends(selection) {
      const { where, values } = conditionOf(selection);
      const [first, last] = await Promise.all(
        ['ASC', 'DESC'].map(async (order) => {
          const text = `SELECT seq, body FROM log_record WHERE ${where} ORDER BY seq ${order} LIMIT 1`;
          return (await records(text, values))[0];
        }),
      );
      return first === undefined || last === undefined ? null : { first, last };
    },

    async *read(selection) {
      let { first } = selection;
      for (;;) {
        const { where, values } = conditionOf({ ...selection, first });
        const rows = await records(
          `SELECT seq, body FROM log_record WHERE ${where} ORDER BY seq LIMIT ${readAtOnce}`,
          values,
        );
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < readAtOnce) return;
        first = last.seq + 1;
      }
    },

    commentsOn: (numbers) =>
      records(
        `SELECT seq, body FROM log_record WHERE kind = 'review.commented' AND subject = ANY($1::text[]) ORDER BY seq`,
        [numbers.map((seq) => `record:${seq}`)],
      ),

    async limits(configuration, tag) {
      let held = configurations.get(configuration);
      if (held === undefined) {
        held = limitsIn((await record(configuration))?.record ?? null);
        const [oldest] = configurations.keys();
        if (configurations.size >= configurationsKept && oldest !== undefined) configurations.delete(oldest);
        configurations.set(configuration, held);
      }
      return held.get(tag) ?? null;
    },
  };
}

function conditionOf(selection: Selection): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [selection.first, selection.last, selection.kinds];
  let where = 'seq BETWEEN $1 AND $2 AND kind = ANY($3::text[])';
  for (const [subjects, operator] of [
    [selection.subjects, '= ANY'],
    [selection.except, '<> ALL'],
  ] as const) {
    if (subjects === undefined) continue;
    values.push(subjects);
    where += ` AND subject ${operator}($${values.length}::text[])`;
  }
  return { where, values };
}

const configurationSchema = z.object({
  tags: z.object({
    tags: z.array(
      z.object({
        id: z.string(),
        range: z.object({ min: z.number(), max: z.number() }).optional(),
        setpoint: z.object({ min: z.number().optional(), max: z.number().optional() }).optional(),
      }),
    ),
  }),
});

/** Empty for a record that holds no configuration of a form that is known here. */
function limitsIn(record: AuditRecord | null): ReadonlyMap<string, Limits> {
  const parsed = configurationSchema.safeParse(record?.new);
  if (!parsed.success) return new Map();
  return new Map(
    parsed.data.tags.tags.map(({ id, range, setpoint }) => [
      id,
      { min: setpoint?.min ?? range?.min ?? null, max: setpoint?.max ?? range?.max ?? null },
    ]),
  );
}
