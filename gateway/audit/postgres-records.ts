// Reads the audit log for people and programs (AUD-6): filtered pages, the live tail, streams for export. Used by the audit
// routes, the commands' history and the command line, over the gateway's pool or a connection of their own. Never writes.
import type { AuditPage, AuditRecord, AuditTail } from '../contract/audit-record.ts';
import type { Stretch } from './number-windows.ts';
import type { RunQuery } from './postgres-change.ts';
import { newestSeq, type Row, readRows, type Windows } from './postgres-page-rows.ts';
import { conditionsOf, isNarrow, kindsOf, type RecordFilter, stretchOf } from './postgres-selection.ts';
import { auditRecordOf } from './record.ts';

export { newestSeq, type RecordFilter };
export const longestPage = 500;
/** Rows fetched at once while streaming: bounds the memory that an export takes. */
const streamedAtOnce = 500;
/** Numbers looked at in one question while streaming what a filter lets through: bounds the matches held. */
const numbersAtOnce = 100_000;

export type PageRequest = RecordFilter & {
  /** `next` of the page before: records before it in the order asked for are left out. */
  readonly after?: number | undefined;
  /** 1 to longestPage; 100 unless told. */
  readonly limit?: number | undefined;
  readonly order?: 'newest-first' | 'oldest-first' | undefined;
};

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

/** One page; `next` is null at the end. Throws RangeError for a limit out of range. `windows`: other ones for a small log. */
export async function readRecords(run: RunQuery, request: PageRequest, windows?: Windows): Promise<AuditPage> {
  const limit = limitOf(request);
  const stretch = await stretchOf(run, request);
  const oldestFirst = request.order === 'oldest-first';
  const wanted = { stretch: beyond(stretch, request.after, oldestFirst), oldestFirst, limit: limit + 1 };
  const rows = await readRows(run, request, wanted, windows);
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
  const rows = await readRows(run, filter, { stretch, oldestFirst: true, limit });
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
