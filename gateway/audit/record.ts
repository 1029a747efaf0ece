// From a draft to the record that is hashed and stored (AUD-2): number, time and salt are added here, nothing else may
// alter it afterwards. Pure; called by the writer (postgres-log.ts) and, for the columns, by the verifier.
import { type AuditRecord, auditRecordSchema, type RecordDraft } from '../contract/audit-record.ts';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { type Hash, leafHash } from './merkle.ts';

/** Canonical bytes beyond this are refused: no record of a gateway comes near it. */
export const maximumRecordBytes = 1024 * 1024;

export type RecordPlace = {
  readonly seq: number;
  /** UTC, µs since the epoch. */
  readonly timeUs: number;
  /** base64url of 16 random bytes. */
  readonly salt: string;
  /** First record of the commit; newest record before this one that a projection stands on. */
  readonly chain: { readonly commit: number; readonly standing: number | null };
  /** How far the clock stood behind the record before, µs; 0 where it did not. */
  readonly clockBehindUs: number;
};

export type MadeRecord = {
  readonly columns: RecordColumns;
  /** What `columns.time` says, µs since the epoch. */
  readonly timeUs: number;
  readonly bytes: Uint8Array;
  readonly leaf: Hash;
};

/** Throws TypeError where the draft holds what JSON cannot carry, RangeError beyond maximumRecordBytes. */
export function makeRecord(draft: RecordDraft, place: RecordPlace): MadeRecord {
  const detail =
    place.clockBehindUs > 0 ? { ...draft.detail, clockBehindMs: place.clockBehindUs / 1000 } : draft.detail;
  const time = formatTime(place.timeUs);
  const fields: { readonly [name: string]: Json | undefined } = {
    seq: place.seq,
    time,
    kind: draft.kind,
    salt: place.salt,
    actor: draft.actor,
    terminal: draft.terminal,
    address: draft.address,
    subject: draft.subject,
    chain: place.chain,
    old: draft.old,
    new: draft.new,
    unit: draft.unit,
    reason: draft.reason,
    meaning: draft.meaning,
    signature: draft.signature,
    command: draft.command,
    detail,
  };
  // By the pool of small buffers: thousands a second would each take an allocation of their own.
  const bytes = Buffer.from(canonicalJson(fields));
  if (bytes.length > maximumRecordBytes) {
    throw new RangeError(`a record of ${bytes.length} bytes is larger than ${maximumRecordBytes}`);
  }
  const columns = columnsOf({ ...draft, seq: place.seq, time });
  return { columns, timeUs: place.timeUs, bytes, leaf: leafHash(bytes) };
}

/** Reads canonical bytes back. Throws where they are not those of a record. */
export function auditRecordOf(bytes: Uint8Array): AuditRecord {
  return auditRecordSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
}

/**
 * What would make a draft unstorable is made harmless before it is taken, so that no text typed by a stranger keeps
 * his attempt out of the log: lone surrogates and NUL become U+FFFD, everywhere in the draft.
 */
export function storable(draft: RecordDraft): RecordDraft {
  return isClean(draft) ? draft : clean(draft);
}

/** Nearly always: nothing is copied then. */
function isClean(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isClean);
  return Object.entries(value).every(([name, member]) => isClean(name) && isClean(member));
}

function clean<Value>(value: Value): Value;
function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map((item: unknown) => clean(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [clean(name), clean(member)]));
}

/** What is taken out of the bytes into columns to search by; the verifier compares each with the bytes. */
export type RecordColumns = {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly actor: string | null;
  readonly subject: string;
  readonly terminal: string | null;
  readonly command: string | null;
  /** Subject of the projection that stands on this record (IDN-1). */
  readonly projection: string | null;
};

export function columnsOf(record: {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly actor: { readonly id: string } | null;
  readonly subject: string;
  readonly terminal: { readonly id: string } | null;
  readonly command?: string | undefined;
  readonly detail?: { readonly [name: string]: unknown } | undefined;
}): RecordColumns {
  return {
    seq: record.seq,
    time: record.time,
    kind: record.kind,
    actor: record.actor?.id ?? null,
    subject: record.subject,
    terminal: record.terminal?.id ?? null,
    command: record.command ?? null,
    projection: projectionOf(record)?.subject ?? null,
  };
}

/** `detail.projection` where the record carries one. */
export function projectionOf(record: {
  readonly detail?: { readonly [name: string]: unknown } | undefined;
}): { readonly subject: string; readonly digest: string } | null {
  const projection = record.detail?.projection;
  if (typeof projection !== 'object' || projection === null) return null;
  const { subject, digest } = projection as { readonly subject?: unknown; readonly digest?: unknown };
  return typeof subject === 'string' && typeof digest === 'string' ? { subject, digest } : null;
}

/** RFC 3339 in UTC with six digits of a second. */
export function formatTime(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  const us = timeUs - ms * 1000;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us).padStart(3, '0')}Z`;
}

/** µs since the epoch of a time as formatTime writes it; NaN for any other spelling. */
export function timeOfRecord(time: string): number {
  // Six digits make 27 characters; 24:00 is an hour that Date.parse takes.
  return time.length === 27 && time[10] === 'T' && !time.startsWith('24', 11) ? parseTime(time) : Number.NaN;
}

/** µs since the epoch of an RFC 3339 time in UTC with up to six digits; NaN where it is none. */
export function parseTime(time: string): number {
  const match = /^(.{19})(?:\.([0-9]{1,6}))?Z$/.exec(time);
  const [, seconds, fraction] = match ?? [];
  return seconds === undefined
    ? Number.NaN
    : Date.parse(`${seconds}Z`) * 1000 + Number((fraction ?? '').padEnd(6, '0'));
}
