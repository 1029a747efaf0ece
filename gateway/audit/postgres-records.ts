// Reads the audit log for people and programs (AUD-6): filtered pages, streams for export. Used by the audit
// routes, the commands' history and the command line, over the gateway's pool or a connection of their own. Never writes.
import type { AuditPage, AuditRecord } from '../contract/audit-record.ts';
import type { RunQuery } from './postgres-change.ts';
import { auditRecordOf } from './record.ts';

export const longestPage = 500;
/** Rows fetched at once while streaming: bounds the memory that an export takes. */
const streamedAtOnce = 500;

export type RecordFilter = {
  /** RFC 3339, UTC; both ends included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly actor?: string | undefined;
  /** A kind, or a prefix that ends with a dot: `command.` for every stage of every command. */
  readonly kind?: string | undefined;
  /** The record's subject: a tag id, `account:<id>` and the like. */
  readonly tag?: string | undefined;
  readonly terminal?: string | undefined;
  readonly command?: string | undefined;
};

export type PageRequest = RecordFilter & {
  /** `next` of the page before: records before it in the order asked for are left out. */
  readonly after?: number | undefined;
  /** 1 to longestPage; 100 unless told. */
  readonly limit?: number | undefined;
  readonly order?: 'newest-first' | 'oldest-first' | undefined;
};

type Row = { readonly seq: number; readonly body: Buffer };

/** One page; `next` is null at the end. Throws RangeError for a limit out of range. */
export async function readRecords(run: RunQuery, request: PageRequest): Promise<AuditPage> {
  const limit = request.limit ?? 100;
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) throw new RangeError('limit must be 1 to 500');
  const rows = await readRows(run, request, limit + 1);
  const shown = rows.slice(0, limit).map((row) => auditRecordOf(row.body));
  return { records: shown, next: rows.length > limit ? (shown.at(-1)?.seq ?? null) : null };
}

/** The record with that number; null where there is none. */
export async function readRecord(run: RunQuery, seq: number): Promise<AuditRecord | null> {
  const found = await run('SELECT body FROM log_record WHERE seq = $1', [seq]);
  const row = found.rows[0] as Row | undefined;
  return row === undefined ? null : auditRecordOf(row.body);
}

/**
 * All that match, `body` being the canonical bytes: read in steps over the primary key, so that neither memory nor a long
 * transaction is needed. Records appended meanwhile are left out in either order.
 */
export async function* streamRecords(
  run: RunQuery,
  request: Omit<PageRequest, 'limit'>,
): AsyncGenerator<{ readonly record: AuditRecord; readonly body: Buffer }> {
  const newest = await run('SELECT max(seq) AS seq FROM log_record');
  const end = (newest.rows[0] as { seq: number | null } | undefined)?.seq ?? null;
  if (end === null) return;
  let after = request.after;
  for (;;) {
    const rows = await readRows(run, { ...request, after }, streamedAtOnce);
    for (const row of rows) {
      if (row.seq <= end) yield { record: auditRecordOf(row.body), body: row.body };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < streamedAtOnce) return;
    if (request.order === 'oldest-first' && last.seq >= end) return;
    after = last.seq;
  }
}

async function readRows(run: RunQuery, request: PageRequest, limit: number): Promise<readonly Row[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (condition: (parameter: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  const oldestFirst = request.order === 'oldest-first';
  where((parameter) => `seq ${oldestFirst ? '>' : '<'} ${parameter}`, request.after);
  where((parameter) => `time >= ${parameter}::timestamptz`, request.from);
  where((parameter) => `time <= ${parameter}::timestamptz`, request.to);
  where((parameter) => `actor = ${parameter}`, request.actor);
  where((parameter) => `subject = ${parameter}`, request.tag);
  where((parameter) => `terminal = ${parameter}`, request.terminal);
  where((parameter) => `command = ${parameter}`, request.command);
  if (request.kind?.endsWith('.')) where((parameter) => `starts_with(kind, ${parameter})`, request.kind);
  else where((parameter) => `kind = ${parameter}`, request.kind);
  values.push(limit);
  const found = await run(
    `SELECT seq, body FROM log_record ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT $${values.length}`,
    values,
  );
  return found.rows as readonly Row[];
}
