// What a command's point answered around the write, as a curve (CMD-5): seconds from the write, values on one axis. Pure.
// Called by components/write-curve.tsx. A read that failed is a gap; states that are no numbers get a step of their own.
import type { CommandView } from '../../gateway/contract/command.ts';
import type { TagValue } from '../../gateway/contract/values.ts';

export type CurvePoint = { readonly atS: number; readonly level: number | null; readonly value: TagValue };
export type WriteCurve = {
  readonly points: readonly CurvePoint[];
  /** Of the old and the new value. */
  readonly old: number | null;
  readonly wanted: number | null;
  readonly fromS: number;
  readonly toS: number;
  readonly low: number;
  readonly high: number;
};

/** Null where nothing was written, or nothing could be read around it. Times in seconds from the write's answer. */
export function writeCurve(
  command: Pick<CommandView, 'trace' | 'writtenAt' | 'value' | 'observed'>,
): WriteCurve | null {
  const { trace, writtenAt } = command;
  if (trace === undefined || trace.length === 0 || writtenAt === undefined) return null;
  const zeroMs = Date.parse(writtenAt);
  const levels = levelsOf([command.observed.value, command.value, ...trace.map(({ value }) => value)]);
  const points = trace.map(({ value, time }) => ({
    atS: (Date.parse(time) - zeroMs) / 1000,
    level: levels(value),
    value,
  }));
  const known = [levels(command.observed.value), levels(command.value), ...points.map(({ level }) => level)].filter(
    (level) => level !== null,
  );
  if (known.length === 0 || points.every(({ level }) => level === null)) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const air = (high - low) * 0.15 || Math.max(Math.abs(high), 1) * 0.05;
  const times = points.map(({ atS }) => atS);
  const [first, last] = [Math.min(0, ...times), Math.max(0, ...times)];
  const margin = Math.max((last - first) * 0.05, 0.1);
  return {
    points,
    old: levels(command.observed.value),
    wanted: levels(command.value),
    fromS: first - margin,
    toS: last + margin,
    low: low - air,
    high: high + air,
  };
}

/** Round steps for the time axis, about six of them. */
export function timeTicks(fromS: number, toS: number): readonly number[] {
  const span = toS - fromS;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300].find((candidate) => span / candidate <= 6) ?? 600;
  const ticks: number[] = [];
  for (let tick = Math.ceil(fromS / step); tick * step <= toS; tick++) ticks.push(Number((tick * step).toFixed(3)));
  return ticks;
}

/** Numbers as they are, false and true as 0 and 1, words in the order in which they came up. */
function levelsOf(values: readonly TagValue[]): (value: TagValue) => number | null {
  const words = [...new Set(values.filter((value) => typeof value === 'string'))];
  return (value) => {
    if (value === null) return null;
    if (typeof value === 'string') return words.indexOf(value);
    return Number(value);
  };
}
