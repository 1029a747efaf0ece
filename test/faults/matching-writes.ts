// Which command each write at the PLC belongs to. Over OPC UA the write says it itself (auditEntryId, CMD-12); over Modbus
// tag, value and time must do. Pure; called by judge.ts.
import type { ReceivedWrite } from '../../simulators/write-log.ts';
import type { CommandLife } from './command-life.ts';

export type Matched = {
  readonly byCommand: ReadonlyMap<string, readonly ReceivedWrite[]>;
  /** Writes that no durable, signed intent stands before. */
  readonly strays: readonly ReceivedWrite[];
};

/** A write leaves before the intent's notAfter; this much later it is at the PLC at the latest, on one machine. */
const wayMs = 1_000;

export function matchWrites(writes: readonly ReceivedWrite[], lives: readonly CommandLife[]): Matched {
  const byId = new Map(lives.map((life) => [life.id, life]));
  const byCommand = new Map<string, ReceivedWrite[]>();
  const strays: ReceivedWrite[] = [];
  const give = (life: CommandLife, write: ReceivedWrite): void => {
    byCommand.set(life.id, [...(byCommand.get(life.id) ?? []), write]);
  };
  const unnamed: ReceivedWrite[] = [];
  for (const write of writes) {
    if (write.protocol === 'modbus') {
      unnamed.push(write);
      continue;
    }
    const life = write.auditEntryId === null ? undefined : byId.get(write.auditEntryId);
    if (life !== undefined && fits(write, life)) give(life, write);
    else strays.push(write);
  }
  for (const [write, life] of assign(unnamed, lives)) {
    if (life !== null) give(life, write);
    else strays.push(write);
  }
  return { byCommand, strays };
}

/**
 * Before it there is an intent about exactly this, and the command is not closed yet; only one whose outcome is unknown may
 * still reach the PLC later. A refused write's value may be unknown to the device.
 */
function fits(write: ReceivedWrite, { tag, value, acceptedAtMs, notAfterMs, closedAtMs, state }: CommandLife): boolean {
  if (write.point !== tag || acceptedAtMs === null || notAfterMs === null) return false;
  if (write.at < Math.floor(acceptedAtMs) || write.at > notAfterMs + wayMs) return false;
  if (state !== 'unknown' && closedAtMs !== null && write.at > Math.ceil(closedAtMs)) return false;
  return write.value === null ? write.status === 'refused' : isSame(write.value, value);
}

/** 0: the command's outcome speaks for this write; 1: it allows for it; 2: it contradicts, so it is suspected last. */
function strangeness(write: ReceivedWrite, { state }: CommandLife): number {
  const told = write.status === 'refused' ? ['rejected'] : ['confirmed', 'failed'];
  if (state !== null && told.includes(state)) return 0;
  return state === 'unknown' || state === null ? 1 : 2;
}

/** What a float32 or a scaled register makes of the number. */
export function isSame(one: unknown, other: unknown, tolerance = 1e-4): boolean {
  if (typeof one === 'number' && typeof other === 'number') return Math.abs(one - other) <= tolerance;
  return one === other;
}

/**
 * Each write to one intent and each intent to one write as far as that is possible (augmenting paths, the least strange
 * pairs first); a write for which no intent is left goes to one that has a write already, and the judge sees two.
 */
function assign(
  writes: readonly ReceivedWrite[],
  lives: readonly CommandLife[],
): readonly (readonly [ReceivedWrite, CommandLife | null])[] {
  const candidates = writes.map((write) =>
    lives
      .filter((life) => fits(write, life))
      .map((life) => ({ life, strange: strangeness(write, life) }))
      .toSorted((a, b) => a.strange - b.strange),
  );
  const writeOf = new Map<string, number>();
  const place = (write: number, most: number, tried: Set<string>): boolean => {
    for (const { life, strange } of candidates[write] ?? []) {
      if (strange > most || tried.has(life.id)) continue;
      tried.add(life.id);
      const holder = writeOf.get(life.id);
      if (holder === undefined || place(holder, most, tried)) {
        writeOf.set(life.id, write);
        return true;
      }
    }
    return false;
  };
  for (const most of [0, 1, 2]) {
    const placed = new Set(writeOf.values());
    for (const write of writes.keys()) if (!placed.has(write)) place(write, most, new Set());
  }
  const commandOf = new Map([...writeOf].map(([id, write]) => [write, id]));
  return writes.map((write, index) => {
    const options = (candidates[index] ?? []).map(({ life }) => life);
    return [write, options.find(({ id }) => id === commandOf.get(index)) ?? options[0] ?? null] as const;
  });
}
