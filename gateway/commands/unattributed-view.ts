// An unattributed change as HMIs see it (contract/unattributed-change.ts), made from its record: by the watch for live
// events, by http/routes/unattributed-changes.ts for the list. Pure.
import type { RecordKind } from '../contract/audit-record.ts';
import type { Json } from '../contract/canonical.ts';
import { type UnattributedChange, unattributedChangeSchema } from '../contract/unattributed-change.ts';

/** Null for a record that is none, or of a form that this release does not know. */
export function unattributedChange(record: {
  readonly seq: number;
  readonly time: string;
  readonly kind: RecordKind;
  readonly subject: string;
  readonly old?: Json | undefined;
  readonly new?: Json | undefined;
  readonly unit?: string | undefined;
  readonly detail?: { readonly [name: string]: Json | undefined } | undefined;
}): UnattributedChange | null {
  if (record.kind !== 'setpoint.unattributed') return null;
  const parsed = unattributedChangeSchema.safeParse({
    ...record.detail,
    record: record.seq,
    time: record.time,
    tagId: record.subject,
    old: record.old ?? null,
    new: record.new ?? null,
    unit: record.unit ?? '',
  });
  return parsed.success ? parsed.data : null;
}
