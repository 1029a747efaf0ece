// Read-back after a write (CMD-5): reads of the device itself, issued after the write's reply, never the tag store. The
// tag says what proves its write: the point itself, a feedback tag beside it, or a pulse that returns to its rest.
// Called by gate.ts, and by recovery.ts after a restart. It writes nothing and decides nothing about the command.
import type { TagValue } from '../contract/values.ts';
import { askedValueName, feedbackName } from '../plant/condition.ts';
import { sameValue } from '../plant/device-value.ts';
import type { DeviceReading } from '../plant/sample.ts';
import type { Tag } from '../plant/tag.ts';
import type { Observed, WritableTag } from './checks.ts';
import type { ReadBack } from './command-record.ts';
import type { Wait } from './desk-ports.ts';
import { type TagsById, usableReading } from './permissives.ts';
import type { Now, ReadDevice } from './ports.ts';
import { inWords } from './value-text.ts';

/** Between two reads while they do not agree yet. */
const againAfterMs = 100;
const readTimeoutMs = 2_000;
/**
 * A device that cannot be read at the end of the time gets this much more: a connection may just be coming back. With
 * the default confirmWithinMs the outcome still comes with the answer to the last signature (5 s, interfaces.md).
 */
const readableAgainWithinMs = 2_500;

/**
 * `agrees`: the write is proved; `atOnce` where the first read after it showed the value already. `differs`: the last
 * good reading disproves it; `code` says how. `unproven`: the device was read, and what it showed can neither prove nor
 * disprove it. `unreadable`: no good reading came in the whole time.
 */
export type OutcomeOfRead =
  | { readonly kind: 'agrees'; readonly readBack: ReadBack; readonly detail: string; readonly atOnce?: true }
  | { readonly kind: 'differs'; readonly readBack: ReadBack; readonly code: DifferenceCode; readonly detail: string }
  | { readonly kind: 'unproven'; readonly readBack: ReadBack; readonly code: string; readonly detail: string }
  | { readonly kind: 'unreadable'; readonly detail: string };
export type DifferenceCode = 'read-back-differs' | 'reverted' | 'feedback-differs' | 'not-reset';

export type ReadBackSubject = {
  readonly tag: WritableTag;
  readonly value: TagValue;
  readonly observed: Pick<Observed, 'value'>;
};
export type ReadBackPorts = {
  readonly now: Now;
  readonly wait: Wait;
  readonly readDevice: ReadDevice;
  readonly tags: TagsById;
};

/** What was seen since the write: whether the value was there at some read, at the first one, and what that one showed. */
type Seen = { held: boolean; heldAtOnce: boolean; reads: number; first: TagValue };

function nothingSeen(): Seen {
  return { held: false, heldAtOnce: false, reads: 0, first: null };
}

/**
 * Reads at once and again until the write is proved, at the earliest when settleMs has passed, at the latest when
 * confirmWithinMs has passed beyond it; the last reading counts. A value that was there and went away is `reverted`.
 * `feedbackBefore`: whether the feedback showed it already before the write, so that it proves nothing.
 */
export async function readBack(
  ports: ReadBackPorts,
  subject: ReadBackSubject,
  feedbackBefore = false,
): Promise<OutcomeOfRead> {
  const { settleMs, confirmWithinMs } = subject.tag.setpoint;
  const settledAtMs = ports.now() + settleMs;
  const untilMs = settledAtMs + confirmWithinMs;
  const seen = nothingSeen();
  for (;;) {
    const outcome = await readOnce(ports, subject, seen, feedbackBefore);
    const nowMs = ports.now();
    if (outcome.kind === 'agrees' && nowMs >= settledAtMs)
      return seen.heldAtOnce ? { ...outcome, atOnce: true } : outcome;
    const endMs = outcome.kind === 'unreadable' ? untilMs + readableAgainWithinMs : untilMs;
    if (!(endMs > nowMs)) return perhapsStillComing(subject, outcome, seen);
    // To the moment of settling where that is nearer, so that an early look costs no later outcome.
    await ports.wait(Math.min(againAfterMs, nowMs < settledAtMs ? settledAtMs - nowMs : endMs - nowMs));
  }
}

/**
 * A value that is not there can only be called failed where the device showed something of its own: it gave the value up,
 * or stands at a third one. One that shows the old value may not have taken it, or show it late; one that comes nearer is
 * on its way.
 */
function perhapsStillComing(
  { tag, value, observed }: ReadBackSubject,
  outcome: OutcomeOfRead,
  { first, reads }: Seen,
): OutcomeOfRead {
  if (outcome.kind !== 'differs' || outcome.code !== 'read-back-differs') return outcome;
  const { readBack } = outcome;
  const now = inWords(tag, readBack.value);
  if (sameValue(observed.value, readBack.value, tag.setpoint.tolerance))
    return { kind: 'unproven', readBack, code: 'not-shown', detail: `it still shows ${now}` };
  const last = readBack.value;
  if (typeof first !== 'number' || typeof last !== 'number' || typeof value !== 'number') return outcome;
  const cameNearer = Math.abs(last - value) < Math.abs(first - value);
  if (!cameNearer && !(reads < 2 && isBetween(last, value, observed.value))) return outcome;
  const path = cameNearer ? `it went from ${inWords(tag, first)} to ${now}` : `it was read once, at ${now},`;
  return { kind: 'unproven', readBack, code: 'still-moving', detail: `${path} and may still be on its way` };
}

function isBetween(held: number, value: number, old: TagValue): boolean {
  return typeof old === 'number' && Math.min(old, value) < held && held < Math.max(old, value);
}

/** One read, judged. Without `seen` (after a restart) nobody watched what happened since the write. */
export async function readOnce(
  ports: Pick<ReadBackPorts, 'now' | 'readDevice' | 'tags'>,
  subject: ReadBackSubject,
  seen: Seen = nothingSeen(),
  feedbackBefore = true,
): Promise<OutcomeOfRead> {
  const { tag, value } = subject;
  const reading = await ports.readDevice(tag, readTimeoutMs);
  if (!reading.ok) return { kind: 'unreadable', detail: reading.detail };
  const { sample, readAtMs } = reading;
  if (sample.index !== tag.index || sample.quality !== 'good' || sample.value === null)
    return { kind: 'unreadable', detail: `the device's value is ${sample.quality} (${sample.reason})` };
  const held: ReadBack = { value: sample.value, quality: sample.quality, time: new Date(readAtMs).toISOString() };
  const holds = isHeld(subject, sample.value);
  const wasHeld = seen.held;
  if (seen.reads === 0) {
    seen.heldAtOnce = holds;
    seen.first = sample.value;
  }
  seen.reads += 1;
  seen.held ||= holds;
  const { rest } = tag.setpoint.confirm;
  if (rest !== null) return judgePulse(ports, subject, held, { holds, wasHeld, feedbackBefore, rest });
  const wanted = inWords(tag, value);
  const now = inWords(tag, held.value);
  if (!holds)
    return wasHeld
      ? { kind: 'differs', readBack: held, code: 'reverted', detail: `The device held ${wanted}, then went to ${now}.` }
      : {
          kind: 'differs',
          readBack: held,
          code: 'read-back-differs',
          detail: `The device took ${wanted} but holds ${now}.`,
        };
  const feedback = await readFeedback(ports, subject);
  if (feedback === null)
    return { kind: 'agrees', readBack: held, detail: `Read back from the device: it holds ${now}.` };
  switch (feedback.shows) {
    case true:
      return {
        kind: 'agrees',
        readBack: held,
        detail: `Read back from the device: it holds ${now}, and ${feedback.text}.`,
      };
    case false:
      return {
        kind: 'differs',
        readBack: held,
        code: 'feedback-differs',
        detail: `The device holds ${now}, but ${feedback.text}.`,
      };
    default:
      return {
        kind: 'unproven',
        readBack: held,
        code: 'feedback-not-readable',
        detail: `it holds ${now}, but ${feedback.text}`,
      };
  }
}

/** Whether the feedback shows `value` before the write; true where that cannot be told, since then it proves nothing. */
export async function showsAlready(
  ports: Pick<ReadBackPorts, 'now' | 'readDevice' | 'tags'>,
  subject: ReadBackSubject,
): Promise<boolean> {
  // Where the point itself must hold the value too, its change is proof enough.
  if (subject.tag.setpoint.confirm.rest === null) return false;
  const feedback = await readFeedback(ports, subject);
  return feedback === null ? false : feedback.shows !== false;
}

/**
 * A pulse is proved by a feedback that did not show it before, or by the point seen at the value and then at rest. A
 * point at rest that nobody saw elsewhere may have moved in between, or never.
 */
async function judgePulse(
  ports: Pick<ReadBackPorts, 'now' | 'readDevice' | 'tags'>,
  subject: ReadBackSubject,
  held: ReadBack,
  what: {
    readonly holds: boolean;
    readonly wasHeld: boolean;
    readonly feedbackBefore: boolean;
    readonly rest: TagValue;
  },
): Promise<OutcomeOfRead> {
  const { tag, value } = subject;
  const [wanted, now] = [inWords(tag, value), inWords(tag, held.value)];
  const resting = sameValue(held.value, what.rest, tag.setpoint.tolerance);
  if (!resting) {
    const detail = what.holds
      ? `The device still holds ${now} and did not return to ${inWords(tag, what.rest)}.`
      : `The device took ${wanted} but holds ${now}.`;
    return { kind: 'differs', readBack: held, code: what.holds ? 'not-reset' : 'read-back-differs', detail };
  }
  const feedback = await readFeedback(ports, subject);
  if (feedback !== null && feedback.shows !== true) {
    const text = `it is back at ${now}, and ${feedback.text}`;
    return feedback.shows === false
      ? { kind: 'differs', readBack: held, code: 'feedback-differs', detail: `The device took ${wanted}; ${text}.` }
      : { kind: 'unproven', readBack: held, code: 'feedback-not-readable', detail: text };
  }
  if (what.wasHeld)
    return { kind: 'agrees', readBack: held, detail: `The device held ${wanted} and returned to ${now} by itself.` };
  if (feedback !== null && !what.feedbackBefore)
    return { kind: 'agrees', readBack: held, detail: `The device is back at ${now}, and ${feedback.text}.` };
  return {
    kind: 'unproven',
    readBack: held,
    code: 'pulse-not-seen',
    detail: `it is at ${now}, and nobody saw it at ${wanted}`,
  };
}

type Feedback = { readonly shows: boolean | null; readonly text: string };

/** Null where the tag has none. `shows` is null where the feedback could not be read or judged. */
async function readFeedback(
  ports: Pick<ReadBackPorts, 'now' | 'readDevice' | 'tags'>,
  { tag, value }: ReadBackSubject,
): Promise<Feedback | null> {
  const { feedback } = tag.setpoint.confirm;
  if (feedback === null) return null;
  const source: Tag | undefined = ports.tags.get(feedback.tag);
  if (source === undefined) return { shows: null, text: `${feedback.tag} is not known` };
  const reading = await ports.readDevice(source, readTimeoutMs);
  const usable = usableReading(source, reading, ports.now(), tag.setpoint.freshnessMs);
  if (!usable.ok) return { shows: null, text: `${source.id} could not be read: ${usable.why}` };
  const text = `${source.id} shows ${inWords(source, usable.value)}`;
  try {
    const values = new Map<string, TagValue>([
      [askedValueName, value],
      [feedbackName, usable.value],
    ]);
    return { shows: feedback.test(values), text };
  } catch {
    return { shows: null, text: `${text}, which says nothing about it` };
  }
}

/** The new value within the tolerance, and nearer to it than to the old one. */
export function isHeld({ tag, value, observed }: ReadBackSubject, held: TagValue): boolean {
  return sameValue(value, held, tag.setpoint.tolerance) && isNearer(held, value, observed.value);
}

/** A read that always answers: a driver that throws, or outstays its own time limit by a second, has read nothing. */
export function boundedRead(readDevice: ReadDevice, wait: Wait): ReadDevice {
  return (tag, timeoutMs) => {
    const answer = readDevice(tag, timeoutMs).catch(
      (fault: unknown): DeviceReading => ({ ok: false, reason: 'device-error', detail: String(fault) }),
    );
    const silence = wait(timeoutMs + 1_000).then(
      (): DeviceReading => ({ ok: false, reason: 'no-answer', detail: 'the driver did not answer' }),
    );
    return Promise.race([answer, silence]);
  };
}

/** Bands of old and new value may overlap where the change is under twice the tolerance: the middle decides. */
function isNearer(held: TagValue, value: TagValue, old: TagValue): boolean {
  if (typeof held !== 'number' || typeof value !== 'number' || typeof old !== 'number') return true;
  return Math.abs(held - value) < Math.abs(held - old);
}
