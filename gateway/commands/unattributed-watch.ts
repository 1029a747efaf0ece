// Notices setpoints that change in the PLC without a command from here (CMD-11): listens to the tag store and to the
// desk, and puts on record what neither the log nor an open command explains. Made by main.ts. It refuses nothing,
// writes to no device, and never holds up who tells it something.
import type { CommandView } from '../contract/command.ts';
import type { TagId } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import type { UnattributedChange } from '../contract/unattributed-change.ts';
import type { Sample, SampleBatch } from '../plant/sample.ts';
import type { Tag } from '../plant/tag.ts';
import { foldAttributed, foundOf } from './attributed-history.ts';
import { AttributedValue, type AttributionRules, type Move, type Seen } from './attributed-value.ts';
import { isWritable, type WritableTag } from './checks.ts';
import { asRecord, type CommandRecord } from './command-record.ts';
import type { Wait } from './desk-ports.ts';
import type { AppendAudit, Now } from './ports.ts';
import {
  type BaselineReason,
  type Burst,
  baselineDraft,
  burstOf,
  joined,
  unattributedDraft,
} from './unattributed-burst.ts';
import { unattributedChange } from './unattributed-view.ts';

/** Moves within this of the first one share its record. */
const gatherMs = 1_000;
/** At most one record a point within this. */
const recordEveryMs = 10_000;
const againAfterMs = 1_000;
const tickMs = 250;
/** A notification may come this much after a direct read of the device showed the same; at least, see rulesOf. */
const shortestLagMs = 5_000;

/** Records of each writable point from its last accounting one on, oldest first; rejects with log-unavailable. */
export type ReadAttributedRecords = (tags: readonly TagId[]) => Promise<readonly CommandRecord[]>;

export type WatchPorts = {
  readonly now: Now;
  readonly wait: Wait;
  readonly append: AppendAudit;
  readonly tags: readonly Tag[];
  readonly readAttributedRecords: ReadAttributedRecords;
  /** True while the plant itself moves this setpoint (tracking, interlocks); a condition that cannot be told excludes nothing. */
  readonly movedByPlant: (tag: WritableTag) => boolean;
  /** Longest time for which the source of a tag may be silent, ms. */
  readonly lostAfterMs: (tag: Tag) => number;
  /** Tells the HMIs, when it is on record. Must not throw. */
  readonly announce: (change: UnattributedChange) => void;
  readonly reportFault: (context: string, fault: unknown) => void;
};

type Watched = {
  readonly tag: WritableTag;
  value: AttributedValue;
  /** No usable value since the start, or since the PLC was lost. */
  away: boolean;
  latest: Seen | null;
  burst: Burst | null;
  baseline: BaselineReason | null;
  dueMs: number;
  recordedMs: number;
  recording: boolean;
};

export type UnattributedWatch = {
  /** A listener of the tag store. */
  readonly take: (batch: SampleBatch) => void;
  /** Every change of a command, as the desk announces it. */
  readonly command: (view: CommandView) => void;
  /** Learns from the log what is accounted for, then watches; tries again while the log cannot be read. */
  readonly start: () => Promise<void>;
  /** Records what still waits, once, and ends. What the log will not take is found again at the next start. */
  readonly stop: () => Promise<void>;
};

export function watchUnattributed(ports: WatchPorts): UnattributedWatch {
  const byIndex: (Watched | undefined)[] = [];
  const byId = new Map<TagId, Watched>();
  for (const tag of ports.tags) {
    if (!isWritable(tag)) continue;
    const watched: Watched = {
      tag,
      value: new AttributedValue(rulesOf(tag)),
      away: true,
      latest: null,
      burst: null,
      baseline: null,
      dueMs: 0,
      recordedMs: Number.NEGATIVE_INFINITY,
      recording: false,
    };
    byIndex[tag.index] = watched;
    byId.set(tag.id, watched);
  }
  /** What must be looked at again: bounded by the number of writable points. */
  const attention = new Set<Watched>();
  /** Until the log has been read: the last value of each point (in `latest`), and what commands did meanwhile. */
  let learned = false;
  let early: CommandView[] = [];
  let stopped = false;

  function rulesOf(tag: WritableTag): AttributionRules {
    const lagMs = Math.max(shortestLagMs, 2 * ports.lostAfterMs(tag));
    return { tolerance: tag.setpoint.tolerance, lagMs, rest: tag.setpoint.confirm.rest };
  }

  function show(watched: Watched, sample: Sample): void {
    if (sample.quality === 'bad' || sample.value === null) {
      watched.away = true;
      return;
    }
    const { value, quality, sourceTimeMs } = sample;
    const seen: Seen = { value, quality, sourceTimeMs, atMs: ports.now(), outage: watched.away };
    watched.latest = seen;
    if (!learned) return;
    watched.away = false;
    judge(watched, seen);
  }

  function judge(watched: Watched, seen: Seen): void {
    if (!watched.value.isKnown) plan(watched, 'first-seen');
    note(watched, watched.value.take(seen));
  }

  function note(watched: Watched, moves: readonly Move[]): void {
    if (watched.value.isLagging) attention.add(watched);
    for (const move of moves) {
      if (ports.movedByPlant(watched.tag)) plan(watched, 'moved-by-plant');
      else {
        if (watched.burst === null)
          watched.dueMs = Math.max(ports.now() + gatherMs, watched.recordedMs + recordEveryMs);
        watched.burst = joined(watched.burst, burstOf(move));
        attention.add(watched);
      }
    }
  }

  function plan(watched: Watched, why: BaselineReason): void {
    if (watched.baseline === null && watched.burst === null)
      watched.dueMs = why === 'first-seen' ? ports.now() : watched.recordedMs + recordEveryMs;
    watched.baseline ??= why;
    attention.add(watched);
  }

  function heed(view: CommandView): void {
    const watched = byId.get(view.tagId);
    if (watched === undefined) return;
    const { id, state, value, observed } = view;
    if (state === 'accepted' || state === 'written') {
      if (!watched.value.isKnown) plan(watched, 'first-seen');
      watched.value.opened({ id, observed: observed.value, value });
    } else if (state === 'resolved') {
      const found = foundOf(view.outcome?.code);
      if (found !== null) watched.value.resolved(value, found);
    } else note(watched, watched.value.closed(id, { state, readBack: view.readBack?.value ?? null }, ports.now()));
  }

  function tick(): void {
    const nowMs = ports.now();
    for (const watched of attention) {
      note(watched, watched.value.expire(nowMs));
      const waits = watched.burst !== null || watched.baseline !== null;
      if (waits && !watched.recording && nowMs >= watched.dueMs) void record(watched);
      if (!waits && !watched.recording && !watched.value.isLagging) attention.delete(watched);
    }
  }

  /** Appends what waits for one point; where the log does not take it, it waits on, together with what comes. */
  async function record(watched: Watched): Promise<void> {
    const { tag, burst, baseline, latest } = watched;
    const byPlant = ports.movedByPlant(tag);
    if (burst !== null && byPlant) {
      // The condition came a moment after the move that it explains.
      watched.burst = null;
      plan(watched, 'moved-by-plant');
      return;
    }
    // While the plant moves it, it is not over yet.
    if (burst === null && (latest === null || (byPlant && baseline === 'moved-by-plant' && !stopped))) return;
    watched.recording = true;
    watched.burst = null;
    watched.baseline = null;
    try {
      if (burst !== null) {
        const draft = unattributedDraft(tag, burst);
        const change = unattributedChange(asRecord(draft, await ports.append(draft)));
        if (change !== null) ports.announce(change);
      } else if (latest !== null && baseline !== null) await ports.append(baselineDraft(tag, latest, baseline));
      // The very first value makes nobody wait.
      if (burst !== null || baseline === 'moved-by-plant') watched.recordedMs = ports.now();
      if (watched.burst !== null) watched.dueMs = Math.max(watched.dueMs, watched.recordedMs + recordEveryMs);
    } catch (fault) {
      watched.burst = joined(burst, watched.burst);
      if (burst === null) watched.baseline ??= baseline;
      watched.dueMs = ports.now() + againAfterMs;
      if (!(fault instanceof GatewayError && fault.code === 'log-unavailable'))
        ports.reportFault(`a change of ${tag.id} outside of the gateway is not recorded yet`, fault);
    } finally {
      watched.recording = false;
    }
  }

  async function learn(): Promise<void> {
    for (;;) {
      try {
        const records = await ports.readAttributedRecords([...byId.keys()]);
        for (const [id, watched] of byId) {
          const own = records.filter((one) => one.subject === id);
          watched.value = foldAttributed(own, rulesOf(watched.tag));
        }
        break;
      } catch (fault) {
        if (stopped) return;
        ports.reportFault('what the log accounts for of the setpoints cannot be read yet', fault);
        await ports.wait(againAfterMs);
      }
    }
    learned = true;
    // Commands first: they explain what the device shows.
    for (const view of early) heed(view);
    early = [];
    for (const watched of byId.values()) {
      if (watched.latest === null) continue;
      judge(watched, { ...watched.latest, outage: true });
      watched.away = false;
    }
  }

  async function watch(): Promise<void> {
    while (!stopped) {
      await ports.wait(tickMs);
      if (!stopped) tick();
    }
  }

  return {
    take: (batch) => {
      for (const sample of batch) {
        const watched = byIndex[sample.index];
        if (watched !== undefined) show(watched, sample);
      }
    },
    command: (view) => {
      if (learned) heed(view);
      else if (early.length < 10_000) early.push(view);
    },
    start: async () => {
      await learn();
      void watch();
    },
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await Promise.all([...attention].filter((watched) => !watched.recording).map(record));
    },
  };
}
