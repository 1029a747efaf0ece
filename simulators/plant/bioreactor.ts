// Bioreactor BR101: temperature, pH, dissolved oxygen, agitator, pressure, level and phase. Stepped by plant.ts, which
// owns its setpoints. Time constants are shorter than a real vessel's, so that a change is seen within a minute.
import { createLag } from './lag.ts';
import { createPidLoop } from './pid-loop.ts';
import type { Random } from './random.ts';
import { createSensor } from './sensor.ts';

export type BioreactorSetpoints = {
  temperatureCelsius: number;
  /** 0 manual: the valve stays where it is; 1 automatic. */
  temperatureMode: number;
  ph: number;
  dissolvedOxygenPercent: number;
  agitatorRpm: number;
};

export type Bioreactor = {
  readonly setpoints: BioreactorSetpoints;
  readonly temperatureCelsius: () => number;
  readonly temperatureOutputPercent: () => number;
  readonly ph: () => number;
  readonly dissolvedOxygenPercent: () => number;
  readonly agitatorRpm: () => number;
  readonly pressureBar: () => number;
  readonly levelPercent: () => number;
  readonly phase: () => number;
  readonly step: (dtSeconds: number) => void;
};

const initialSetpoints: BioreactorSetpoints = {
  temperatureCelsius: 37,
  temperatureMode: 1,
  ph: 7.1,
  dissolvedOxygenPercent: 40,
  agitatorRpm: 120,
};

/** Hours since the start at which the next phase begins: growth, then production, then harvest. */
const productionFromHours = 36;
const harvestFromHours = 120;

export function createBioreactor(random: Random): Bioreactor {
  const setpoints = { ...initialSetpoints };
  let elapsedSeconds = 0;

  // Jacket: 20 to 60 °C over the valve's travel. The culture's own heat lifts the vessel 1.5 °C above the jacket.
  const jacket = createLag(35.5, 10);
  const vessel = createLag(37, 40);
  const temperature = createSensor(37, { noise: 0.02, resolution: 0.01, filterSeconds: 1.5 }, random);
  const temperatureLoop = createPidLoop({ gain: 5.5, integralSeconds: 45, derivativeSeconds: 3 }, 38.75);

  // The culture acidifies; base dosing lifts the pH by 0.012 for each percent of the dosing pump.
  const acidity = createLag(7.1, 15);
  const ph = createSensor(7.1, { noise: 0.004, resolution: 0.01, filterSeconds: 1.5 }, random);
  const phLoop = createPidLoop({ gain: 90, integralSeconds: 18, derivativeSeconds: 0 }, 41.7);

  const agitator = createLag(120, 3);
  const speed = createSensor(120, { noise: 0.3, resolution: 0.1, filterSeconds: 0.8 }, random);

  const oxygen = createLag(40, 12);
  const dissolvedOxygen = createSensor(40, { noise: 0.15, resolution: 0.1, filterSeconds: 1.5 }, random);
  const oxygenLoop = createPidLoop({ gain: 2, integralSeconds: 14, derivativeSeconds: 0 }, 60);

  const pressure = createSensor(0.35, { noise: 0.0008, resolution: 0.001, filterSeconds: 1 }, random);
  const level = createSensor(72, { noise: 0.05, resolution: 0.1, filterSeconds: 2 }, random);

  const phaseNow = (): number => {
    const hours = elapsedSeconds / 3600;
    if (hours < productionFromHours) return 2;
    return hours < harvestFromHours ? 3 : 4;
  };

  return {
    setpoints,
    temperatureCelsius: temperature.value,
    temperatureOutputPercent: temperatureLoop.output,
    ph: ph.value,
    dissolvedOxygenPercent: dissolvedOxygen.value,
    agitatorRpm: speed.value,
    pressureBar: pressure.value,
    levelPercent: level.value,
    phase: phaseNow,
    step: (dtSeconds) => {
      elapsedSeconds += dtSeconds;
      const valvePercent =
        setpoints.temperatureMode === 1
          ? temperatureLoop.control(setpoints.temperatureCelsius, temperature.value(), dtSeconds)
          : temperatureLoop.hold(setpoints.temperatureCelsius, temperature.value());
      const jacketCelsius = jacket.step(20 + 0.4 * valvePercent, dtSeconds);
      temperature.measure(vessel.step(jacketCelsius + 1.5, dtSeconds), dtSeconds);

      const basePercent = phLoop.control(setpoints.ph, ph.value(), dtSeconds);
      ph.measure(acidity.step(6.6 + 0.012 * basePercent, dtSeconds), dtSeconds);

      const rpm = agitator.step(setpoints.agitatorRpm, dtSeconds);
      speed.measure(Math.max(0, rpm), dtSeconds);

      // Oxygen: carried in by gas and stirring, used up by the culture, whose hunger swings over ten minutes.
      const demandPercent = 14 + 2 * Math.sin((2 * Math.PI * elapsedSeconds) / 600);
      const gasPercent = oxygenLoop.control(setpoints.dissolvedOxygenPercent, dissolvedOxygen.value(), dtSeconds);
      const oxygenTarget = Math.min(100, Math.max(0, 0.6 * gasPercent + 0.15 * rpm - demandPercent));
      dissolvedOxygen.measure(oxygen.step(oxygenTarget, dtSeconds), dtSeconds);

      pressure.measure(0.29 + 0.001 * gasPercent + 0.004 * Math.sin(elapsedSeconds / 47), dtSeconds);
      // Gas hold-up grows with stirring; sampling and feeding nearly cancel out.
      level.measure(70.8 + 0.01 * rpm + 0.3 * Math.sin(elapsedSeconds / 900), dtSeconds);
    },
  };
}
