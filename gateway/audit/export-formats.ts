// The audit trail as files (AUD-6): CSV for reading in a spreadsheet, with each signature's elements beside its record
// (SIG-8), and JSON Lines whose lines are the canonical bytes that the log hashes. Pure streams; used by the audit
// routes and `countersign audit export`.
import { stringify } from 'csv-stringify/sync';
import type { AuditRecord } from '../contract/audit-record.ts';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { statementTexts } from './statement-texts.ts';

export type ExportedRecord = { readonly record: AuditRecord; readonly body: Uint8Array };

type Column = readonly [name: string, value: (record: AuditRecord) => string | number | null | undefined];

const columns: readonly Column[] = [
  ['seq', (record) => record.seq],
  ['time (UTC)', (record) => record.time],
  ['kind', (record) => record.kind],
  ['subject', (record) => record.subject],
  ['old', (record) => plain(record.old)],
  ['new', (record) => plain(record.new)],
  ['unit', (record) => record.unit],
  ['user', (record) => record.actor?.id],
  ['printed name', (record) => record.actor?.printedName],
  ['terminal', (record) => record.terminal?.name],
  ['terminal id', (record) => record.terminal?.id],
  ['terminal area', (record) => record.terminal?.area],
  ['address', (record) => record.address],
  ['command', (record) => record.command],
  ['reason code', (record) => record.reason?.code],
  ['comment', (record) => record.reason?.comment],
  ['meaning', (record) => record.meaning],
  ['signed by', (record) => (record.signature === undefined ? null : signer(record))],
  [
    'signed at (terminal’s clock)',
    (record) => (record.signature === undefined ? null : statementTexts(record.signature.jws).signedAt),
  ],
  ['signature', (record) => record.signature?.jws],
  ['detail', (record) => (record.detail === undefined ? null : canonicalJson(record.detail as Json))],
];

/** Records to one chunk: bounds the memory, and spares a call a record. */
const recordsPerChunk = 200;

/**
 * RFC 4180 with a heading line, CRLF, UTF-8 with a byte order mark. A cell that a spreadsheet would run as a formula is
 * preceded by an apostrophe.
 */
export async function* asCsv(records: AsyncIterable<ExportedRecord>): AsyncGenerator<string> {
  yield `\uFEFF${lines([columns.map(([name]) => name)])}`;
  for await (const chunk of inChunks(records)) {
    yield lines(chunk.map(({ record }) => columns.map(([, value]) => value(record) ?? '')));
  }
}

/** One record a line, each line the canonical bytes. */
export async function* asJsonLines(records: AsyncIterable<ExportedRecord>): AsyncGenerator<Uint8Array> {
  for await (const chunk of inChunks(records)) {
    yield Buffer.concat(chunk.flatMap(({ body }) => [body, Buffer.from('\n')]));
  }
}

function lines(rows: readonly (readonly (string | number)[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { escape_formulas: true, record_delimiter: '\r\n' },
  );
}

async function* inChunks(records: AsyncIterable<ExportedRecord>): AsyncGenerator<readonly ExportedRecord[]> {
  let chunk: ExportedRecord[] = [];
  for await (const record of records) {
    chunk.push(record);
    if (chunk.length < recordsPerChunk) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Text and numbers as they are (a negative number is no formula), anything else as canonical JSON. */
function plain(value: unknown): string | number | null {
  if (value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' ? value : canonicalJson(value as Json);
}

function signer(record: AuditRecord): string {
  const claimed = statementTexts(record.signature?.jws ?? '').signer;
  return record.actor === null ? (claimed ?? '') : `${record.actor.printedName} (${record.actor.id})`;
}
