// What a device showed of its writable points, and from when: the truth that the fault run holds against a read-back.
// Filled by device.ts whenever a value is looked at, by a client's read or by the device's own scan; it decides nothing.
import type { PointValue } from './plant/points.ts';

export type ShownValue = {
  /** Milliseconds since 1970; shown until the next one of its point. */
  readonly at: number;
  readonly value: PointValue;
};

export type ShownHistory = {
  /** Keeps changes only. Points that were not named at the start are not kept. */
  readonly note: (atMs: number, point: string, value: PointValue) => void;
  /** Every value that the point showed at some moment from `fromMs` to `toMs`, both included; oldest first. */
  readonly between: (point: string, fromMs: number, toMs: number) => readonly ShownValue[];
};

/** Changes kept of each point; the oldest are forgotten. */
const bound = 100_000;

export function createShownHistory(points: readonly string[]): ShownHistory {
  const histories = new Map<string, ShownValue[]>(points.map((point) => [point, []]));
  return {
    note: (at, point, value) => {
      const history = histories.get(point);
      if (history === undefined || Object.is(history.at(-1)?.value, value)) return;
      history.push({ at, value });
      if (history.length > bound * 1.1) history.splice(0, history.length - bound);
    },
    between: (point, fromMs, toMs) => {
      const history = histories.get(point) ?? [];
      return history.filter(({ at }, i) => at <= toMs && (history[i + 1]?.at ?? Number.POSITIVE_INFINITY) >= fromMs);
    },
  };
}
