// From an OPC UA DataValue to a sample, and from a value to the Variant that the server's own data type asks for.
// Pure; called by opcua/subscription.ts and opcua/driver.ts.
import { type DataValue, type StatusCode, DataType as UaType, Variant, VariantArrayType } from 'node-opcua-client';
import type { Quality, QualityReason } from '../../contract/values.ts';
import { isWorse } from '../../contract/values.ts';
import type { Sample } from '../../plant/sample.ts';
import type { Tag } from '../../plant/tag.ts';
import { type RawValue, toDeviceRaw, toEngineered } from '../engineering-value.ts';

/** Before this no automation system set a clock by OPC UA; a source that says so has lost its own. */
const earliestSourceTimeMs = Date.UTC(2000, 0, 1);
const furthestFutureMs = 24 * 3_600_000;

/** OPC UA Part 4, 7.39: the two highest bits are the severity. */
export function qualityOf(status: StatusCode): Quality {
  const severity = status.value >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
}

/** A sample of `tag` from what the server sent; arrival rules where the source's time is absent or absurd (DRV-5). */
export function toSample(tag: Tag, dataValue: DataValue, arrivedAtMs: number): Sample {
  let quality = qualityOf(dataValue.statusCode);
  let reason: QualityReason = quality === 'good' ? 'none' : quality === 'uncertain' ? 'source-uncertain' : 'source-bad';
  let value: Sample['value'] = null;
  const raw = rawOf(dataValue.value);
  if (raw !== null || quality !== 'bad') {
    const engineered = toEngineered(tag, raw);
    value = engineered.value;
    if (engineered.reason !== 'none' && quality !== 'bad') {
      quality = 'bad';
      reason = engineered.reason;
    }
  }
  const stamp = dataValue.sourceTimestamp ?? dataValue.serverTimestamp;
  let sourceTimeMs = stamp == null ? arrivedAtMs : stamp.getTime();
  if (!(sourceTimeMs >= earliestSourceTimeMs && sourceTimeMs <= arrivedAtMs + furthestFutureMs)) {
    sourceTimeMs = arrivedAtMs;
    if (isWorse('uncertain', quality)) {
      quality = 'uncertain';
      reason = 'source-time-absurd';
    }
  }
  return { index: tag.index, value, quality, reason, sourceTimeMs };
}

/** A scalar out of a Variant; null for nothing, arrays and structures. node-opcua holds 64-bit integers as [high, low]. */
function rawOf(variant: Variant | null | undefined): RawValue | null {
  if (variant == null || variant.arrayType !== VariantArrayType.Scalar) return null;
  const held: unknown = variant.value;
  switch (variant.dataType) {
    case UaType.Boolean:
      return typeof held === 'boolean' ? held : null;
    case UaType.Int64:
    case UaType.UInt64: {
      if (!Array.isArray(held)) return null;
      const [high, low] = held as readonly unknown[];
      if (typeof high !== 'number' || typeof low !== 'number') return null;
      const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      return variant.dataType === UaType.Int64 ? BigInt.asIntN(64, bits) : bits;
    }
    case UaType.String:
      return typeof held === 'string' ? held : null;
    default:
      return typeof held === 'number' ? held : null;
  }
}

const integerRange: Partial<Record<UaType, readonly [number, number]>> = {
  [UaType.SByte]: [-128, 127],
  [UaType.Byte]: [0, 255],
  [UaType.Int16]: [-32768, 32767],
  [UaType.UInt16]: [0, 65535],
  [UaType.Int32]: [-2147483648, 2147483647],
  [UaType.UInt32]: [0, 4294967295],
};

/** The value in the server's own data type (DRV-2); null when that type cannot hold it. Engineering units in. */
export function toVariant(
  tag: Tag,
  value: Sample['value'],
  serverType: UaType,
): Variant | { readonly refused: string } {
  const raw = toDeviceRaw(tag, value);
  if (!raw.ok) return { refused: raw.detail };
  const held = asServerHolds(raw.raw, serverType);
  if (held === null) return { refused: `the server's type ${UaType[serverType]} cannot hold this value` };
  return new Variant({ dataType: serverType, arrayType: VariantArrayType.Scalar, value: held });
}

function asServerHolds(raw: RawValue, type: UaType): number | boolean | string | [number, number] | null {
  if (type === UaType.Boolean) return typeof raw === 'boolean' ? raw : null;
  if (type === UaType.String) return typeof raw === 'string' ? raw : null;
  if (type === UaType.Int64 || type === UaType.UInt64) {
    if (typeof raw !== 'bigint' && !(typeof raw === 'number' && Number.isSafeInteger(raw))) return null;
    const big = BigInt(raw);
    if ((type === UaType.Int64 ? BigInt.asIntN(64, big) : BigInt.asUintN(64, big)) !== big) return null;
    const bits = BigInt.asUintN(64, big);
    return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
  }
  const number = typeof raw === 'bigint' ? Number(raw) : raw;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  if (type === UaType.Float) return Number.isFinite(Math.fround(number)) ? number : null;
  if (type === UaType.Double) return number;
  const range = integerRange[type];
  return range !== undefined && Number.isInteger(number) && number >= range[0] && number <= range[1] ? number : null;
}
