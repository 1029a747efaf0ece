// Timing in rounds: product and floor take turns, so that a slow minute of the machine falls on both. Used by the cases.
import type { Goal, Measurement } from './bench-case.ts';

/** Milliseconds of one round each, sorted. */
export type Side = readonly Float64Array[];

/** One call, which gives its own elapsed milliseconds: what it must prepare is not counted. */
export type Timed = () => Promise<number>;

/** A call that is timed as a whole. */
export function timed(work: () => Promise<unknown>): Timed {
  return async () => {
    const startedMs = performance.now();
    await work();
    return performance.now() - startedMs;
  };
}

/** `count` calls one after the other; their times, sorted. */
export async function round(count: number, call: Timed): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) times[index] = await call();
  return times.sort();
}

/**
 * Warm-up of both, then `rounds` (at least 3) of `count` calls each, floor and product in turn. The warm-up is a whole round:
 * a gateway runs for months, and its code is compiled for good only after some hundred calls; the floor has little to compile.
 */
export async function inTurns(
  rounds: number,
  count: number,
  sides: { readonly floor: Timed; readonly product: Timed },
): Promise<{ readonly floor: Side; readonly product: Side }> {
  if (rounds < 3) throw new RangeError('a case runs at least three times');
  await round(count, sides.floor);
  await round(count, sides.product);
  const floor: Float64Array[] = [];
  const product: Float64Array[] = [];
  for (let index = 0; index < rounds; index++) {
    floor.push(await round(count, sides.floor));
    product.push(await round(count, sides.product));
  }
  return { floor, product };
}

/** Nearest-rank quantile of sorted times; `q` from 0 to 1. */
export function quantile(sorted: Float64Array, q: number): number {
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no times were taken');
  return value;
}

/** The median over rounds of each round's quantile. */
export function overRounds(side: Side, q: number): number {
  return quantile(Float64Array.from(side, (times) => quantile(times, q)).sort(), 0.5);
}

/** Median and p99 lines of the table, in milliseconds. */
export function latencyMeasurements(
  sides: { readonly floor: Side; readonly product: Side },
  goals: { readonly median: Goal | null; readonly p99: Goal | null },
): readonly Measurement[] {
  return (
    [
      ['median', 0.5, goals.median],
      ['p99', 0.99, goals.p99],
    ] as const
  ).map(([measure, q, goal]) => ({
    measure,
    product: overRounds(sides.product, q),
    floor: overRounds(sides.floor, q),
    unit: 'ms',
    goal,
  }));
}
