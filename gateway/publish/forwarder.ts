// Forwards the log's records to one receiver, at least once and in order (AUD-10): reads behind a durable cursor, which
// moves only after the receiver acknowledged. One forwarder a receiver, so that none waits for another. Called by
// assembly/forwarding.ts. Never holds up the log: it reads what is durable, and a receiver that is away costs one batch.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { ForwardCursor, ReadForward, Receiver } from './ports.ts';

/** Records sent together at most; halved after a failure (a body may be too large), doubled after a success. */
export const largestBatch = 200;
/** How often an idle forwarder looks whether the log has grown: a number in memory, no query. */
const idleMs = 200;
/** One delivery, acknowledgement included. */
const deliveryTimeoutMs = 30_000;
/** Failures in a row before the loss is a record. */
const failuresUntilRecorded = 3;

export type ForwarderParts = {
  readonly name: string;
  readonly receiver: Receiver;
  readonly read: ReadForward;
  readonly cursor: ForwardCursor;
  /** Number of durable records. */
  readonly size: () => number;
  /** Kinds to forward, or beginnings that end with a dot; null: all. */
  readonly kinds: readonly string[] | null;
  /** Where a receiver that was never heard of begins: -1 for the whole log, else the number before its first record. */
  readonly beginAfter: number;
  readonly append: (draft: RecordDraft) => Promise<unknown>;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type ForwarderView = {
  readonly state: 'starting' | 'delivering' | 'lost';
  /** Records that it has still to acknowledge or that are still to be looked at. */
  readonly behind: number;
  /** Since when it is lost, ms since the epoch. */
  readonly lostSinceMs: number | null;
};

export type Forwarder = {
  readonly name: string;
  readonly view: () => ForwarderView;
  /** Ends a delivery that is under way; what was not acknowledged is sent again by the next start. */
  readonly stop: () => Promise<void>;
};

/** 0.5 s, doubling to 30 s. */
export function againAfterMs(failures: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(failures - 1, 10));
}

export function startForwarder(parts: ForwarderParts): Forwarder {
  const stopping = new AbortController();
  const { signal } = stopping;
  let cursor: number | null = null;
  let state: ForwarderView['state'] = 'starting';
  let batch = largestBatch;
  let failures = 0;
  let lostSinceMs: number | null = null;
  let lossRecorded = false;

  const record = (kind: RecordDraft['kind'], detail: RecordDraft['detail']): void => {
    const subject = `receiver:${parts.name}`;
    parts
      .append({
        kind,
        actor: null,
        terminal: null,
        address: null,
        subject,
        ...(detail === undefined ? {} : { detail }),
      })
      .catch((fault: unknown) => parts.reportFault(`${kind} of receiver ${parts.name} could not be recorded`, fault));
  };

  const failed = async (fault: unknown): Promise<void> => {
    failures += 1;
    state = 'lost';
    lostSinceMs ??= parts.now();
    batch = Math.max(1, Math.floor(batch / 2));
    if (failures === 1) parts.reportFault(`receiver ${parts.name} does not take records; they are kept for it`, fault);
    if (failures === failuresUntilRecorded) {
      lossRecorded = true;
      record('forwarding.lost', {
        since: new Date(lostSinceMs).toISOString(),
        waiting: parts.size() - 1 - (cursor ?? parts.beginAfter),
        error: textOf(fault),
      });
    }
    await parts.wait(againAfterMs(failures), signal);
  };

  const worked = (): void => {
    if (lossRecorded && lostSinceMs !== null)
      record('forwarding.restored', { lostSince: new Date(lostSinceMs).toISOString() });
    failures = 0;
    lossRecorded = false;
    lostSinceMs = null;
    state = 'delivering';
    batch = Math.min(largestBatch, batch * 2);
  };

  const begin = async (): Promise<number> => {
    const kept = await parts.cursor.read(parts.name);
    if (kept === null) {
      await parts.cursor.move(parts.name, parts.beginAfter);
      return parts.beginAfter;
    }
    if (kept < parts.size()) return kept;
    // Nobody acknowledged what the log does not hold: the cursor is not to be believed. Twice is better than never.
    record('forwarding.skipped', { code: 'cursor-beyond-log', cursor: kept, size: parts.size() });
    return -1;
  };

  const step = async (): Promise<void> => {
    if (cursor === null) {
      cursor = await begin();
      state = 'delivering';
    }
    const end = parts.size();
    if (cursor + 1 >= end) {
      await parts.wait(idleMs, signal);
      return;
    }
    const records = await parts.read(cursor, end, batch);
    const missingTo = (records[0]?.seq ?? end) - 1;
    if (missingTo > cursor) {
      // Archived meanwhile, or taken out by somebody: said, and gone on behind it.
      record('forwarding.skipped', { code: 'not-in-the-log-any-more', from: cursor + 1, to: missingTo });
      await moveTo(missingTo);
      return;
    }
    const wanted = records.filter(({ record: { kind } }) => isWanted(parts.kinds, kind));
    if (wanted.length > 0) {
      await parts.receiver.deliver(wanted, AbortSignal.any([signal, AbortSignal.timeout(deliveryTimeoutMs)]));
    }
    worked();
    await moveTo(records.at(-1)?.seq ?? missingTo);
  };

  /** Where the move cannot be kept, what was acknowledged is so all the same; a restart would send it again. */
  const moveTo = async (seq: number): Promise<void> => {
    cursor = seq;
    await parts.cursor.move(parts.name, seq);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await step();
      } catch (fault) {
        if (!signal.aborted) await failed(fault);
      }
    }
    await parts.receiver.close();
  };
  const running = run();

  return {
    name: parts.name,
    view: () => ({ state, behind: parts.size() - 1 - (cursor ?? parts.beginAfter), lostSinceMs }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

export function isWanted(kinds: readonly string[] | null, kind: string): boolean {
  return kinds === null || kinds.some((given) => (given.endsWith('.') ? kind.startsWith(given) : kind === given));
}

function textOf(fault: unknown): string {
  return (fault instanceof Error ? fault.message : String(fault)).slice(0, 300);
}
