// Reads the audit log for people and programs (AUD-6): filtered pages, the live tail, streams for export. Used by the audit
// routes, the commands' history and the command line, over the gateway's pool or a connection of their own. Never writes.
import type { AuditPage, AuditRecord, AuditTail } from '../contract/audit-record.ts';
import { partitionRows } from '../database/partitions.ts';
import { type Stretch, windowsOf } from './number-windows.ts';
import type { RunQuery } from './postgres-change.ts';
import {
  type Conditions,
  conditionsOf,
  isNarrow,
  kindsOf,
  type RecordFilter,
  stretchOf,
} from './postgres-selection.ts';
import { auditRecordOf } from './record.ts';

export type { RecordFilter };
export const longestPage = 500;
/** Rows fetched at once while streaming: bounds the memory that an export takes. */
const streamedAtOnce = 500;
/** Numbers looked at in one question while streaming what a filter lets through: bounds the matches held. */
const numbersAtOnce = 100_000;
/** Numbers that are looked at for words at first, and then; further ones by whole partitions. */
const numbersByWords = [4_000, 32_000] as const;
/** Up to so many kinds are asked for one by one, each in its index's order; beyond, most records match anyway. */
const fewKinds = 40;

export type PageRequest = RecordFilter & {
  /** `next` of the page before: records before it in the order asked for are left out. */
  readonly after?: number | undefined;
  /** 1 to longestPage; 100 unless told. */
  readonly limit?: number | undefined;
  readonly order?: 'newest-first' | 'oldest-first' | undefined;
};

type Row = { readonly seq: number; readonly body: Buffer };

/** A record as stored: `body` is the canonical bytes; `record` reads them when asked. */
export class StoredRecord {
  readonly seq: number;
  readonly body: Buffer;
  constructor(row: Row) {
    this.seq = row.seq;
    this.body = row.body;
  }
  get record(): AuditRecord {
    return auditRecordOf(this.body);
  }
}

/** One page; `next` is null at the end. Throws RangeError for a limit out of range. */
export async function readRecords(run: RunQuery, request: PageRequest): Promise<AuditPage> {
  const limit = limitOf(request);
  const stretch = await stretchOf(run, request);
  const oldestFirst = request.order === 'oldest-first';
  const rows = await readRows(run, request, beyond(stretch, request.after, oldestFirst), oldestFirst, limit + 1);
  const shown = rows.slice(0, limit).map((row) => auditRecordOf(row.body));
  return { records: shown, next: rows.length > limit ? (shown.at(-1)?.seq ?? null) : null };
}

/** What came after record `newer`, oldest first; `newest` is what the next call names (AUD-6, the live tail). */
export async function readTail(
  run: RunQuery,
  filter: RecordFilter,
  newer: number,
  limit = longestPage,
): Promise<AuditTail> {
  const end = (await newestSeq(run)) ?? -1;
  const { first, last } = await stretchOf(run, filter);
  const stretch = { first: Math.max(first, newer + 1), last: Math.min(last, end) };
  const rows = await readRows(run, filter, stretch, true, limit);
  const full = rows.length === limit;
  return {
    records: rows.map((row) => auditRecordOf(row.body)),
    newest: full ? (rows.at(-1)?.seq ?? newer) : Math.max(end, newer),
  };
}

/** The record with that number; null where there is none. */
export async function readRecord(run: RunQuery, seq: number): Promise<AuditRecord | null> {
  const found = await run('SELECT body FROM log_record WHERE seq = $1', [seq]);
  const row = found.rows[0] as Row | undefined;
  return row === undefined ? null : auditRecordOf(row.body);
}

/** Number of the newest record; null for an empty log. */
export async function newestSeq(run: RunQuery): Promise<number | null> {
  const newest = await run('SELECT max(seq) AS seq FROM log_record');
  return (newest.rows[0] as { seq: number | null } | undefined)?.seq ?? null;
}

/** How many match up to record `upTo`, and the first and last of them with their times; zero has neither. */
export async function countRecords(run: RunQuery, filter: RecordFilter, upTo: number): Promise<number> {
  const kinds = kindsOf(filter);
  if (kinds?.length === 0) return 0;
  const { first, last } = await stretchOf(run, filter);
  const conditions = conditionsOf(filter, { first, last: Math.min(last, upTo) });
  conditions.add((parameter) => `kind = ANY(${parameter}::text[])`, kinds);
  const found = await run(`SELECT count(*) AS count FROM log_record${conditions.where()}`, conditions.values);
  return Number((found.rows[0] as { count: number } | undefined)?.count ?? 0);
}

/**
 * All that match up to record `upTo` (the newest unless told), oldest first: read in steps over record numbers, so that
 * neither memory nor a long transaction is needed. Records appended meanwhile are left out.
 */
export async function* streamRecords(
  run: RunQuery,
  request: RecordFilter & { readonly upTo?: number | undefined; readonly order?: 'oldest-first' | undefined },
): AsyncGenerator<StoredRecord> {
  const end = request.upTo ?? (await newestSeq(run));
  if (end === null) return;
  const { first, last } = await stretchOf(run, request);
  const stretch = { first, last: Math.min(last, end) };
  if (!isNarrow(request) && kindsOf(request) === undefined) {
    for (let from = stretch.first; from <= stretch.last; from += streamedAtOnce) {
      const rows = await run('SELECT seq, body FROM log_record WHERE seq BETWEEN $1 AND $2 ORDER BY seq', [
        from,
        Math.min(stretch.last, from + streamedAtOnce - 1),
      ]);
      for (const row of rows.rows as readonly Row[]) yield new StoredRecord(row);
    }
    return;
  }
  for (let from = stretch.first; from <= stretch.last; from += numbersAtOnce) {
    const numbers = await matchingNumbers(run, request, {
      first: from,
      last: Math.min(stretch.last, from + numbersAtOnce - 1),
    });
    for (let start = 0; start < numbers.length; start += streamedAtOnce) {
      const rows = await run('SELECT seq, body FROM log_record WHERE seq = ANY($1::bigint[]) ORDER BY seq', [
        numbers.slice(start, start + streamedAtOnce),
      ]);
      for (const row of rows.rows as readonly Row[]) yield new StoredRecord(row);
    }
  }
}

async function matchingNumbers(run: RunQuery, filter: RecordFilter, stretch: Stretch): Promise<readonly number[]> {
  const conditions = conditionsOf(filter, stretch);
  conditions.add((parameter) => `kind = ANY(${parameter}::text[])`, kindsOf(filter));
  const found = await run(`SELECT seq FROM log_record${conditions.where()} ORDER BY seq`, conditions.values);
  return (found.rows as readonly { seq: number }[]).map((row) => row.seq);
}

function limitOf(request: PageRequest): number {
  const limit = request.limit ?? 100;
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) throw new RangeError('limit must be 1 to 500');
  return limit;
}

function beyond(stretch: Stretch, after: number | undefined, oldestFirst: boolean): Stretch {
  if (after === undefined) return stretch;
  return oldestFirst
    ? { ...stretch, first: Math.max(stretch.first, after + 1) }
    : { ...stretch, last: Math.min(stretch.last, after - 1) };
}

async function readRows(
  run: RunQuery,
  filter: RecordFilter,
  stretch: Stretch,
  oldestFirst: boolean,
  limit: number,
): Promise<readonly Row[]> {
  const kinds = kindsOf(filter);
  if (kinds?.length === 0 || stretch.first > stretch.last) return [];
  if (filter.text !== undefined) return readByWords(run, filter, stretch, oldestFirst, limit);
  const conditions = conditionsOf(filter, stretch);
  const end = ` ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ${conditions.parameter(limit)}`;
  const select =
    kinds !== undefined && kinds.length <= fewKinds && !isNarrow(filter)
      ? eachKind(kinds, conditions, end)
      : allKinds(kinds, conditions);
  const found = await run(select + end, conditions.values);
  return found.rows as readonly Row[];
}

/**
 * Words are found by their index, which knows no order: all that match would have to be read for the newest of them. So
 * the near end is asked for first, then more, then partition by partition: a common word is found at once, and a rare one
 * costs a look into each partition's index.
 */
async function readByWords(
  run: RunQuery,
  filter: RecordFilter,
  stretch: Stretch,
  oldestFirst: boolean,
  limit: number,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const written = { first: stretch.first, last: Math.min(stretch.last, (await newestSeq(run)) ?? -1) };
  for (const window of windowsOf(written, oldestFirst, numbersByWords, partitionRows)) {
    if (rows.length >= limit) break;
    const conditions = conditionsOf(filter, window);
    const matching = allKinds(kindsOf(filter), conditions);
    const wanted = conditions.parameter(limit - rows.length);
    // Apart from its order and limit: they would lure the planner into reading record by record until it has enough.
    const found = await run(
      `WITH found AS MATERIALIZED (${matching})
       SELECT seq, body FROM found ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ${wanted}`,
      conditions.values,
    );
    rows.push(...(found.rows as readonly Row[]));
  }
  return rows;
}

function allKinds(kinds: readonly string[] | undefined, conditions: Conditions): string {
  conditions.add((parameter) => `kind = ANY(${parameter}::text[])`, kinds);
  return `SELECT seq, body FROM log_record${conditions.where()}`;
}

/** The newest of each kind out of its index, merged: as fast for a kind that is rare as for one that is not. */
function eachKind(kinds: readonly string[], conditions: Conditions, end: string): string {
  const parts = kinds.map(
    (kind) => `(SELECT seq, body FROM log_record${conditions.where(`kind = ${conditions.parameter(kind)}`)}${end})`,
  );
  return `SELECT seq, body FROM (${parts.join(' UNION ALL ')}) AS newest`;
}
