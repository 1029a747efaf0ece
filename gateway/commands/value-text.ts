// A value as a person reads it in records and refusals: with its unit, or by the name of its state.
import type { TagValue } from '../contract/values.ts';
import type { Tag } from '../plant/tag.ts';

/** `37.5 °C`, `Running`, `no value`. */
export function inWords(tag: Pick<Tag, 'unit' | 'states'>, value: TagValue): string {
  if (value === null) return 'no value';
  const state = tag.states?.[String(Number(value))] ?? tag.states?.[String(value)];
  if (state !== undefined && typeof value !== 'string') return state;
  return `${String(value)} ${tag.unit}`.trimEnd();
}
