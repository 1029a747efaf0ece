// Audit records as a person reads them: who, where, what, old and new value, reason; filters as a query. Pure.
// Called by the audit page. A detail without words of its own is shown as it is recorded, never left out.
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import { recordKinds } from '../texts/en.ts';
import { plantTimeToUtc } from './times.ts';

export type AuditFilter = {
  /** As typed, in the plant's time: `2026-04-17T14:03`. */
  readonly from: string;
  readonly to: string;
  readonly actor: string;
  readonly kind: string;
  readonly tag: string;
  readonly terminal: string;
};
export const noFilter: AuditFilter = { from: '', to: '', actor: '', kind: '', tag: '', terminal: '' };

/** `?from=…&kind=…`, empty when nothing is asked for. Times that are no times are left out. */
export function auditQuery(
  filter: AuditFilter,
  timeZone: string,
  extra: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams();
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  };
  add('from', plantTimeToUtc(filter.from, timeZone));
  add('to', plantTimeToUtc(filter.to, timeZone));
  add('actor', filter.actor.trim().toLowerCase());
  add('kind', filter.kind);
  add('tag', filter.tag.trim());
  add('terminal', filter.terminal.trim());
  for (const [name, value] of Object.entries(extra)) add(name, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function actorText(record: Pick<AuditRecord, 'actor'>): string {
  return record.actor === null ? 'Gateway' : record.actor.printedName;
}

/** What changed, on one line: `37 → 37.5 °C`; empty where nothing did. */
export function changeText(record: Pick<AuditRecord, 'old' | 'new' | 'unit'>): string {
  const unit = record.unit === undefined || record.unit === '' ? '' : `\u00a0${record.unit}`;
  if (record.new === undefined) return record.old === undefined ? '' : `was ${jsonText(record.old)}${unit}`;
  if (record.old === undefined) return `${jsonText(record.new)}${unit}`;
  return `${jsonText(record.old)} → ${jsonText(record.new)}${unit}`;
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
