// Loss and return of PLCs as records (AUD-1). Fed by main.ts with every change of a connection's state; what cannot be
// recorded at once waits, in order, and is recorded with the time at which it happened. Never holds up the drivers.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { ConnectionView } from '../contract/tag.ts';
import type { AppendAudit } from '../identity/ports.ts';

/** Beyond this the oldest wait is dropped and counted in the next record. */
const longestQueue = 1000;
const againAfterMs = 1000;

export type ConnectionRecords = {
  readonly take: (view: ConnectionView) => void;
  /** Stops trying; what still waits is lost with the process, as the connection states are. */
  readonly stop: () => void;
};

/** `wait` resolves after so many ms, on the clock of whoever assembles. */
export function connectionRecords(append: AppendAudit, wait: (ms: number) => Promise<void>): ConnectionRecords {
  const recorded = new Map<string, 'connected' | 'lost'>();
  const waiting: RecordDraft[] = [];
  let dropped = 0;
  let busy = false;
  let stopped = false;

  async function write(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let draft = waiting[0]; draft !== undefined && !stopped; draft = waiting[0]) {
      try {
        await append(dropped === 0 ? draft : { ...draft, detail: { ...draft.detail, droppedBefore: dropped } });
        dropped = 0;
        waiting.shift();
      } catch {
        // The log is away; it says so itself, and the drafts keep.
        await wait(againAfterMs);
      }
    }
    busy = false;
  }

  return {
    take(view) {
      const before = recorded.get(view.id);
      const now = view.state === 'connected' ? 'connected' : view.state === 'lost' ? 'lost' : before;
      if (now === undefined || now === before) return;
      recorded.set(view.id, now);
      if (waiting.length >= longestQueue) {
        // The first is under way; the oldest behind it gives room.
        waiting.splice(1, 1);
        dropped++;
      }
      waiting.push({
        kind: now === 'connected' ? 'connection.restored' : 'connection.lost',
        actor: null,
        terminal: null,
        address: null,
        subject: `connection:${view.id}`,
        old: before ?? 'never connected',
        new: now,
        detail: { endpoint: view.endpoint, since: view.since, error: view.error },
      });
      void write();
    },
    stop: () => {
      stopped = true;
    },
  };
}
