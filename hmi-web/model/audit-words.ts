// Audit records as a person reads them: who, where, what, old and new value, reason; filters as a query. Pure.
// Called by the audit page. A detail without words of its own is shown as it is recorded, never left out.
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import { recordKinds } from '../texts/en.ts';
import { plantTimeToUtc } from './times.ts';
import { exactText, type Shape } from './values.ts';

export type AuditFilter = {
  /** As typed, in the plant's time: `2026-04-17 14:03`. */
  readonly from: string;
  readonly to: string;
  readonly actor: string;
  readonly kind: string;
  readonly tag: string;
  readonly terminal: string;
  readonly outcome: string;
  readonly risk: string;
  readonly area: string;
  /** Words of comments. */
  readonly text: string;
};
export const noFilter: AuditFilter = {
  from: '',
  to: '',
  actor: '',
  kind: '',
  tag: '',
  terminal: '',
  outcome: '',
  risk: '',
  area: '',
  text: '',
};

export function isUnfiltered(filter: AuditFilter): boolean {
  return Object.values(filter).every((value) => value === '');
}

/** The fields that hold something other than a time: to be told, never to be left out in silence. */
export function unreadableTimes(filter: AuditFilter, timeZone: string): readonly ('from' | 'to')[] {
  return (['from', 'to'] as const).filter(
    (field) => filter[field].trim() !== '' && plantTimeToUtc(filter[field], timeZone) === null,
  );
}

/** `?from=…&kind=…`, empty when nothing is asked for. Times must be readable: see `unreadableTimes`. */
export function auditQuery(
  filter: AuditFilter,
  timeZone: string,
  extra: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams(askedFilter(filter, timeZone));
  for (const [name, value] of Object.entries(extra)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The filter as the gateway takes it, without what is left open. */
export function askedFilter(filter: AuditFilter, timeZone: string): Readonly<Record<string, string>> {
  const { from, to, actor, ...rest } = filter;
  const asked: Record<string, string | null> = {
    from: plantTimeToUtc(from, timeZone),
    to: plantTimeToUtc(to, timeZone),
    actor: actor.trim().toLowerCase(),
    ...rest,
  };
  return Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => {
      const text = value?.trim() ?? '';
      return text === '' ? [] : [[name, text] as const];
    }),
  );
}

/** A language as the HMI names it: `German`; its code where the browser knows no name. */
export function languageName(language: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' }).of(language) ?? language;
}

export function actorText(record: Pick<AuditRecord, 'actor'>): string {
  return record.actor === null ? 'Gateway' : record.actor.printedName;
}

/** What changed, on one line: `37.0 → 37.5 °C`, `Run → Stop` where the tag's shape is known; empty where nothing did. */
export function changeText(record: Pick<AuditRecord, 'old' | 'new' | 'unit'>, shape?: Shape): string {
  const unit = record.unit === undefined || record.unit === '' ? '' : `\u00a0${record.unit}`;
  const text = (value: unknown): string =>
    shape !== undefined && (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
      ? exactText(shape, value)
      : jsonText(value);
  if (record.new === undefined) return record.old === undefined ? '' : `was ${text(record.old)}${unit}`;
  if (record.old === undefined) return `${text(record.new)}${unit}`;
  return `${text(record.old)} → ${text(record.new)}${unit}`;
}

/** Whether old and new fit on a line of the list: a whole document is for the record's details. */
export function isPlainChange(record: Pick<AuditRecord, 'old' | 'new'>): boolean {
  return [record.old, record.new].every((value) => typeof value !== 'object' || value === null);
}

/** Reason and comment together: `adjustment: culture is slow`. */
export function reasonText(record: Pick<AuditRecord, 'reason'>): string {
  return [record.reason?.code, record.reason?.comment].filter((part) => part !== null && part !== undefined).join(': ');
}

export function kindText(kind: string): string {
  return Object.hasOwn(recordKinds, kind) ? recordKinds[kind as keyof typeof recordKinds] : kind;
}

/** Values as they stand; objects as compact JSON. */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
}

/** Header and payload of a compact JWS for reading; null when it is none. It is not verified here: `audit verify` does. */
export function readJws(jws: string): { readonly header: unknown; readonly payload: unknown } | null {
  const [head, body] = jws.split('.');
  if (head === undefined || body === undefined) return null;
  try {
    return { header: decodePart(head), payload: decodePart(body) };
  } catch {
    return null;
  }
}

function decodePart(part: string): unknown {
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}
