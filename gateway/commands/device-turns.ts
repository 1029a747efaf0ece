// One command at a time per device address (CMD-7); different addresses go side by side. gate.ts takes a place before
// the intent is recorded, so that a full queue is refused while nothing has happened yet.

/** `ready` resolves when all earlier turns at the address are done; `done` must be called once, whatever happened. */
export type Turn = { readonly ready: Promise<void>; readonly done: () => void };
export type DeviceTurns = { readonly take: (deviceAddress: string) => Turn | null };

/** At most `bound` turns at an address, the running one included; `take` answers null beyond it. */
export function deviceTurns(bound: number): DeviceTurns {
  const lines = new Map<string, { count: number; last: Promise<void> }>();
  return {
    take(deviceAddress) {
      const line = lines.get(deviceAddress) ?? { count: 0, last: Promise.resolve() };
      if (line.count >= bound) return null;
      const ready = line.last;
      const { promise, resolve } = Promise.withResolvers<void>();
      line.count += 1;
      line.last = promise;
      lines.set(deviceAddress, line);
      let finished = false;
      const done = (): void => {
        if (finished) return;
        finished = true;
        line.count -= 1;
        if (line.count === 0) lines.delete(deviceAddress);
        // A turn given up before it began must not let the next one overtake a running one.
        void ready.then(resolve);
      };
      return { ready, done };
    },
  };
}
