// What the log accounts for of one writable point, and which of the values seen in the device it does not (CMD-11).
// Fed by unattributed-watch.ts with what the device showed and with the commands of the point, in any order in which a
// notification of our own write may come: before or after the write's reply and its read-back. Pure: no clock, no log.
import type { CommandState } from '../contract/command-state.ts';
import type { Quality, TagValue } from '../contract/values.ts';
import { sameValue } from '../plant/device-value.ts';

/** A usable value that the device showed. `outage`: the first one after the PLC or the gateway was away. */
export type Seen = {
  readonly value: TagValue;
  readonly quality: Quality;
  readonly sourceTimeMs: number;
  /** When it arrived here. */
  readonly atMs: number;
  readonly outage: boolean;
};

/** A change that nothing in the log explains. `command`: one of ours was open meanwhile, or had just ended. */
export type Move = { readonly from: TagValue; readonly seen: Seen; readonly command: string | null };

/** An accepted command: from here on its value may appear in the device. */
export type OpenCommand = { readonly id: string; readonly observed: TagValue; readonly value: TagValue };

/** How it ended. `readBack` is what the device held when it was read for it; null where it was not read. */
export type CommandEnd = { readonly state: CommandState; readonly readBack: TagValue };

export type AttributionRules = {
  /** Engineering units: within it the device cannot be said to hold another value. */
  readonly tolerance: number;
  /** How far notifications may run behind a direct read of the device. */
  readonly lagMs: number;
  /** Where a pulse goes back to by itself; null for a point that stays as it is written. */
  readonly rest: TagValue;
};

type Open = OpenCommand & {
  /** What was accounted for when it was opened. */
  readonly base: readonly TagValue[];
  /** And when its value was seen; null: it was not seen yet. */
  before: readonly TagValue[] | null;
};

/** Notifications may run behind a direct read of the device by this much; after it, what was last shown is what counts. */
type Lag = { readonly alsoFine: readonly TagValue[]; readonly endsAtArrival: boolean; readonly untilMs: number };

export class AttributedValue {
  readonly #rules: AttributionRules;
  /** What the device may hold by the log: the first is the one to name as old. Empty: nothing is known yet. */
  #at: readonly TagValue[] = [];
  /** What a write whose outcome is unknown may have brought, or may still bring. */
  #perhaps: readonly TagValue[] = [];
  #open: Open[] = [];
  /** Moves seen while a command was open: told when its end says whose they were. */
  #held: Move[] = [];
  #seen: Seen | null = null;
  #lag: Lag | null = null;

  constructor(rules: AttributionRules) {
    this.#rules = rules;
  }

  get isKnown(): boolean {
    return this.#at.length > 0;
  }
  get isLagging(): boolean {
    return this.#lag !== null;
  }

  /** The log names this value as what the device holds. */
  set(...values: readonly TagValue[]): void {
    this.#at = values;
    this.#perhaps = [];
    this.#lag = null;
  }

  /** The device showed a value: the moves that nothing explains, as far as they can be told now. The first value ever explains itself. */
  take(seen: Seen): readonly Move[] {
    this.#seen = seen;
    const move = this.#judge(seen);
    if (move === null) return [];
    if (this.#open.length === 0) return [move];
    this.#held.push(move);
    return [];
  }

  opened(command: OpenCommand): void {
    if (this.#open.some((one) => one.id === command.id)) return;
    if (!this.isKnown) this.#at = [command.observed];
    this.#open.push({ ...command, base: this.#at, before: null });
  }

  /** The command's end, at `nowMs`. What was held back, and what the device last showed, is judged by it. */
  closed(id: string, end: CommandEnd, nowMs: number): readonly Move[] {
    const command = this.#open.find((one) => one.id === id);
    if (command === undefined) return [];
    this.#open = this.#open.filter((one) => one !== command);
    this.#settle(command, end, nowMs);
    if (this.#open.length > 0) return [];
    const moves = this.#held;
    this.#held = [];
    const now = this.#seen === null ? null : this.#judge(this.#seen);
    return [...moves, ...(now === null ? [] : [{ ...now, command: now.command ?? id }])];
  }

  /** A person's finding about a command whose outcome was unknown (CMD-6). */
  resolved(value: TagValue, found: 'reached' | 'not-reached'): void {
    if (!this.#isOneOf(value, this.#perhaps)) return;
    if (found === 'reached') this.set(value);
    else this.#perhaps = this.#perhaps.filter((one) => !this.#same(one, value));
  }

  /** To be called now and then while `isLagging`: after that time the value last shown must be explained. */
  expire(nowMs: number): readonly Move[] {
    if (this.#lag === null || nowMs <= this.#lag.untilMs) return [];
    this.#lag = null;
    if (this.#seen === null || this.#open.length > 0) return [];
    const move = this.#judge(this.#seen);
    return move === null ? [] : [move];
  }

  #judge(seen: Seen): Move | null {
    const { value } = seen;
    if (!this.isKnown) {
      this.#at = [value];
      return null;
    }
    if (this.#isOneOf(value, this.#at)) {
      if (this.#lag?.endsAtArrival === true) this.#lag = null;
      return null;
    }
    const reached = this.#open.find((one) => one.before === null && this.#same(one.value, value));
    if (reached !== undefined) {
      reached.before = this.#at;
      this.#at = [reached.value];
      return null;
    }
    if (
      this.#lag !== null &&
      seen.atMs <= this.#lag.untilMs &&
      isWithin(value, this.#lag.alsoFine, this.#rules.tolerance)
    )
      return null;
    if (this.#isOneOf(value, this.#perhaps)) {
      this.set(value);
      return null;
    }
    if (this.#same(value, this.#rules.rest)) {
      this.#at = [value];
      return null;
    }
    const [from = null] = this.#at;
    const settling = this.#open.some(
      (one) => one.before === null && isWithin(value, [from, one.value], this.#rules.tolerance),
    );
    if (settling) return null;
    this.#at = [value];
    return { from, seen, command: this.#open[0]?.id ?? null };
  }

  #settle(command: Open, { state, readBack }: CommandEnd, nowMs: number): void {
    const { value, base, before } = command;
    if (state === 'confirmed') {
      const held = readBack === null ? [value] : [value, readBack];
      if (before === null) {
        // The read-back was quicker than the notification: until that comes, the old value may still be shown.
        const alsoFine = [...this.#at, value];
        this.set(...held);
        this.#lag = { alsoFine, endsAtArrival: true, untilMs: nowMs + this.#rules.lagMs };
      } else if (this.#isOneOf(value, this.#at)) this.set(...held);
      return;
    }
    if (state === 'unknown' || (state === 'failed' && readBack !== null)) {
      if (state === 'failed' && this.#isOneOf(readBack, base)) {
        // Written, and gone back by itself: its own record says so, and the notifications may be anywhere in between.
        const gone = (move: Move) => this.#isOneOf(move.seen.value, [...base, value]);
        this.#held = this.#held.filter((move) => !gone(move));
        this.#at = base;
        this.#lag = { alsoFine: [...base, value], endsAtArrival: false, untilMs: nowMs + this.#rules.lagMs };
        if (this.#seen !== null && gone({ from: null, seen: this.#seen, command: null }))
          this.#seen = { ...this.#seen, value: readBack };
      }
      if (before === null || state === 'failed') this.#perhaps = [...this.#perhaps, value];
      return;
    }
    // Nothing was written: whoever brought the value there, it was not this command.
    if (before !== null)
      this.#held.unshift({
        from: before[0] ?? null,
        seen: { ...(this.#seen ?? neverSeen), value },
        command: command.id,
      });
  }

  #isOneOf(value: TagValue, values: readonly TagValue[]): boolean {
    return values.some((one) => this.#same(one, value));
  }
  #same(left: TagValue, right: TagValue): boolean {
    return sameValue(left, right, this.#rules.tolerance);
  }
}

const neverSeen: Seen = { value: null, quality: 'bad', sourceTimeMs: 0, atMs: 0, outage: false };

/** Equal to one of the values, or, for numbers, on the way from one to another. */
function isWithin(value: TagValue, values: readonly TagValue[], tolerance: number): boolean {
  if (values.some((one) => sameValue(one, value, tolerance))) return true;
  const numbers = values.filter((one) => typeof one === 'number');
  if (typeof value !== 'number' || numbers.length < 2) return false;
  return value >= Math.min(...numbers) && value <= Math.max(...numbers);
}
