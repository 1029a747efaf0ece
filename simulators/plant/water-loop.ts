// The water-for-injection loop: tank, pump, heater, users. Stepped by plant.ts, which owns its setpoints.
// The interlock is the PLC's own: at low level the pump stops whatever is commanded, and without flow the heater is off.
import { createLag } from './lag.ts';
import { createPidLoop } from './pid-loop.ts';
import type { Random } from './random.ts';
import { createSensor } from './sensor.ts';

export type WaterLoopSetpoints = {
  temperatureCelsius: number;
  flowM3PerHour: number;
  pumpCommanded: boolean;
};

/** What a test or a demonstration may do to the plant from outside. */
export type WaterLoopDisturbances = {
  makeUpWaterLost: boolean;
  extraDrawM3PerHour: number;
};

export type WaterLoop = {
  readonly setpoints: WaterLoopSetpoints;
  readonly disturbances: WaterLoopDisturbances;
  readonly temperatureCelsius: () => number;
  readonly flowM3PerHour: () => number;
  readonly levelPercent: () => number;
  readonly conductivityMicroSiemensPerCm: () => number;
  readonly pumpRuns: () => boolean;
  readonly levelLow: () => boolean;
  readonly step: (dtSeconds: number) => void;
};

const tankM3 = 2;
const lowLevelTripPercent = 20;
const lowLevelClearPercent = 25;
const ambientCelsius = 22;

export function createWaterLoop(random: Random): WaterLoop {
  const setpoints: WaterLoopSetpoints = { temperatureCelsius: 80, flowM3PerHour: 12, pumpCommanded: true };
  const disturbances: WaterLoopDisturbances = { makeUpWaterLost: false, extraDrawM3PerHour: 0 };

  const pump = createLag(12, 2);
  const flow = createSensor(12, { noise: 0.01, resolution: 0.01, filterSeconds: 1 }, random);
  const heater = createLag(64.4, 5);
  const water = createLag(80, 30);
  const temperature = createSensor(80, { noise: 0.02, resolution: 0.01, filterSeconds: 1.5 }, random);
  const temperatureLoop = createPidLoop({ gain: 2.4, integralSeconds: 32, derivativeSeconds: 2 }, 64.4);
  const level = createSensor(74, { noise: 0.05, resolution: 0.1, filterSeconds: 1 }, random);
  const conductivity = createSensor(0.6, { noise: 0.001, resolution: 0.001, filterSeconds: 2 }, random);

  let volumeM3 = 0.74 * tankM3;
  let filling = false;
  let low = false;
  let runs = true;
  let drawM3PerHour = 0;
  let secondsToNextDraw = 60;

  return {
    setpoints,
    disturbances,
    temperatureCelsius: temperature.value,
    flowM3PerHour: flow.value,
    levelPercent: level.value,
    conductivityMicroSiemensPerCm: conductivity.value,
    pumpRuns: () => runs,
    levelLow: () => low,
    step: (dtSeconds) => {
      // Users open and close their taps.
      secondsToNextDraw -= dtSeconds;
      if (secondsToNextDraw <= 0) {
        const opens = drawM3PerHour === 0;
        drawM3PerHour = opens ? 1 + 2 * random.uniform() : 0;
        secondsToNextDraw = opens ? 20 + 40 * random.uniform() : 90 + 150 * random.uniform();
      }
      // Level: the make-up valve opens below 65 % and closes above 80 %.
      const levelPercent = (100 * volumeM3) / tankM3;
      if (levelPercent < 65) filling = true;
      if (levelPercent > 80) filling = false;
      const inM3PerHour = filling && !disturbances.makeUpWaterLost ? 2.5 : 0;
      const outM3PerHour = (runs ? drawM3PerHour : 0) + disturbances.extraDrawM3PerHour;
      volumeM3 = Math.min(tankM3, Math.max(0, volumeM3 + ((inM3PerHour - outM3PerHour) * dtSeconds) / 3600));
      level.measure((100 * volumeM3) / tankM3, dtSeconds);

      // Interlock, with hysteresis, on the transmitter as in the PLC.
      if (level.value() < lowLevelTripPercent) low = true;
      if (level.value() > lowLevelClearPercent) low = false;
      runs = setpoints.pumpCommanded && !low;

      const trueFlow = pump.step(runs ? setpoints.flowM3PerHour : 0, dtSeconds);
      flow.measure(Math.max(0, trueFlow), dtSeconds);

      const heaterReleased = trueFlow > 1;
      const steamPercent = heaterReleased
        ? temperatureLoop.control(setpoints.temperatureCelsius, temperature.value(), dtSeconds)
        : temperatureLoop.hold(setpoints.temperatureCelsius, temperature.value());
      const heat = heater.step(heaterReleased ? steamPercent : 0, dtSeconds);
      // Standing water loses its heat slowly through the insulation.
      const target = ambientCelsius + 0.9 * heat;
      temperature.measure(water.step(target, dtSeconds, heaterReleased ? 30 : 1800), dtSeconds);

      // Conductivity rises about 2 % per kelvin.
      conductivity.measure(0.6 * (1 + 0.02 * (water.value() - 80)), dtSeconds);
    },
  };
}
