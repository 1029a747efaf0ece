// First-order lag, the building block of both process models. Pure state with an explicit step; it never reads a clock.

export type Lag = {
  readonly value: () => number;
  /** Moves towards `target` for `dtSeconds` and returns the new value. */
  readonly step: (target: number, dtSeconds: number, timeConstantSeconds?: number) => number;
};

/** Exact for a target that is constant over the step, so that no step size makes it unstable. */
export function createLag(initial: number, timeConstantSeconds: number): Lag {
  let value = initial;
  return {
    value: () => value,
    step: (target, dtSeconds, otherTimeConstantSeconds = timeConstantSeconds) => {
      value += (target - value) * (1 - Math.exp(-dtSeconds / otherTimeConstantSeconds));
      return value;
    },
  };
}
