// What a command must satisfy (CMD-2, CMD-3), pure: asked for in asking.ts, and again by gate.ts right before the
// write, against a fresh read of the device. Rights are not here: they are asked of identity through MayDo.
import { type Refusal, refuse } from '../contract/problem.ts';
import type { Latest } from '../contract/tag.ts';
import type { Quality, TagValue } from '../contract/values.ts';
import { asDeviceHolds, sameValue } from '../plant/device-value.ts';
import type { DeviceReading } from '../plant/sample.ts';
import type { SetpointRule, Tag } from '../plant/tag.ts';
import { inWords } from './value-text.ts';

export type WritableTag = Tag & { readonly setpoint: SetpointRule };

/** What the signer saw, as it stands in the statement. */
export type Observed = { readonly value: TagValue; readonly quality: Quality; readonly sourceTime: string };

export type CheckedValue = { readonly ok: true; readonly value: TagValue };

export function isWritable(tag: Tag): tag is WritableTag {
  return tag.setpoint !== null;
}

/**
 * The requested value as the device will hold it, if its type, range and grid allow. Range and grid are judged on the
 * rounded value, because that is what is shown, signed and written. Refuses value-wrong-type, value-out-of-range.
 */
export function checkValue(tag: WritableTag, requested: TagValue): CheckedValue | Refusal {
  const held = asDeviceHolds(tag, requested);
  if (!held.ok) return refuse(held.code, held.detail, { field: 'value' });
  const { min, max, resolution } = tag.setpoint;
  const size = magnitude(tag, held.value);
  if (size === null) return held;
  if ((min !== null && size < min) || (max !== null && size > max))
    return refuse('value-out-of-range', `${inWords(tag, held.value)} is outside ${range(tag)}.`, { field: 'value' });
  if (resolution !== null && typeof size === 'number' && !onGrid(size, min ?? 0, resolution))
    return refuse('value-out-of-range', `${tag.id} takes steps of ${withUnit(tag, resolution)}.`, { field: 'value' });
  return held;
}

/**
 * Step and sense of the change from what was observed. A change that the tag's tolerance cannot tell from no change
 * is refused as value-unchanged: its read-back could not prove anything (CMD-5). Else step-too-large.
 */
export function checkChange(tag: WritableTag, value: TagValue, observed: TagValue): { readonly ok: true } | Refusal {
  const { maxStep, tolerance } = tag.setpoint;
  if (sameValue(value, observed, tolerance)) {
    const detail = Object.is(value, observed)
      ? `The device already holds ${inWords(tag, observed)}.`
      : `${inWords(tag, value)} cannot be told from ${inWords(tag, observed)}: the tolerance is ${withUnit(tag, tolerance)}.`;
    return refuse('value-unchanged', detail, { field: 'value' });
  }
  const from = magnitude(tag, observed);
  const to = magnitude(tag, value);
  if (maxStep === null || from === null || to === null) return { ok: true };
  const step = distance(from, to);
  if (step <= maxStep * (1 + 1e-7)) return { ok: true };
  return refuse(
    'step-too-large',
    `From ${inWords(tag, observed)} the value may change by at most ${withUnit(tag, maxStep)} in one command. Go there in several steps.`,
    { field: 'value' },
  );
}

/**
 * The tag store's present value against what the person saw when he asked (CMD-3): good, vouched for by its source
 * within the tag's limit, and the same within its tolerance. Refuses value-not-good, value-not-fresh, value-changed.
 */
export function checkSeen(
  tag: WritableTag,
  latest: Latest,
  seen: TagValue,
  nowMs: number,
): { readonly ok: true; readonly observed: Observed } | Refusal {
  if (latest.quality !== 'good' || latest.value === null)
    return refuse('value-not-good', `The present value of ${tag.id} is ${latest.quality} (${latest.reason}).`, {
      current: latest.value,
    });
  const vouchedAtMs = latest.vouchedAt === null ? Number.NaN : Date.parse(latest.vouchedAt);
  // Written so that an unreadable time counts as stale.
  if (!(nowMs - vouchedAtMs <= tag.setpoint.freshnessMs))
    return refuse(
      'value-not-fresh',
      `${tag.id} has not been confirmed by its device within ${tag.setpoint.freshnessMs / 1000} s.`,
      { current: latest.value },
    );
  if (latest.sourceTime === null) return refuse('value-not-fresh', `${tag.id} has no source time.`);
  if (!sameValue(seen, latest.value, tag.setpoint.tolerance)) return changed(tag, seen, latest.value);
  return { ok: true, observed: { value: latest.value, quality: latest.quality, sourceTime: latest.sourceTime } };
}

/**
 * A fresh read of the device right before the write against the signed observation (CMD-3): any worse quality, any
 * difference beyond the tolerance, an answer older than the tag's freshness limit, and nothing is written.
 */
export function checkDevice(
  tag: WritableTag,
  signed: Observed,
  reading: DeviceReading,
  nowMs: number,
): { readonly ok: true } | Refusal {
  if (!reading.ok)
    return refuse('device-unavailable', `The device could not be read before the write: ${reading.detail}`);
  const { sample } = reading;
  if (sample.index !== tag.index) return refuse('device-unavailable', 'The device answered for another tag.');
  if (sample.quality !== 'good' || sample.value === null)
    return refuse('value-not-good', `Read before the write, ${tag.id} is ${sample.quality} (${sample.reason}).`, {
      current: sample.value,
    });
  if (!(nowMs - reading.readAtMs <= tag.setpoint.freshnessMs))
    return refuse('value-not-fresh', `The read of ${tag.id} before the write is too old.`, { current: sample.value });
  if (!sameValue(signed.value, sample.value, tag.setpoint.tolerance)) return changed(tag, signed.value, sample.value);
  return { ok: true };
}

function changed(tag: WritableTag, seen: TagValue, current: TagValue): Refusal {
  return refuse(
    'value-changed',
    `${tag.id} is now ${inWords(tag, current)}, not ${inWords(tag, seen)} as it was shown. Look at the present value and ask again.`,
    { field: 'observed.value', current },
  );
}

/** A number to compare by; null for booleans, texts and nothing. 64-bit integers keep their digits. */
export function magnitude(tag: Tag, value: TagValue): number | bigint | null {
  if (typeof value === 'number') return value;
  const wide = tag.dataType === 'int64' || tag.dataType === 'uint64';
  return wide && typeof value === 'string' && /^-?[0-9]+$/.test(value) ? BigInt(value) : null;
}

/** How far apart; both of one kind, as `magnitude` gives them for one tag. */
export function distance(from: number | bigint, to: number | bigint): number | bigint {
  if (typeof from === 'bigint' && typeof to === 'bigint') return from < to ? to - from : from - to;
  return Math.abs(Number(to) - Number(from));
}

function onGrid(value: number, origin: number, resolution: number): boolean {
  const steps = (value - origin) / resolution;
  // A float32 on the grid is off it by its own rounding: up to 1e-7 of the value.
  const slack = 1e-6 + (Math.abs(value) * 2e-7) / resolution;
  return Math.abs(steps - Math.round(steps)) <= slack;
}

function range(tag: WritableTag): string {
  const { min, max } = tag.setpoint;
  if (min !== null && max !== null) return `${min} to ${withUnit(tag, max)}`;
  return min !== null ? `${withUnit(tag, min)} and more` : `${withUnit(tag, max ?? 0)} and less`;
}

/** `2 °C`: a size in the tag's unit. */
export function withUnit(tag: Tag, size: number): string {
  return `${size} ${tag.unit}`.trimEnd();
}
