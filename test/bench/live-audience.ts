// The bench's end of live-clients.ts: starts the clients' process, knows how many frames all of them have had, and sends a
// stream of frames no faster than they are taken. Used by the fan-out case.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Audience = {
  /**
   * Calls `send` for `frames` frames, never more than `window` ahead of the clients; updates delivered per second of
   * elapsed time, from the first frame sent to the last received. Rejects when a client is lost or taken for slow.
   */
  readonly stream: (frames: number, updatesAFrame: number, send: (at: number) => void) => Promise<number>;
  readonly close: () => Promise<void>;
};

type Told = { readonly joined?: number; readonly received?: number; readonly fault?: string };

/** Below the product's bound for slow clients (8), so that none of them is let out; the same for the floor. */
const window = 4;

/** `area` null: the bare floor's clients, which join nothing and get no snapshot. */
export async function openAudience(url: string, clients: number, area: string | null): Promise<Audience> {
  const script = fileURLToPath(new URL('./live-clients.ts', import.meta.url));
  const child: ChildProcess = fork(script, [url, String(clients), ...(area === null ? [] : [area])]);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let received = 0;
  let wake: () => void = () => undefined;
  let fail: (fault: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const joined = new Promise<void>((resolve) => {
    child.on('message', (told: Told) => {
      if (told.fault !== undefined) fail(new Error(told.fault));
      if (told.joined !== undefined) resolve();
      if (told.received !== undefined) received = told.received;
      wake();
    });
  });
  child.once('exit', () => fail(new Error('the clients ended')));
  const until = async (frames: number): Promise<void> => {
    while (received < frames * clients) {
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), failed]);
    }
  };

  await Promise.race([joined, failed]);
  const snapshots = area === null ? 0 : 1;
  await until(snapshots);
  let sent = snapshots;
  return {
    stream: async (frames, updatesAFrame, send) => {
      const startedMs = performance.now();
      for (let at = 0; at < frames; at++) {
        await until(sent - window + 1);
        send(at);
        sent += 1;
      }
      await until(sent);
      return (frames * updatesAFrame * clients) / ((performance.now() - startedMs) / 1000);
    },
    close: async () => {
      child.disconnect();
      await ended;
    },
  };
}
