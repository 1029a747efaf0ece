// Seeded noise for the plant model: the same seed gives the same plant, step for step. Called by the process models.
// It never reads a clock or the system's random source.

export type Random = {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** Normally distributed, mean 0, standard deviation 1. */
  readonly gaussian: () => number;
};

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, ample for noise and not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  // Box-Muller; both draws are spent on each number, so that the sequence does not depend on who asks.
  const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, gaussian };
}
