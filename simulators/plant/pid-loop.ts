// A PID controller as a PLC has it: position form, derivative on the measurement, output clamped, anti-windup, bumpless
// change from manual to automatic. Called by the process models once a step; it never reads a clock.

export type PidTuning = {
  /** Percent of output per unit of error. */
  readonly gain: number;
  readonly integralSeconds: number;
  /** 0: no derivative action. */
  readonly derivativeSeconds: number;
};

export type PidLoop = {
  /** Percent, 0 to 100. */
  readonly output: () => number;
  /** One automatic step; returns the output in percent. */
  readonly control: (setpoint: number, measured: number, dtSeconds: number) => number;
  /** One step in manual: the output stays, the integral follows it, so that automatic resumes from there. */
  readonly hold: (setpoint: number, measured: number) => number;
};

const clampPercent = (value: number): number => Math.min(100, Math.max(0, value));

export function createPidLoop(tuning: PidTuning, initialOutputPercent: number): PidLoop {
  let output = initialOutputPercent;
  let integral = initialOutputPercent;
  let previousMeasured: number | null = null;
  return {
    output: () => output,
    control: (setpoint, measured, dtSeconds) => {
      const error = setpoint - measured;
      const slope = previousMeasured === null ? 0 : (measured - previousMeasured) / dtSeconds;
      previousMeasured = measured;
      const proportional = tuning.gain * error;
      const derivative = -tuning.gain * tuning.derivativeSeconds * slope;
      const increment = (tuning.gain * error * dtSeconds) / tuning.integralSeconds;
      const unclamped = proportional + integral + increment + derivative;
      // Conditional integration: at a limit only what leads away from the limit is integrated.
      if ((unclamped <= 100 || increment < 0) && (unclamped >= 0 || increment > 0)) integral += increment;
      output = clampPercent(proportional + integral + derivative);
      return output;
    },
    hold: (setpoint, measured) => {
      previousMeasured = measured;
      integral = output - tuning.gain * (setpoint - measured);
      return output;
    },
  };
}
