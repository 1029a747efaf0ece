// What a value looks like to a person: number with the tag's decimals, name of a state, a dash for nothing. Pure.
// Called by components and screens with the tag's definition. Rounds for display only, never for sending.
import type { CommandView } from '../../gateway/contract/command.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { TagValue } from '../../gateway/contract/values.ts';

export type Shape = Pick<TagView, 'dataType' | 'decimals' | 'states'>;
/** U+2212: a minus as wide as a digit. */
const minus = '−';
export const noValue = '– – –';

/** From the wire (booleans as 0 or 1) to the tag's own type. */
export function fromWire(dataType: TagView['dataType'], value: number | string | null): TagValue {
  if (dataType === 'bool' && typeof value === 'number') return value !== 0;
  return value;
}

/** Without the unit. `37.0`, `Running`, `– – –`. */
export function valueText(shape: Shape, value: TagValue): string {
  if (value === null) return noValue;
  const named = shape.states?.[String(value)];
  if (named !== undefined) return named;
  if (typeof value === 'boolean') return value ? 'On' : 'Off';
  if (typeof value === 'string') return value;
  if (!Number.isFinite(value)) return noValue;
  return value.toFixed(shape.decimals).replace('-', minus);
}

/** Every digit that the value has, where the display's decimals would hide some: what is signed must be read exactly. */
export function exactText(shape: Shape, value: TagValue): string {
  const shown = valueText(shape, value);
  if (typeof value !== 'number' || shape.states?.[String(value)] !== undefined) return shown;
  return Number(value.toFixed(shape.decimals)) === value ? shown : String(value).replace('-', minus);
}

/** With the unit, no-break space between: `37.0 °C`. */
export function withUnit(text: string, unit: string): string {
  return unit === '' || text === noValue ? text : `${text}\u00a0${unit}`;
}

/** Equal as far as the tag's tolerance can tell; null equals nothing. The gateway decides; this only warns earlier. */
export function sameValue(left: TagValue, right: TagValue, tolerance: number): boolean {
  if (left === null || right === null) return false;
  if (typeof left === 'number' && typeof right === 'number')
    return Math.abs(left - right) <= tolerance + Math.max(Math.abs(left), Math.abs(right)) * 1e-7;
  return left === right;
}

/** A command's values with unit, by the definition of its tag; as they are where the tag is not known. */
export function textOf(tags: readonly TagView[]): (command: CommandView, value: TagValue) => string {
  const byId = new Map(tags.map((tag) => [tag.id, tag]));
  return (command, value) => {
    const tag = byId.get(command.tagId);
    return withUnit(tag === undefined ? String(value) : exactText(tag, value), command.unit);
  };
}
