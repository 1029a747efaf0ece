// A filter of the audit trail as SQL (AUD-6): its conditions over log_record's columns, and the stretch of record numbers
// that its times stand for, so that every question is one of numbers and stays fast in a log of ten million. Made for
// postgres-records.ts; reads only.
import type { AuditFilter } from '../contract/audit-filter.ts';
import { kindsWanted } from '../contract/record-classes.ts';
import type { Stretch } from './number-windows.ts';
import type { RunQuery } from './postgres-change.ts';

/** As it was asked for, its area resolved to the tags within it: this database knows no plant. */
export type RecordFilter = Omit<AuditFilter, 'area'> & { readonly subjects?: readonly string[] | undefined };

const beyondAll = Number.MAX_SAFE_INTEGER;

/** Times never go back as numbers go on (record.ts), so a time is a place in the log, found in its index. */
export async function stretchOf(run: RunQuery, filter: Pick<RecordFilter, 'from' | 'to'>): Promise<Stretch> {
  const first =
    filter.from === undefined
      ? 0
      : await placeOf(run, 'time >= $1::timestamptz ORDER BY time, seq', filter.from, beyondAll);
  const last =
    filter.to === undefined
      ? beyondAll
      : await placeOf(run, 'time <= $1::timestamptz ORDER BY time DESC, seq DESC', filter.to, -1);
  return { first, last };
}

async function placeOf(run: RunQuery, condition: string, time: string, none: number): Promise<number> {
  const found = await run(`SELECT seq FROM log_record WHERE ${condition} LIMIT 1`, [time]);
  return (found.rows[0] as { seq: number } | undefined)?.seq ?? none;
}

/** Collects parameters while conditions are written. */
export class Conditions {
  readonly values: unknown[] = [];
  readonly #texts: string[] = [];

  constructor(stretch: Stretch) {
    if (stretch.first > 0) this.add((parameter) => `seq >= ${parameter}`, stretch.first);
    if (stretch.last < beyondAll) this.add((parameter) => `seq <= ${parameter}`, stretch.last);
  }

  /**
   * For a stretch of many numbers and conditions on several columns. Every index ends in seq, so one condition on seq would be
   * part of each index's search, and PostgreSQL combines no two searches that share a condition. As an alternative of two
   * halves it still chooses the partitions, and the indexes of the columns are left to be combined.
   */
  static ofHalves({ first, last }: Stretch): Conditions {
    const conditions = new Conditions({ first: 0, last: beyondAll });
    const middle = Math.floor((first + last) / 2);
    const [from, half, next, to] = [first, middle, middle + 1, last].map((seq) => conditions.parameter(seq));
    conditions.#texts.push(`(seq BETWEEN ${from} AND ${half} OR seq BETWEEN ${next} AND ${to})`);
    return conditions;
  }

  /** Nothing where the value is undefined. */
  add(condition: (parameter: string) => string, value: unknown): void {
    if (value === undefined) return;
    this.#texts.push(condition(this.parameter(value)));
  }

  /** `$4`, for a value outside the conditions. */
  parameter(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** ` WHERE …` with these and one more; empty for none. */
  where(more?: string): string {
    const all = more === undefined ? this.#texts : [...this.#texts, more];
    return all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  }
}

/** All but times, which are the stretch, and kinds: see `kindsOf`. */
export function conditionsOf(filter: RecordFilter, stretch: Stretch | Conditions): Conditions {
  const conditions = stretch instanceof Conditions ? stretch : new Conditions(stretch);
  conditions.add((parameter) => `actor = ${parameter}`, filter.actor);
  conditions.add((parameter) => `subject = ${parameter}`, filter.tag);
  conditions.add((parameter) => `subject = ANY(${parameter}::text[])`, filter.subjects);
  conditions.add((parameter) => `terminal = ${parameter}`, filter.terminal);
  conditions.add((parameter) => `command = ${parameter}`, filter.command);
  // The first half is the index's own condition, word for word (migration 006).
  conditions.add(
    (parameter) =>
      `(position('"comment":"'::bytea IN body) > 0 OR position('"message":"'::bytea IN body) > 0)
       AND record_words(body) @@ words_wanted(${parameter})`,
    filter.text,
  );
  return conditions;
}

/** The kinds to look for; undefined: all. */
export function kindsOf(filter: RecordFilter): readonly string[] | undefined {
  return kindsWanted(filter);
}

/** Whether something but the kind narrows the choice, so that another index than that of kinds leads. */
export function isNarrow(filter: RecordFilter): boolean {
  const { actor, tag, subjects, terminal, command, text } = filter;
  return [actor, tag, subjects, terminal, command, text].some((part) => part !== undefined);
}
