// A record as a row of cells (AUD-6): the same data in every format that people read, with each signature's elements beside
// its record (SIG-8). Only the tree's own members (salt, chain) are left to JSON Lines and bundles; the digest stands for them.
import type { AuditRecord } from '../contract/audit-record.ts';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { type MessageWords, messageText, recordMessage } from '../contract/message-template.ts';
import { plantTime } from '../contract/plant-time.ts';
import { kindRisks } from '../contract/record-classes.ts';
import { kindWords } from '../contract/record-words.ts';
import { leafHash } from './merkle.ts';
import { type StatementTexts, statementTexts } from './statement-texts.ts';

/** `body` is the canonical bytes. */
export type ExportedRecord = { readonly record: AuditRecord; readonly body: Uint8Array };

/** A record with what several cells need of it, read once. */
export type ReadRecord = {
  readonly record: AuditRecord;
  readonly body: Uint8Array;
  readonly statement: StatementTexts | null;
  /** In the plant's own words (AUD-9); null where it has none. */
  readonly message: string | null;
};

export type Cell = string | number | null | undefined;
export type Column = {
  readonly name: string;
  readonly value: (read: ReadRecord, timeZone: string) => Cell;
};

/** `words`: the plant's own, of the configuration in force; without them only events have any, their recorded ones. */
export function readForExport({ record, body }: ExportedRecord, words: MessageWords = noWords): ReadRecord {
  const language = words.languages[0] ?? 'en';
  const message = recordMessage(record, words, language);
  return {
    record,
    body,
    statement: record.signature === undefined ? null : statementTexts(record.signature.jws),
    message: message === null ? null : messageText(message, language),
  };
}

const noWords: MessageWords = { languages: [], records: {} };

const column = (name: string, value: Column['value']): Column => ({ name, value });

export const exportColumns: readonly Column[] = [
  column('seq', ({ record }) => record.seq),
  column('time (UTC)', ({ record }) => record.time),
  column('time (plant)', ({ record }, timeZone) => inPlant(record.time, timeZone)),
  column('kind', ({ record }) => record.kind),
  column('what', ({ record }) => kindWords[record.kind]),
  column('message', ({ message }) => message),
  column('risk', ({ record }) => kindRisks[record.kind]),
  column('subject', ({ record }) => record.subject),
  column('old', ({ record }) => plain(record.old)),
  column('new', ({ record }) => plain(record.new)),
  column('unit', ({ record }) => record.unit),
  column('user', ({ record }) => record.actor?.id),
  column('user name', ({ record }) => record.actor?.name),
  column('printed name', ({ record }) => record.actor?.printedName),
  column('terminal', ({ record }) => record.terminal?.name),
  column('terminal id', ({ record }) => record.terminal?.id),
  column('terminal area', ({ record }) => record.terminal?.area),
  column('address', ({ record }) => record.address),
  column('command', ({ record }) => record.command),
  column('reason code', ({ record }) => record.reason?.code),
  column('comment', ({ record }) => record.reason?.comment),
  column('meaning', ({ record }) => record.meaning),
  column('signed by', (read) => signerText(read)),
  column('signed at (terminal’s clock)', ({ statement }) => statement?.signedAt),
  column('signature', ({ record }) => record.signature?.jws),
  column('passkey’s answer', ({ record }) => asJson(record.signature?.assertion)),
  column('detail', ({ record }) => asJson(record.detail)),
  column('digest', ({ body }) => digestOf(body)),
];

/** The leaf hash, base64: what an inclusion proof starts from. */
export function digestOf(body: Uint8Array): string {
  return Buffer.from(leafHash(body)).toString('base64');
}

/** `2026-04-17 14:03:22 UTC+02:00`. */
export function inPlant(time: string, timeZone: string): string {
  const { local, offset } = plantTime(time, timeZone);
  return `${local} ${offset}`.trim();
}

/** Text and numbers as they are (a negative number is no formula), anything else as canonical JSON. */
export function plain(value: unknown): string | number | null {
  if (value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' ? value : canonicalJson(value as Json);
}

/** Printed name and user id of who signed; null where nobody did. */
export function signerText({ record, statement }: ReadRecord): string | null {
  if (statement === null) return null;
  return record.actor === null ? (statement.signer ?? '') : `${record.actor.printedName} (${record.actor.id})`;
}

export function asJson(value: unknown): string | null {
  return value === undefined ? null : canonicalJson(value as Json);
}

/** Records to one chunk of output: bounds the memory, and spares a call a record. */
const recordsPerChunk = 200;

export async function* inChunks<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let chunk: Item[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < recordsPerChunk) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
