// Whether a record is what a filter asks for (AUD-6), without a database: for whoever searches an archived bundle. Pure; says
// what postgres-selection.ts says in SQL. Used by cli/audit-search.ts.
import type { AuditFilter } from '../contract/audit-filter.ts';
import { kindsWanted } from '../contract/record-classes.ts';
import type { ParsedRecord } from './parsed-record.ts';
import { parseTime } from './record.ts';

/** Without areas: which tags an area has, only the plant's configuration knows. */
export type BundleFilter = Omit<AuditFilter, 'area'>;

export function recordMatcher(filter: BundleFilter): (record: ParsedRecord) => boolean {
  const kinds = kindsWanted(filter);
  const wanted = kinds === undefined ? null : new Set<string>(kinds);
  const from = filter.from === undefined ? Number.NEGATIVE_INFINITY : parseTime(filter.from);
  const to = filter.to === undefined ? Number.POSITIVE_INFINITY : parseTime(filter.to);
  const words = wordsOf(filter.text ?? '');
  const same = (asked: string | undefined, found: string | undefined): boolean =>
    asked === undefined || asked === found;
  return (record) => {
    const timeUs = parseTime(record.time);
    return (
      timeUs >= from &&
      timeUs <= to &&
      (wanted === null || wanted.has(record.kind)) &&
      same(filter.actor, record.actor?.id) &&
      same(filter.tag, record.subject) &&
      same(filter.terminal, record.terminal?.id) &&
      same(filter.command, record.command) &&
      (words.length === 0 || holdsAll(record, words))
    );
  };
}

/** Each word asked for begins one of the comment or the message. */
function holdsAll(record: ParsedRecord, words: readonly string[]): boolean {
  const { comment, message } = (record.detail ?? {}) as { readonly comment?: unknown; readonly message?: unknown };
  const said = wordsOf([record.reason?.comment, comment, message].filter((text) => typeof text === 'string').join(' '));
  return words.every((word) => said.some((one) => one.startsWith(word)));
}

/** Runs of letters and digits, folded; TIC finds BR101.TIC.SP. */
function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
