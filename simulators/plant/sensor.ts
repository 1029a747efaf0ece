// A transmitter: filtered noise on the true value, rounded to the converter's step, so that a quiet process gives steady
// readings instead of a new value every scan. Called by the process models; never reads a clock.
import { createLag } from './lag.ts';
import type { Random } from './random.ts';

export type Sensor = {
  readonly value: () => number;
  readonly measure: (trueValue: number, dtSeconds: number) => number;
};

export type SensorSettings = {
  /** Standard deviation of the raw noise, in the measured unit. */
  readonly noise: number;
  /** Smallest step that the transmitter resolves, in the measured unit. */
  readonly resolution: number;
  readonly filterSeconds: number;
};

export function createSensor(initial: number, settings: SensorSettings, random: Random): Sensor {
  const filter = createLag(initial, settings.filterSeconds);
  let shown = quantise(initial, settings.resolution);
  return {
    value: () => shown,
    measure: (trueValue, dtSeconds) => {
      const filtered = filter.step(trueValue + settings.noise * random.gaussian(), dtSeconds);
      // A hysteresis of three quarters of a step keeps a value that lies between two steps from flickering.
      if (Math.abs(filtered - shown) > 0.75 * settings.resolution) shown = quantise(filtered, settings.resolution);
      return shown;
    },
  };
}

/** Rounds to a multiple of `resolution`, without binary dust such as 37.010000000000005. */
function quantise(value: number, resolution: number): number {
  const stepsPerUnit = Math.round(1 / resolution);
  // + 0 turns the -0 of a rounded-away negative into 0.
  return Math.round(value * stepsPerUnit) / stepsPerUnit + 0;
}
