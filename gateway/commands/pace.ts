// How fast a setpoint may be moved by commands (CMD-2): a limit of change within a time, and a least time between
// writes. Counted from the log, so that a restart forgets nothing. Pure; asked in asking.ts and again by gate.ts.
import type { TagId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { TagValue } from '../contract/values.ts';
import { distance, magnitude, type WritableTag, withUnit } from './checks.ts';
import { acceptedDetailSchema, type CommandRecord } from './command-record.ts';
import { inWords } from './value-text.ts';

/** A write that reached the device, or may have. */
export type Move = {
  readonly command: string;
  readonly atMs: number;
  readonly from: TagValue;
  readonly to: TagValue;
};

/** The stages of all commands for a tag whose records are not older than `sinceMs`, oldest first. */
export type ReadStages = (tag: TagId, sinceMs: number) => Promise<readonly CommandRecord[]>;

/** From the intent's record to the answer to its write at most; as far as that the log is read beyond the limits. */
const writeTakesMs = 60_000;

/** Since when the log must be read for the tag's limits; null where it has none. */
export function paceSinceMs(tag: WritableTag, nowMs: number): number | null {
  const { rate, minIntervalMs } = tag.setpoint;
  if (rate === null && minIntervalMs === null) return null;
  return nowMs - Math.max(rate?.withinMs ?? 0, minIntervalMs ?? 0) - writeTakesMs;
}

/**
 * The moves among the records. An accepted command counts unless its record says that nothing reached the device or that
 * the device refused it; at the time of its write, or, where that is not known, at the last moment it could have left.
 */
export function movesOf(records: readonly CommandRecord[]): readonly Move[] {
  const moves = new Map<string, Move>();
  for (const { kind, command, detail, time, old, new: to } of records) {
    if (command === undefined) continue;
    if (kind === 'command.accepted') {
      const accepted = acceptedDetailSchema.safeParse(detail);
      const atMs = Date.parse(accepted.success ? accepted.data.notAfter : time);
      moves.set(command, { command, atMs, from: asValue(old), to: asValue(to) });
    }
    const move = moves.get(command);
    if (move === undefined) continue;
    if (kind === 'command.written') {
      const atMs = Date.parse(typeof detail?.at === 'string' ? detail.at : time);
      moves.set(command, { ...move, atMs });
    }
    const unmoved = kind === 'command.refused' || kind === 'command.rejected';
    if (unmoved || (kind === 'command.failed' && detail?.code === 'not-sent')) moves.delete(command);
  }
  return [...moves.values()];
}

/**
 * Refuses command-too-soon and rate-exceeded. `observed` is the setpoint's value now; `own` is the command that asks,
 * which does not count against itself. A move in the future (a clock that was set back) counts as one just made.
 */
export function checkPace(
  tag: WritableTag,
  value: TagValue,
  observed: TagValue,
  moves: readonly Move[],
  nowMs: number,
  own: string | null = null,
): { readonly ok: true } | Refusal {
  const { rate, minIntervalMs } = tag.setpoint;
  const others = moves.filter(({ command }) => command !== own);
  if (minIntervalMs !== null) {
    const lastMs = Math.max(Number.NEGATIVE_INFINITY, ...others.map(({ atMs }) => atMs));
    const leftMs = Math.min(minIntervalMs, lastMs + minIntervalMs - nowMs);
    if (leftMs > 0)
      return refuse(
        'command-too-soon',
        `${tag.id} may be changed once in ${inTime(minIntervalMs)}. The next change is possible in ${inTime(leftMs)}.`,
      );
  }
  if (rate === null) return { ok: true };
  const recent = others.filter(({ atMs }) => atMs > nowMs - rate.withinMs);
  const to = magnitude(tag, value);
  for (const held of [observed, ...recent.flatMap((move) => [move.from, move.to])]) {
    const from = magnitude(tag, held);
    if (from === null || to === null || distance(from, to) <= rate.max * (1 + 1e-7)) continue;
    return refuse(
      'rate-exceeded',
      `Within the last ${inTime(rate.withinMs)} ${tag.id} was at ${inWords(tag, held)}. In that time it may move by at most ${withUnit(tag, rate.max)}. Wait, or go less far.`,
      { field: 'value' },
    );
  }
  return { ok: true };
}

function asValue(json: CommandRecord['old']): TagValue {
  return json === undefined || json === null || typeof json === 'object' ? null : json;
}

/** `45 s`, `10 min`, `2.5 h`; rounded up. */
function inTime(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 360) / 10} h`;
}
