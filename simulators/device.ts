// One simulated controller between the plant and a protocol server: what it shows of a point, what it does with a write,
// and the faults of values (frozen, slow, reverting, refused). Called by both servers; faults of answers are theirs.
import type { FaultSource } from './faults/fault-board.ts';
import type { SimulatedPlant, WriteVerdict } from './plant/plant.ts';
import type { DeviceProtocol, PointValue } from './plant/points.ts';
import type { ShownHistory } from './shown-history.ts';

/** What the device did. `status` is what an injected `refuse-write` answers, whatever was done. */
export type DeviceVerdict = { readonly verdict: WriteVerdict | 'ignored' | 'refused'; readonly status: string | null };

export type Device = {
  /** What the device shows now, injected faults included. Throws on a point that the plant lacks. */
  readonly read: (point: string) => PointValue;
  /** What it would say to this value, refusals by fault excluded; changes nothing. */
  readonly judge: (point: string, value: PointValue) => WriteVerdict;
  readonly write: (point: string, value: PointValue) => DeviceVerdict;
  readonly stop: () => void;
};

type Settling = {
  readonly from: PointValue;
  readonly to: PointValue;
  readonly startedMs: number;
  readonly durationMs: number;
};

export function createDevice(
  protocol: DeviceProtocol,
  plant: SimulatedPlant,
  faults: FaultSource,
  nowMs: () => number,
  shown: ShownHistory,
): Device {
  const names = plant.points.filter((point) => point.protocol === protocol).map((point) => point.name);
  const frozen = new Map<string, PointValue>();
  const settling = new Map<string, Settling>();
  const reverting = new Map<string, NodeJS.Timeout>();

  const settle = (point: string): PointValue => {
    const actual = plant.read(point);
    const move = settling.get(point);
    if (move === undefined) return actual;
    const progress = (nowMs() - move.startedMs) / move.durationMs;
    if (progress >= 1 || move.to !== actual) {
      settling.delete(point);
      return actual;
    }
    if (typeof move.from !== 'number' || typeof move.to !== 'number') return move.from;
    const between = move.from + (move.to - move.from) * Math.max(0, progress);
    return Math.fround(between);
  };
  const read = (point: string): PointValue => {
    const value = frozen.get(point) ?? settle(point);
    shown.note(nowMs(), point, value);
    return value;
  };

  const cancelRevert = (point: string): void => {
    clearTimeout(reverting.get(point));
    reverting.delete(point);
  };

  const follow = (): void => {
    // Frozen at the injection, not at the next read: what happens in between must not show.
    for (const point of names) {
      const isFrozen = faults.find('freeze-value', { protocol, points: [point] }) !== null;
      if (isFrozen && !frozen.has(point)) frozen.set(point, settle(point));
      if (!isFrozen) frozen.delete(point);
    }
    if (faults.active().length > 0) return;
    // Cleared: what is still moving or about to go back is part of the fault and ends with it.
    settling.clear();
    for (const point of [...reverting.keys()]) cancelRevert(point);
  };
  const unsubscribe = faults.onChange(follow);
  follow();

  return {
    read,
    judge: plant.judge,
    write: (point, value) => {
      const question = { protocol, points: [point], on: 'writes' } as const;
      const refusal = faults.strike('refuse-write', question);
      const status = refusal === null ? null : (refusal.status ?? 'BadNotWritable');
      if (refusal !== null && refusal.when !== 'after-apply') return { verdict: 'refused', status };
      const before = plant.read(point);
      const judged = plant.judge(point, value);
      if (judged !== 'applied') return { verdict: judged, status };
      if (faults.strike('ignore-write', question) !== null) return { verdict: 'ignored', status };
      const shown = settle(point);
      const verdict = plant.write(point, value);
      // A later write overtakes what an earlier one left behind.
      cancelRevert(point);
      settling.delete(point);
      const slow = faults.strike('settle-slowly', question);
      if (slow !== null && slow.ms > 0) {
        settling.set(point, { from: shown, to: plant.read(point), startedMs: nowMs(), durationMs: slow.ms });
      }
      const revert = faults.strike('revert-value', question);
      if (revert !== null) {
        const timer = setTimeout(() => {
          reverting.delete(point);
          plant.write(point, before);
          read(point);
        }, revert.afterMs);
        timer.unref();
        reverting.set(point, timer);
      }
      read(point);
      return { verdict, status };
    },
    stop: () => {
      unsubscribe();
      for (const point of [...reverting.keys()]) cancelRevert(point);
    },
  };
}
