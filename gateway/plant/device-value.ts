// What a device can hold: a requested value is rounded to its data type and scaling before it is shown, signed,
// written and compared (architecture.md, "The way of a command", 1).
import type { DataType, TagValue } from '../contract/values.ts';
import { toEngineering, toRaw } from './scaling.ts';
import type { Tag } from './tag.ts';

const integerRange: Partial<Record<DataType, readonly [number, number]>> = {
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
};
const bigRange: Partial<Record<DataType, readonly [bigint, bigint]>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

export type DeviceValue =
  | { readonly ok: true; readonly value: TagValue }
  | { readonly ok: false; readonly code: 'value-wrong-type' | 'value-out-of-range'; readonly detail: string };

/** The shortest decimal that is the same float32 (interfaces.md, "Values in JSON"). */
export function shortestFloat32(value: number): number {
  const exact = Math.fround(value);
  for (let digits = 6; digits <= 9; digits++) {
    const candidate = Number(exact.toPrecision(digits));
    if (Math.fround(candidate) === exact) return candidate;
  }
  return exact;
}

/** The value, in engineering units, as the device will hold it; or why it cannot. Never clamps. */
export function asDeviceHolds(tag: Pick<Tag, 'dataType' | 'scaling'>, requested: TagValue): DeviceValue {
  const type = tag.dataType;
  if (type === 'bool') {
    if (typeof requested !== 'boolean') return wrongType('true or false');
    return { ok: true, value: requested };
  }
  if (type === 'string') {
    if (typeof requested !== 'string') return wrongType('a text');
    return { ok: true, value: requested };
  }
  const wide = bigRange[type];
  if (wide !== undefined) {
    if (typeof requested !== 'string' || !/^-?(0|[1-9][0-9]*)$/.test(requested) || requested === '-0')
      return wrongType('a whole number in digits, as a text');
    const big = BigInt(requested);
    if (big < wide[0] || big > wide[1]) return beyond(`${wide[0]} to ${wide[1]}`);
    return { ok: true, value: requested };
  }
  if (typeof requested !== 'number' || !Number.isFinite(requested)) return wrongType('a finite number');
  const raw = toRaw(requested, tag.scaling);
  const whole = integerRange[type];
  if (whole !== undefined) {
    const rounded = Math.round(raw);
    if (rounded < whole[0] || rounded > whole[1]) return beyond(`${whole[0]} to ${whole[1]} in the device`);
    return { ok: true, value: positiveZero(toEngineering(rounded, tag.scaling)) };
  }
  if (type === 'float32') {
    const held = Math.fround(raw);
    if (!Number.isFinite(held)) return beyond('a 32-bit float');
    const value = tag.scaling === null ? shortestFloat32(held) : toEngineering(held, tag.scaling);
    return { ok: true, value: positiveZero(value) };
  }
  return { ok: true, value: positiveZero(requested) };
}

/** Equal as far as the device and the tag's tolerance can tell. Null equals nothing. */
export function sameValue(left: TagValue, right: TagValue, tolerance: number): boolean {
  if (left === null || right === null) return false;
  if (typeof left === 'number' && typeof right === 'number') {
    const slack = Math.max(Math.abs(left), Math.abs(right)) * 1e-7;
    return Math.abs(left - right) <= tolerance + slack;
  }
  return left === right;
}

function wrongType(wanted: string): DeviceValue {
  return { ok: false, code: 'value-wrong-type', detail: `This tag takes ${wanted}.` };
}
function beyond(range: string): DeviceValue {
  return { ok: false, code: 'value-out-of-range', detail: `The device holds ${range}.` };
}
function positiveZero(value: number): number {
  return value === 0 ? 0 : value;
}
