// The last minutes of every numeric tag, in memory, for the small trends on the screens (contract `Recent`). Listens to
// the tag store; asked by http/routes. Bounded: at most 900 points a tag, one a second; older ones are overwritten.
// It is no history: nothing of it survives a restart.
import type { TagId } from '../contract/ids.ts';
import type { Recent } from '../contract/tag.ts';
import { qualities } from '../contract/values.ts';
import type { SampleBatch } from '../plant/sample.ts';
import type { Tag } from '../plant/tag.ts';

const spanMs = 15 * 60_000;
const stepMs = 1000;
const mostPoints = spanMs / stepMs;
const firstPoints = 32;

/** One tag's points in a ring that grows to its bound; a steady tag costs next to nothing. */
class Ring {
  #times = new Float64Array(firstPoints);
  #values = new Float64Array(firstPoints);
  #qualities = new Uint8Array(firstPoints);
  #start = 0;
  #count = 0;

  /** Adds a point, or replaces the last one where that is of the same second. */
  put(timeMs: number, value: number, quality: number): void {
    const last = this.#at(this.#count - 1);
    const sameStep = this.#count > 0 && timeMs - (this.#times[last] ?? 0) < stepMs;
    // A change of quality is never folded away: it is what a reader of the trend must see.
    if (sameStep && this.#qualities[last] === quality) {
      this.#values[last] = value;
      return;
    }
    if (this.#count === this.#times.length && this.#count < mostPoints) this.#grow();
    let at: number;
    if (this.#count < this.#times.length) {
      at = this.#at(this.#count);
      this.#count += 1;
    } else {
      at = this.#start;
      this.#start = (this.#start + 1) % this.#times.length;
    }
    this.#times[at] = timeMs;
    this.#values[at] = value;
    this.#qualities[at] = quality;
  }

  /** Oldest first, from `fromMs` on; the value that held at `fromMs` comes first, at that time; `untilMs` closes it. */
  read(fromMs: number, untilMs: number): { times: number[]; values: (number | null)[]; qualities: number[] } {
    const times: number[] = [];
    const values: (number | null)[] = [];
    const codes: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      const at = this.#at(i);
      const timeMs = this.#times[at] ?? 0;
      const next = i + 1 < this.#count ? (this.#times[this.#at(i + 1)] ?? 0) : Number.POSITIVE_INFINITY;
      if (timeMs < fromMs && next <= fromMs) continue;
      const value = this.#values[at] ?? Number.NaN;
      times.push(Math.max(timeMs, fromMs));
      values.push(Number.isNaN(value) ? null : value);
      codes.push(this.#qualities[at] ?? 0);
    }
    const last = times.length - 1;
    if (last >= 0 && (times[last] ?? 0) < untilMs) {
      times.push(untilMs);
      values.push(values[last] ?? null);
      codes.push(codes[last] ?? 0);
    }
    return { times, values, qualities: codes };
  }

  #at(i: number): number {
    return (this.#start + i + this.#times.length) % this.#times.length;
  }

  /** Only called before the ring has ever turned, so that points lie in order. */
  #grow(): void {
    const size = Math.min(mostPoints, this.#times.length * 2);
    const times = new Float64Array(size);
    const values = new Float64Array(size);
    const codes = new Uint8Array(size);
    times.set(this.#times);
    values.set(this.#values);
    codes.set(this.#qualities);
    this.#times = times;
    this.#values = values;
    this.#qualities = codes;
  }
}

export class RecentTrends {
  readonly #rings: (Ring | undefined)[];
  readonly #now: () => number;

  /** `now`: wall clock, ms since the epoch. Points carry arrival time, so that all tags share one axis. */
  constructor(tags: readonly Tag[], now: () => number) {
    this.#now = now;
    this.#rings = tags.map((tag) => (isNumeric(tag) ? new Ring() : undefined));
  }

  /** A listener of the tag store. */
  take(batch: SampleBatch): void {
    const nowMs = this.#now();
    for (const { index, value, quality } of batch) {
      const ring = this.#rings[index];
      if (ring === undefined) continue;
      // Out of a bad sample only the gap is of use: its value is the last good one.
      const number = quality === 'bad' ? Number.NaN : typeof value === 'boolean' ? Number(value) : value;
      ring.put(nowMs, typeof number === 'number' ? number : Number.NaN, qualities.indexOf(quality));
    }
  }

  /** The last 15 minutes of these tags; texts and 64-bit integers have no points. `current` is the quality code now. */
  read(tags: readonly Tag[]): Recent {
    const nowMs = this.#now();
    return {
      tags: tags.map((tag) => {
        const points = this.#rings[tag.index]?.read(nowMs - spanMs, nowMs) ?? { times: [], values: [], qualities: [] };
        const id: TagId = tag.id;
        return { id, timesMs: points.times, values: points.values, qualities: points.qualities };
      }),
    };
  }
}

function isNumeric(tag: Tag): boolean {
  return tag.dataType !== 'string' && tag.dataType !== 'int64' && tag.dataType !== 'uint64';
}
