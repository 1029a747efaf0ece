// A setpoint change made past the gateway (CMD-11), in words; and which of them this terminal has not put away yet.
// Pure. Called by the notice and by the page that lists them.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { UnattributedChange } from '../../gateway/contract/unattributed-change.ts';
import { exactText, withUnit } from './values.ts';

/** `37.0 → 38.0 °C`; values as they are where the tag is not known any more. */
export function unattributedText(change: UnattributedChange, tag: TagView | undefined): string {
  const text = (value: UnattributedChange['old']) => (tag === undefined ? String(value ?? '–') : exactText(tag, value));
  return `${text(change.old)} → ${withUnit(text(change.new), change.unit)}`;
}

/** What there is to say besides old and new value; empty for one change that was seen as it happened. */
export function unattributedRemark(change: UnattributedChange, tag: TagView | undefined): string {
  const parts: string[] = [];
  if (change.while === 'outage') parts.push('found after the PLC or the gateway had been away');
  if (change.count > 1) {
    const size = (value: number) => withUnit(tag === undefined ? String(value) : exactText(tag, value), change.unit);
    const span = change.min !== null && change.max !== null ? `, from ${size(change.min)} to ${size(change.max)}` : '';
    parts.push(`${change.count} changes in a row${span}`);
  }
  return parts.join('; ');
}

/** Those recorded after `seenThrough`, newest first; `seenThrough` is a record number, null where none was put away. */
export function notPutAway(
  changes: readonly UnattributedChange[],
  seenThrough: number | null,
): readonly UnattributedChange[] {
  return changes.filter((change) => seenThrough === null || change.record > seenThrough);
}
