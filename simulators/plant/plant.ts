// The whole simulated plant: bioreactor and water loop behind one table of points, deterministic by seed. Called by the
// simulated devices and by tests. Pure: no I/O, no clock; time passes only in step().
import { createBioreactor } from './bioreactor.ts';
import { demoPoints, type Point, type PointValue } from './points.ts';
import { createRandom } from './random.ts';
import { createWaterLoop, type WaterLoopDisturbances } from './water-loop.ts';

export type WriteVerdict = 'applied' | 'out-of-range' | 'not-writable' | 'wrong-type' | 'unknown-point';

export type SimulatedPlant = {
  readonly points: readonly Point[];
  readonly disturbances: WaterLoopDisturbances;
  readonly elapsedSeconds: () => number;
  /** Advances the physics; whatever the size of the steps, the inner step is 100 ms and the rest is carried over. */
  readonly step: (dtSeconds: number) => void;
  /** Throws on a name that is not in `points`. */
  readonly read: (name: string) => PointValue;
  /** What the device would say to this value; changes nothing. */
  readonly judge: (name: string, value: PointValue) => WriteVerdict;
  /** Judges and, where accepted, sets. Numbers of type float are held as the nearest float32. */
  readonly write: (name: string, value: PointValue) => WriteVerdict;
};

const innerStepMs = 100;

type Access = { readonly get: () => PointValue; readonly set: ((value: PointValue) => void) | null };

export function createSimulatedPlant(seed: number): SimulatedPlant {
  const bioreactor = createBioreactor(createRandom(seed));
  const water = createWaterLoop(createRandom(seed ^ 0x5f3759df));
  const points = new Map(demoPoints.map((point) => [point.name, point]));
  let steps = 0;
  let carriedMs = 0;
  const elapsedSeconds = (): number => (steps * innerStepMs) / 1000;

  const br = bioreactor.setpoints;
  const wfi = water.setpoints;
  const readOnly = (get: () => PointValue): Access => ({ get, set: null });
  const access = new Map<string, Access>([
    ['BR101.TIC.SP', { get: () => br.temperatureCelsius, set: (value) => (br.temperatureCelsius = Number(value)) }],
    ['BR101.TIC.MODE', { get: () => br.temperatureMode, set: (value) => (br.temperatureMode = Number(value)) }],
    ['BR101.TIC.PV', readOnly(bioreactor.temperatureCelsius)],
    ['BR101.TIC.OUT', readOnly(() => Math.round(bioreactor.temperatureOutputPercent() * 10) / 10)],
    ['BR101.PH.SP', { get: () => br.ph, set: (value) => (br.ph = Number(value)) }],
    ['BR101.PH.PV', readOnly(bioreactor.ph)],
    [
      'BR101.DO.SP',
      { get: () => br.dissolvedOxygenPercent, set: (value) => (br.dissolvedOxygenPercent = Number(value)) },
    ],
    ['BR101.DO.PV', readOnly(bioreactor.dissolvedOxygenPercent)],
    ['BR101.SIC.SP', { get: () => br.agitatorRpm, set: (value) => (br.agitatorRpm = Number(value)) }],
    ['BR101.SIC.PV', readOnly(bioreactor.agitatorRpm)],
    ['BR101.PIC.PV', readOnly(bioreactor.pressureBar)],
    ['BR101.LIC.PV', readOnly(bioreactor.levelPercent)],
    ['BR101.PHASE', readOnly(bioreactor.phase)],
    ['BR101.BATCH', readOnly(() => 'B-2026-0417')],
    ['WFI.TIC.SP', { get: () => wfi.temperatureCelsius, set: (value) => (wfi.temperatureCelsius = Number(value)) }],
    ['WFI.TIC.PV', readOnly(water.temperatureCelsius)],
    ['WFI.FIC.SP', { get: () => wfi.flowM3PerHour, set: (value) => (wfi.flowM3PerHour = Number(value)) }],
    ['WFI.FIC.PV', readOnly(water.flowM3PerHour)],
    ['WFI.LIC.PV', readOnly(water.levelPercent)],
    ['WFI.COND.PV', readOnly(water.conductivityMicroSiemensPerCm)],
    ['WFI.SECONDS', readOnly(() => Math.floor(elapsedSeconds()))],
    ['WFI.PUMP.CMD', { get: () => wfi.pumpCommanded, set: (value) => (wfi.pumpCommanded = value === true) }],
    ['WFI.PUMP.RUN', readOnly(water.pumpRuns)],
    ['WFI.LIC.LOW', readOnly(water.levelLow)],
  ]);
  for (const name of points.keys()) if (!access.has(name)) throw new Error(`point ${name} has no value in the model`);
  // Held as the device holds them from the start: 7.1 is 7.099999904632568 in a float32.
  for (const point of demoPoints) {
    const entry = access.get(point.name);
    if (point.type === 'float' && entry?.set) entry.set(Math.fround(Number(entry.get())));
  }

  const judge = (name: string, value: PointValue): WriteVerdict => {
    const point = points.get(name);
    if (point === undefined) return 'unknown-point';
    if (point.accepts === null) return 'not-writable';
    return judgeValue(point, value);
  };

  return {
    points: demoPoints,
    disturbances: water.disturbances,
    elapsedSeconds,
    step: (dtSeconds) => {
      // Whole milliseconds: sums of 0.1 s would drift and make the number of steps depend on how they were cut.
      carriedMs += Math.round(dtSeconds * 1000);
      while (carriedMs >= innerStepMs) {
        carriedMs -= innerStepMs;
        steps += 1;
        bioreactor.step(innerStepMs / 1000);
        water.step(innerStepMs / 1000);
      }
    },
    read: (name) => {
      const entry = access.get(name);
      if (entry === undefined) throw new Error(`the plant has no point ${name}`);
      const value = entry.get();
      return typeof value === 'number' && points.get(name)?.type === 'float' ? Math.fround(value) : value;
    },
    judge,
    write: (name, value) => {
      const verdict = judge(name, value);
      const set = access.get(name)?.set;
      if (verdict !== 'applied' || !set) return verdict === 'applied' ? 'not-writable' : verdict;
      set(typeof value === 'number' && points.get(name)?.type === 'float' ? Math.fround(value) : value);
      return 'applied';
    },
  };
}

function judgeValue(point: Point, value: PointValue): WriteVerdict {
  const expected = point.type === 'boolean' ? 'boolean' : point.type === 'text' ? 'string' : 'number';
  if (typeof value !== expected) return 'wrong-type';
  if (typeof value === 'number') {
    if (point.type === 'integer' && !Number.isInteger(value)) return 'wrong-type';
    if (!Number.isFinite(value)) return 'out-of-range';
    if (point.accepts !== 'any' && point.accepts !== null && (value < point.accepts.min || value > point.accepts.max))
      return 'out-of-range';
  }
  return 'applied';
}
