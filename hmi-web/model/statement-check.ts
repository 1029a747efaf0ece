// Compares the statement that the gateway wants signed with what the person has on the screen (HMI-3, SIG-6). Pure.
// Called between asking and signing: what differs is shown and confirmed again, never signed unseen.
import type { Statement } from '../../gateway/contract/statement.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import { sameValue } from './values.ts';

export type Shown = {
  readonly tagId: string;
  readonly terminalId: string;
  readonly value: TagValue;
  readonly unit: string;
  readonly observed: TagValue;
  readonly tolerance: number;
  /** The person chose break-glass (CMD-13); absent: he did not. */
  readonly breakGlass?: boolean;
};
export type StatementCheck =
  | { readonly kind: 'as-shown' }
  /** The device cannot hold what was typed; it will hold this. */
  | { readonly kind: 'rounded'; readonly value: TagValue }
  /** The plant has moved on since. */
  | { readonly kind: 'changed'; readonly observed: TagValue }
  /** About something else altogether: must not be signed. */
  | { readonly kind: 'foreign' };

export function checkStatement(statement: Statement, shown: Shown): StatementCheck {
  if (!('tag' in statement) || statement.purpose !== 'command') return { kind: 'foreign' };
  if (statement.tag !== shown.tagId || statement.terminal !== shown.terminalId || statement.unit !== shown.unit)
    return { kind: 'foreign' };
  if ((statement.breakGlass ?? false) !== (shown.breakGlass ?? false)) return { kind: 'foreign' };
  if (typeof statement.value !== typeof shown.value) return { kind: 'foreign' };
  if (!sameValue(statement.observed.value, shown.observed, shown.tolerance))
    return { kind: 'changed', observed: statement.observed.value };
  if (statement.value !== shown.value) return { kind: 'rounded', value: statement.value };
  return { kind: 'as-shown' };
}
