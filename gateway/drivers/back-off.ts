// How long to wait before the next attempt to reach a device. Called by drivers/reconnecting.ts.

/** Milliseconds before attempt `attempt` (from 0): doubling from 200 ms to a bound of 5 s, spread over its upper half. */
export function backOffMs(attempt: number, random: () => number): number {
  const full = Math.min(5000, 200 * 2 ** Math.min(attempt, 10));
  return full / 2 + (full / 2) * random();
}
