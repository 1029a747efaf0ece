// The physics: deterministic, acting on the setpoints, with the interlocks of a real plant. No sockets, no clock.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedPlant, type SimulatedPlant } from '../../../simulators/plant/plant.ts';

const everything = (plant: SimulatedPlant): unknown[] => plant.points.map(({ name }) => [name, plant.read(name)]);
const number = (plant: SimulatedPlant, name: string): number => Number(plant.read(name));

/** Seconds until the condition holds, at most `limitSeconds`. */
function secondsUntil(plant: SimulatedPlant, limitSeconds: number, condition: () => boolean): number {
  for (let seconds = 0; seconds < limitSeconds; seconds += 1) {
    if (condition()) return seconds;
    plant.step(1);
  }
  throw new Error(`not within ${limitSeconds} s`);
}

describe('the simulated plant', () => {
  it('SIM-1: repeats itself exactly with the same seed, and differs with another', () => {
    const run = (seed: number): unknown => {
      const plant = createSimulatedPlant(seed);
      plant.step(300);
      plant.write('BR101.TIC.SP', 38);
      plant.step(123.4);
      return everything(plant);
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('SIM-1: gives the same values however the time is cut into steps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 40 }), (stepsMs) => {
        const inParts = createSimulatedPlant(7);
        const atOnce = createSimulatedPlant(7);
        for (const stepMs of stepsMs) inParts.step(stepMs / 1000);
        atOnce.step(stepsMs.reduce((sum, stepMs) => sum + stepMs, 0) / 1000);
        expect(everything(inParts)).toEqual(everything(atOnce));
      }),
      { numRuns: 30 },
    );
  });

  it('SIM-1: stays at its setpoints while nobody touches it', () => {
    const plant = createSimulatedPlant(1);
    for (let minute = 0; minute < 30; minute += 1) {
      plant.step(60);
      expect(number(plant, 'BR101.TIC.PV')).toBeCloseTo(37, 0);
      expect(Math.abs(number(plant, 'BR101.TIC.PV') - 37)).toBeLessThan(0.1);
      expect(Math.abs(number(plant, 'BR101.PH.PV') - 7.1)).toBeLessThan(0.03);
      expect(Math.abs(number(plant, 'BR101.DO.PV') - 40)).toBeLessThan(1.5);
      expect(Math.abs(number(plant, 'WFI.TIC.PV') - 80)).toBeLessThan(0.2);
    }
  });

  it.each([
    ['BR101.TIC.SP', 'BR101.TIC.PV', 38, 0.1],
    ['BR101.PH.SP', 'BR101.PH.PV', 7.2, 0.02],
    ['BR101.DO.SP', 'BR101.DO.PV', 50, 1],
    ['BR101.SIC.SP', 'BR101.SIC.PV', 150, 1],
    ['WFI.TIC.SP', 'WFI.TIC.PV', 82, 0.2],
    ['WFI.FIC.SP', 'WFI.FIC.PV', 15, 0.1],
  ])('SIM-1: %s moves %s within about a minute', (setpoint, measured, value, tolerance) => {
    const plant = createSimulatedPlant(3);
    plant.step(60);
    expect(Math.abs(number(plant, measured) - value)).toBeGreaterThan(tolerance);
    expect(plant.write(setpoint, value)).toBe('applied');
    secondsUntil(plant, 75, () => Math.abs(number(plant, measured) - value) <= tolerance);
    plant.step(300);
    expect(Math.abs(number(plant, measured) - value)).toBeLessThanOrEqual(tolerance * 2);
  });

  it('SIM-1: in manual the valve stays where it was and the temperature no longer follows', () => {
    const plant = createSimulatedPlant(1);
    plant.step(60);
    plant.write('BR101.TIC.MODE', 0);
    plant.step(1);
    const valve = number(plant, 'BR101.TIC.OUT');
    plant.write('BR101.TIC.SP', 39);
    plant.step(300);
    expect(number(plant, 'BR101.TIC.OUT')).toBe(valve);
    expect(number(plant, 'BR101.TIC.PV')).toBeLessThan(37.5);
    plant.write('BR101.TIC.MODE', 1);
    secondsUntil(plant, 300, () => number(plant, 'BR101.TIC.PV') > 38.8);
  });

  it('SIM-1: the pump stops at low level although it is commanded, and returns above the hysteresis', () => {
    const plant = createSimulatedPlant(1);
    plant.step(60);
    expect(plant.read('WFI.PUMP.RUN')).toBe(true);
    plant.disturbances.makeUpWaterLost = true;
    plant.disturbances.extraDrawM3PerHour = 8;
    secondsUntil(plant, 3600, () => plant.read('WFI.PUMP.RUN') === false);
    expect(plant.read('WFI.PUMP.CMD')).toBe(true);
    expect(plant.read('WFI.LIC.LOW')).toBe(true);
    expect(number(plant, 'WFI.LIC.PV')).toBeLessThan(20);
    plant.step(30);
    expect(number(plant, 'WFI.FIC.PV')).toBe(0);
    const temperature = number(plant, 'WFI.TIC.PV');
    plant.step(300);
    expect(number(plant, 'WFI.TIC.PV')).toBeLessThan(temperature);

    plant.disturbances.makeUpWaterLost = false;
    plant.disturbances.extraDrawM3PerHour = 0;
    secondsUntil(plant, 7200, () => plant.read('WFI.PUMP.RUN') === true);
    expect(number(plant, 'WFI.LIC.PV')).toBeGreaterThan(25);
  });

  it('SIM-1: the pump stops on command and the flow ends', () => {
    const plant = createSimulatedPlant(1);
    expect(plant.write('WFI.PUMP.CMD', false)).toBe('applied');
    plant.step(30);
    expect(plant.read('WFI.PUMP.RUN')).toBe(false);
    expect(number(plant, 'WFI.FIC.PV')).toBe(0);
  });

  it('SIM-1: conductivity rises with temperature', () => {
    const plant = createSimulatedPlant(1);
    plant.step(60);
    const before = number(plant, 'WFI.COND.PV');
    plant.write('WFI.TIC.SP', 84);
    plant.step(180);
    expect(number(plant, 'WFI.COND.PV')).toBeGreaterThan(before + 0.03);
  });

  it.each([
    ['BR101.TIC.SP', 50.1, 'out-of-range'],
    ['BR101.TIC.SP', Number.NaN, 'out-of-range'],
    ['BR101.TIC.SP', true, 'wrong-type'],
    ['BR101.TIC.MODE', 0.5, 'wrong-type'],
    ['BR101.TIC.PV', 37, 'not-writable'],
    ['WFI.PUMP.RUN', true, 'not-writable'],
    ['BR101.NONE', 1, 'unknown-point'],
  ] as const)('SIM-1: refuses %s = %s as %s and stays as it was', (name, value, verdict) => {
    const plant = createSimulatedPlant(1);
    const before = everything(plant);
    expect(plant.write(name, value)).toBe(verdict);
    expect(everything(plant)).toEqual(before);
  });

  it('SIM-1: holds each accepted number as the nearest float32 and stays finite whatever is written', () => {
    const writable = createSimulatedPlant(1).points.filter(({ accepts, type }) => accepts !== null && type === 'float');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...writable.map(({ name }) => name)), fc.double()), { maxLength: 20 }),
        (writes) => {
          const plant = createSimulatedPlant(5);
          for (const [name, value] of writes) {
            const before = plant.read(name);
            const applied = plant.write(name, value) === 'applied';
            expect(plant.read(name)).toBe(applied ? Math.fround(value) : before);
            plant.step(5);
          }
          plant.step(60);
          for (const { name, type } of plant.points)
            if (type === 'float') expect(Number.isFinite(plant.read(name))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});
