// The limits of a setpoint on one line, as they stand beside the value that is typed. Pure. Called by the change dialog and
// by the page of a command that waits for signatures.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { Setpoint } from './setpoint-input.ts';
import { valueText, withUnit } from './values.ts';

/** `30.0 to 40.0 °C · at most 2 °C at once · once in 30 s`; empty where there are none. */
export function limitsText(tag: TagView, rule: Setpoint): string {
  const parts: string[] = [];
  const text = (value: number) => valueText(tag, value);
  if (tag.states === null && rule.min !== null && rule.max !== null)
    parts.push(`${text(rule.min)} to ${withUnit(text(rule.max), tag.unit)}`);
  if (rule.maxStep !== null) parts.push(`at most ${withUnit(String(rule.maxStep), tag.unit)} at once`);
  if (rule.rate != null)
    parts.push(`${withUnit(String(rule.rate.max), tag.unit)} in ${spanText(rule.rate.withinSeconds)}`);
  if (rule.minIntervalSeconds != null) parts.push(`once in ${spanText(rule.minIntervalSeconds)}`);
  if (rule.resolution !== null) parts.push(`in steps of ${rule.resolution}`);
  return parts.join(' · ');
}

/** `45 s`, `10 min`. */
function spanText(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
