// Keeps something outside at the log's newest checkpoint (AUD-3): a witness, a copy. One delivery at a time, always of the
// newest; what fails is tried again ever less often. Never holds up the log, and skips heads that nobody could take in time.
// Used by witnessing.ts and the copies.

export type Following = {
  /** Called when the log has a newer head. */
  readonly wake: () => void;
  /** Ends the wait and a delivery under way. */
  readonly stop: () => Promise<void>;
};

export type FollowingParts = {
  /** Delivers the newest head there is. False: there was none newer. Rejects where it could not. */
  readonly deliver: (signal: AbortSignal) => Promise<boolean>;
  /** Told of what deliver rejected with. */
  readonly failed: (fault: unknown) => void;
  /** Ends early when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Between two deliveries, ms: a busy log costs its followers one request in that time. */
  readonly pauseMs: number;
};

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/** 1 s, doubling to 60 s. */
function againAfterMs(failures: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10));
}

export function follow(parts: FollowingParts): Following {
  const stopping = new AbortController();
  const { signal } = stopping;
  let woken = true;
  let rouse: () => void = () => undefined;

  const sleep = async (): Promise<void> => {
    while (!woken && !signal.aborted)
      await new Promise<void>((resolve) => {
        rouse = resolve;
      });
    woken = false;
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await sleep();
        if (signal.aborted) return;
        if (await parts.deliver(signal)) await parts.wait(parts.pauseMs, signal);
        failures = 0;
      } catch (fault) {
        if (signal.aborted) return;
        failures += 1;
        parts.failed(fault);
        woken = true;
        await parts.wait(againAfterMs(failures), signal);
      }
    }
  };
  const running = run();

  return {
    wake: () => {
      woken = true;
      rouse();
    },
    stop: async () => {
      stopping.abort();
      rouse();
      await running;
    },
  };
}
