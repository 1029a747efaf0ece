// Between what a device holds (raw) and what the gateway shows, signs and compares (engineering units), for every
// protocol: scaling, shortest float32, 64-bit integers as texts, and what is not a number (DRV-4, DRV-5).
import type { QualityReason, TagValue } from '../contract/values.ts';
import { asDeviceHolds, shortestFloat32 } from '../plant/device-value.ts';
import { toEngineering, toRaw } from '../plant/scaling.ts';
import type { Tag } from '../plant/tag.ts';

export type RawValue = number | bigint | boolean | string;
type Shape = Pick<Tag, 'dataType' | 'scaling'>;

/** What could be made of a raw value: a value, or null with the reason why it is bad. */
export type Engineered = { readonly value: TagValue; readonly reason: QualityReason };

export function toEngineered(tag: Shape, raw: RawValue | null): Engineered {
  const wrong: Engineered = { value: null, reason: 'wrong-type' };
  switch (tag.dataType) {
    case 'bool':
      return typeof raw === 'boolean' ? { value: raw, reason: 'none' } : wrong;
    case 'string':
      return typeof raw === 'string' ? { value: raw.slice(0, 4096), reason: 'none' } : wrong;
    case 'int64':
    case 'uint64':
      if (typeof raw === 'bigint') return { value: raw.toString(), reason: 'none' };
      return typeof raw === 'number' && Number.isSafeInteger(raw) ? { value: String(raw), reason: 'none' } : wrong;
    default: {
      const number = typeof raw === 'bigint' ? Number(raw) : raw;
      if (typeof number !== 'number') return wrong;
      if (!Number.isFinite(number)) return { value: null, reason: 'not-a-number' };
      if (typeof raw === 'bigint' && !Number.isSafeInteger(number)) return wrong;
      const plain = tag.dataType === 'float32' && tag.scaling === null ? shortestFloat32(number) : number;
      const value = toEngineering(plain, tag.scaling);
      if (!Number.isFinite(value)) return { value: null, reason: 'not-a-number' };
      // Adding 0 turns -0 into 0, which JSON could not carry.
      return { value: value + 0, reason: 'none' };
    }
  }
}

/** The raw value to send for an engineering value; refuses what the device cannot hold. Never clamps, never rounds twice. */
export function toDeviceRaw(
  tag: Shape,
  value: TagValue,
): { readonly ok: true; readonly raw: RawValue } | { readonly ok: false; readonly detail: string } {
  const held = asDeviceHolds(tag, value);
  if (!held.ok) return held;
  const { dataType } = tag;
  if (dataType === 'int64' || dataType === 'uint64') return { ok: true, raw: BigInt(String(held.value)) };
  if (typeof held.value !== 'number') {
    return held.value === null ? { ok: false, detail: 'There is no value to write.' } : { ok: true, raw: held.value };
  }
  const raw = toRaw(held.value, tag.scaling);
  return { ok: true, raw: dataType.startsWith('float') ? raw : Math.round(raw) };
}
