// Waiting for a condition, for all tests. What is waited for comes in milliseconds; the patience is for a machine that is ten
// times slower and busy with other things, and costs time only where a test fails anyway.
import { setTimeout as pause } from 'node:timers/promises';

/** Far above what any step takes on a slow machine, and below the time that vitest gives a test (vitest.config.ts). */
export const patienceMs = 60_000;

/**
 * Polls every 10 ms until it holds, and hands back what it held with; what `holds` throws ends the waiting. Throws with
 * what was waited for after `withinMs`: shorter than patienceMs only where the bound itself is the promise.
 */
export async function until<T>(
  holds: () => T | Promise<T>,
  what: string,
  withinMs = patienceMs,
): Promise<NonNullable<Exclude<T, false>>> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await holds();
    if (answer !== false && answer !== undefined && answer !== null) return answer as NonNullable<Exclude<T, false>>;
    if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(10);
  }
}
