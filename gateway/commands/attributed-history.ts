// What the log accounts for of each writable point, folded from its records: so that a restart, or days of outage, do
// not lose a change (CMD-11). Used by unattributed-watch.ts at its start; postgres-attributed-records.ts reads them.
import { type CommandState, closedStates } from '../contract/command-state.ts';
import { type TagValue, tagValueSchema } from '../contract/values.ts';
import { AttributedValue, type AttributionRules } from './attributed-value.ts';
import { type CommandRecord, outcomeDetailSchema } from './command-record.ts';
import { eventOf } from './lifecycle.ts';

/** Records that name what the device held, whatever came before. */
export const accountingKinds = ['setpoint.baseline', 'setpoint.unattributed', 'command.confirmed'] as const;
/** Records that can change what is accounted for, from the last of those on. */
export const attributedKinds = [
  ...accountingKinds,
  'command.accepted',
  'command.refused',
  'command.rejected',
  'command.failed',
  'command.unknown',
  'command.resolved',
] as const;

/** `records` of one point, oldest first, from its last accounting record on (or from its first, where there is none). */
export function foldAttributed(records: readonly CommandRecord[], rules: AttributionRules): AttributedValue {
  const point = new AttributedValue(rules);
  for (const record of records) {
    const value = tagValue(record.new);
    const observed = tagValue(record.old);
    const { kind, command } = record;
    if (kind === 'setpoint.baseline' || kind === 'setpoint.unattributed') point.set(value);
    else if (command === undefined) continue;
    else if (kind === 'command.accepted') point.opened({ id: command, observed, value });
    else {
      const detail = outcomeDetailSchema.safeParse(record.detail);
      const readBack = detail.success ? (detail.data.readBack?.value ?? null) : null;
      if (kind === 'command.confirmed') {
        // Its accepted record may lie before the first one read.
        point.opened({ id: command, observed, value });
        point.closed(command, { state: 'confirmed', readBack }, Number.NEGATIVE_INFINITY);
        point.set(...(readBack === null ? [value] : [value, readBack]));
      } else if (kind === 'command.resolved') {
        const found = detail.success ? foundOf(detail.data.code) : null;
        if (found !== null) point.resolved(value, found);
      } else {
        const state = stateOf(record);
        if (state !== null) point.closed(command, { state, readBack }, Number.NEGATIVE_INFINITY);
      }
    }
  }
  return point;
}

/** What a person found, from the outcome's code; null where it cannot be told any more. */
export function foundOf(code: string | undefined): 'reached' | 'not-reached' | null {
  return code === 'reached' || code === 'not-reached' ? code : null;
}

function stateOf(record: CommandRecord): CommandState | null {
  const event = eventOf(record);
  return event?.kind === 'closed' && closedStates.has(event.as) ? event.as : null;
}

function tagValue(value: unknown): TagValue {
  const parsed = tagValueSchema.safeParse(value ?? null);
  return parsed.success ? parsed.data : null;
}
