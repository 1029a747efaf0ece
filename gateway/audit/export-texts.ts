// A record's parts in words for formats that are read as pages (HTML, PDF): the change, the reason, and all that has no
// column of its own. Pure; beside export-columns.ts, which gives the same data to tables.
import type { AuditRecord } from '../contract/audit-record.ts';
import { asJson, plain } from './export-columns.ts';

type Change = Pick<AuditRecord, 'old' | 'new' | 'unit'>;

/** `37 → 38.5 °C`; empty where nothing changed, or where it is a whole document: see furtherFacts. */
export function changeOf(record: Change): string {
  if (isDocument(record.old) || isDocument(record.new)) return 'see below';
  const unit = record.unit === undefined || record.unit === '' ? '' : `\u00a0${record.unit}`;
  const text = (value: unknown): string => (value === null ? 'none' : String(plain(value)));
  if (record.new === undefined) return record.old === undefined ? '' : `was ${text(record.old)}${unit}`;
  return record.old === undefined ? `${text(record.new)}${unit}` : `${text(record.old)} → ${text(record.new)}${unit}`;
}

/** `adjustment: culture is slow`. */
export function reasonOf(record: Pick<AuditRecord, 'reason'>): string {
  return [record.reason?.code, record.reason?.comment]
    .filter((part) => part !== null && part !== undefined && part !== '')
    .join(': ');
}

/** What the columns above do not show: label and text, in order. */
export function furtherFacts(record: AuditRecord, digest: string): readonly (readonly [string, string])[] {
  const facts: [string, string | null | undefined][] = [
    ['old', isDocument(record.old) || isDocument(record.new) ? asJson(record.old) : null],
    ['new', isDocument(record.old) || isDocument(record.new) ? asJson(record.new) : null],
    ['user name', record.actor !== null && record.actor.name !== record.actor.id ? record.actor.name : null],
    ['command', record.command],
    ['terminal', record.terminal?.id],
    ['address', record.address],
    ['detail', asJson(record.detail)],
    ['digest', digest],
  ];
  return facts.flatMap(([label, text]) => (text === null || text === undefined ? [] : [[label, text] as const]));
}

function isDocument(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
