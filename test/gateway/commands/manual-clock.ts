// A clock that tests move: `now` and `wait` for the code under test. Nothing sleeps; `until` lets pending work run and
// goes to the next due time only when the work is waiting for it.
import { setImmediate } from 'node:timers/promises';

/** Farthest jump that `until` makes by itself: expiries of minutes are reached by `advance` alone. */
const farthestJumpMs = 61_000;

export class ManualClock {
  #nowMs: number;
  #waiting: { readonly dueMs: number; readonly go: () => void }[] = [];

  constructor(startMs = Date.parse('2026-04-17T08:00:00.000Z')) {
    this.#nowMs = startMs;
  }

  readonly now = (): number => this.#nowMs;

  readonly wait = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ dueMs: this.#nowMs + ms, go: resolve });
    return promise;
  };

  iso(): string {
    return new Date(this.#nowMs).toISOString();
  }

  /** Goes forward, waking everything that falls due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms;
    for (;;) {
      await idle();
      const next = this.#next();
      if (next === undefined || next.dueMs > targetMs) break;
      this.#goTo(next.dueMs);
    }
    this.#nowMs = targetMs;
    await idle();
  }

  /** Runs until the promise settles, jumping from due time to due time. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => undefined);
    while (!settled) {
      await idle();
      if (settled) break;
      const next = this.#next();
      if (next !== undefined && next.dueMs - this.#nowMs <= farthestJumpMs) this.#goTo(next.dueMs);
    }
    return promise;
  }

  #next(): { readonly dueMs: number } | undefined {
    return this.#waiting.toSorted((left, right) => left.dueMs - right.dueMs)[0];
  }
  #goTo(dueMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    const due = this.#waiting.filter((one) => one.dueMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter((one) => one.dueMs > this.#nowMs);
    for (const { go } of due) go();
  }
}

/** Work under way that turns of the event loop do not wait for: in Node's thread pool, or at a database. */
let outsideWork = 0;

/** The clock stands still until this work is done. */
export async function whileClockStands<T>(work: Promise<T>): Promise<T> {
  outsideWork += 1;
  try {
    return await work;
  } finally {
    outsideWork -= 1;
  }
}

const { subtle } = globalThis.crypto;
for (const name of ['sign', 'verify', 'importKey'] as const) {
  const call: (...given: never[]) => Promise<unknown> = subtle[name].bind(subtle);
  const counted = (...given: never[]): Promise<unknown> => whileClockStands(call(...given));
  Object.defineProperty(subtle, name, { value: counted, configurable: true });
}

/** Turns of the event loop until promises have run and no work outside is under way, however busy the machine is. */
async function idle(): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet++) {
    await setImmediate();
    if (outsideWork > 0) quiet = -1;
  }
}
