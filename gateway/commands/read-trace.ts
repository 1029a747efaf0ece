// What a command's own point answered to the gate, read by read (CMD-5): kept with the outcome's record, so that the curve
// around the write can be shown years later. Used by gate.ts. It reads nothing by itself and decides nothing.
import type { CommandView } from '../contract/command.ts';
import type { TagId } from '../contract/ids.ts';
import type { TagValue } from '../contract/values.ts';
import type { Now, ReadDevice } from './ports.ts';

export type Trace = NonNullable<CommandView['trace']>;

/** Points of a trace at most; beyond it every second one of the inner points goes. */
const mostPoints = 60;

export class ReadTrace {
  readonly #points: Trace[number][] = [];

  /** The same reads, noted where they are of `tag`. A read without a good value is noted as null, at the time of its answer. */
  over(readDevice: ReadDevice, tag: TagId, now: Now): ReadDevice {
    return async (asked, timeoutMs) => {
      const reading = await readDevice(asked, timeoutMs);
      if (asked.id === tag) {
        const good = reading.ok && reading.sample.quality === 'good';
        this.#note(good ? reading.sample.value : null, good ? reading.readAtMs : now());
      }
      return reading;
    };
  }

  /** Oldest first. */
  points(): Trace {
    return [...this.#points];
  }

  #note(value: TagValue, timeMs: number): void {
    const points = this.#points;
    const point = { value, time: new Date(timeMs).toISOString() };
    // Of a value that stays, the first and the last point say it all.
    if (points.length > 1 && points.slice(-2).every((known) => known.value === value)) points.pop();
    points.push(point);
    if (points.length <= mostPoints) return;
    const kept = points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
    points.splice(0, points.length, ...kept);
  }
}
