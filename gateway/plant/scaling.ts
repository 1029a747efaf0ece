// Linear scaling between what the device holds (raw) and engineering units. Pure; used by drivers and by the rounding
// of a setpoint to what the device can hold.
import type { Scaling } from './tag.ts';

export function toEngineering(raw: number, scaling: Scaling | null): number {
  return scaling === null ? raw : tidy(raw * scaling.factor + scaling.offset);
}

/** Raw value, not yet rounded to the device's type. */
export function toRaw(engineering: number, scaling: Scaling | null): number {
  return scaling === null ? engineering : tidy((engineering - scaling.offset) / scaling.factor);
}

/** Takes the noise of binary fractions off a scaled value: 12 significant digits hold any 32-bit raw value. */
function tidy(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : value;
}
