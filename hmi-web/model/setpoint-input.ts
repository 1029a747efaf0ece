// Checks what a person types as a new setpoint, while it is typed: the same rules as the gateway's, for quick words.
// Called by the change dialog. The gateway checks again and decides; passing here promises nothing.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import { sameValue, valueText, withUnit } from './values.ts';

export type Setpoint = NonNullable<TagView['setpoint']>;
export type Typed =
  | { readonly kind: 'empty' }
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'fine'; readonly value: TagValue };

/** `observed` is the present value; limits in engineering units. A comma counts as a decimal point. */
export function checkTyped(tag: TagView & { setpoint: Setpoint }, typed: string, observed: TagValue): Typed {
  const parsed = parseTyped(tag.dataType, typed);
  if (parsed.kind !== 'fine') return parsed;
  const value = parsed.value;
  const rule = tag.setpoint;
  if (typeof value === 'number') {
    const limit = limitFault(tag, rule, value, observed);
    if (limit !== null) return { kind: 'wrong', text: limit };
  }
  if (sameValue(value, observed, Math.min(rule.tolerance, (rule.resolution ?? rule.tolerance) / 2)))
    return { kind: 'wrong', text: 'This is the present value.' };
  return parsed;
}

export function parseTyped(dataType: TagView['dataType'], typed: string): Typed {
  const text = typed.trim().replace('−', '-');
  if (text === '') return { kind: 'empty' };
  switch (dataType) {
    case 'bool':
      return text === 'true' || text === 'false'
        ? { kind: 'fine', value: text === 'true' }
        : { kind: 'wrong', text: 'Choose one of the two states.' };
    case 'string':
      return { kind: 'fine', value: typed };
    case 'int64':
    case 'uint64':
      return /^-?(0|[1-9]\d*)$/.test(text)
        ? { kind: 'fine', value: text }
        : { kind: 'wrong', text: 'Enter a whole number.' };
    default: {
      const plain = text.replace(',', '.');
      if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain)) return { kind: 'wrong', text: 'Enter a number.' };
      const value = Number(plain);
      if (!Number.isFinite(value)) return { kind: 'wrong', text: 'Enter a number.' };
      if (!dataType.startsWith('float') && dataType !== 'uint16' && dataType !== 'int16' && !Number.isInteger(value))
        return { kind: 'wrong', text: 'Enter a whole number.' };
      return { kind: 'fine', value };
    }
  }
}

/** The limits that hold for the next step, from the present value: what the input shows and its buttons keep to. */
export function reach(
  rule: Setpoint,
  observed: TagValue,
): { readonly min: number | null; readonly max: number | null } {
  if (typeof observed !== 'number' || rule.maxStep === null) return { min: rule.min, max: rule.max };
  return {
    min: Math.max(rule.min ?? Number.NEGATIVE_INFINITY, observed - rule.maxStep),
    max: Math.min(rule.max ?? Number.POSITIVE_INFINITY, observed + rule.maxStep),
  };
}

/** One press of plus or minus: the resolution, or the last shown decimal, kept within reach and free of binary noise. */
export function nudge(
  tag: TagView & { setpoint: Setpoint },
  from: number,
  direction: 1 | -1,
  observed: TagValue,
): number {
  const step = tag.setpoint.resolution ?? 10 ** -tag.decimals;
  const { min, max } = reach(tag.setpoint, observed);
  const moved = Number((from + direction * step).toFixed(10));
  return Number(Math.min(max ?? moved, Math.max(min ?? moved, moved)).toFixed(10));
}

function limitFault(tag: TagView, rule: Setpoint, value: number, observed: TagValue): string | null {
  const text = (limit: number) => withUnit(valueText(tag, limit), tag.unit);
  if (rule.min !== null && value < rule.min) return `Not below ${text(rule.min)}.`;
  if (rule.max !== null && value > rule.max) return `Not above ${text(rule.max)}.`;
  if (rule.resolution !== null) {
    const steps = (value - (rule.min ?? 0)) / rule.resolution;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      return `In steps of ${withUnit(String(rule.resolution), tag.unit)}.`;
  }
  if (rule.maxStep !== null && typeof observed === 'number') {
    const change = Math.abs(value - observed);
    if (change > rule.maxStep * (1 + 1e-7))
      return `At most ${withUnit(String(rule.maxStep), tag.unit)} in one command; this would be ${withUnit(valueText(tag, change), tag.unit)}.`;
  }
  return null;
}

/** Of two states the one that is not present: all that a change can lead to. Null where there is a choice. */
export function onlyOtherState(tag: TagView, present: TagValue): string | null {
  return tag.dataType === 'bool' && typeof present === 'boolean' ? String(!present) : null;
}
