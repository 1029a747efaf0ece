// Unattributed changes of one point on their way to the log (CMD-11): moves close together become one record, and what
// the log cannot take waits here. Never drops a move: however long the log is away, a point has one burst, which counts.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { TagValue } from '../contract/values.ts';
import type { Tag } from '../plant/tag.ts';
import type { Move, Seen } from './attributed-value.ts';

export type Burst = {
  readonly old: TagValue;
  readonly first: Seen;
  readonly last: Seen;
  readonly count: number;
  /** Of numbers; null for other types. */
  readonly min: number | null;
  readonly max: number | null;
  readonly command: string | null;
};

export function burstOf({ from, seen, command }: Move): Burst {
  const size = typeof seen.value === 'number' ? seen.value : null;
  return { old: from, first: seen, last: seen, count: 1, min: size, max: size, command };
}

/** `later` came after `earlier`; either may be null. */
export function joined(earlier: Burst | null, later: Burst | null): Burst | null {
  if (earlier === null || later === null) return earlier ?? later;
  return {
    old: earlier.old,
    first: earlier.first,
    last: later.last,
    count: earlier.count + later.count,
    min: extreme(Math.min, earlier.min, later.min),
    max: extreme(Math.max, earlier.max, later.max),
    command: earlier.command ?? later.command,
  };
}

export function unattributedDraft(tag: Tag, burst: Burst): RecordDraft {
  const { first, last, count, min, max, command } = burst;
  return {
    kind: 'setpoint.unattributed',
    ...byTheGateway(tag),
    old: burst.old,
    new: last.value,
    detail: {
      area: tag.area,
      description: tag.description,
      connection: tag.connection,
      while: first.outage ? 'outage' : 'live',
      quality: last.quality,
      sourceTime: iso(last.sourceTimeMs),
      count,
      first: first.value,
      firstSeenAt: iso(first.atMs),
      lastSeenAt: iso(last.atMs),
      min,
      max,
      // A command of ours was on its way at the same time: its own records tell its part.
      ...(command === null ? {} : { duringCommand: command }),
    },
  };
}

/** `first-seen`: before it nothing was known. `moved-by-plant`: by moves that the tag's condition excludes. */
export type BaselineReason = 'first-seen' | 'moved-by-plant';

export function baselineDraft(tag: Tag, seen: Seen, why: BaselineReason): RecordDraft {
  return {
    kind: 'setpoint.baseline',
    ...byTheGateway(tag),
    new: seen.value,
    detail: {
      area: tag.area,
      connection: tag.connection,
      why,
      quality: seen.quality,
      sourceTime: iso(seen.sourceTimeMs),
    },
  };
}

function byTheGateway(tag: Tag): Pick<RecordDraft, 'actor' | 'terminal' | 'address' | 'subject' | 'unit'> {
  return { actor: null, terminal: null, address: null, subject: tag.id, unit: tag.unit };
}

function extreme(choose: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
