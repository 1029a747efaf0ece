// Read-back after a write (CMD-5): reads of the device itself, issued after the write's reply, never the tag store.
// Called by gate.ts, and by recovery.ts after a restart. It writes nothing and decides nothing about the command.
import type { TagValue } from '../contract/values.ts';
import { sameValue } from '../plant/device-value.ts';
import type { DeviceReading } from '../plant/sample.ts';
import type { Observed, WritableTag } from './checks.ts';
import type { ReadBack } from './command-record.ts';
import type { Wait } from './desk-ports.ts';
import type { Now, ReadDevice } from './ports.ts';

/** Between two reads while they do not agree yet. */
const againAfterMs = 100;
const readTimeoutMs = 2_000;

/** `differs`: the last good reading. `unreadable`: no good reading came in the whole time. */
export type OutcomeOfRead =
  | { readonly kind: 'agrees'; readonly readBack: ReadBack }
  | { readonly kind: 'differs'; readonly readBack: ReadBack }
  | { readonly kind: 'unreadable'; readonly detail: string };

export type ReadBackSubject = {
  readonly tag: WritableTag;
  readonly value: TagValue;
  readonly observed: Pick<Observed, 'value'>;
};

/**
 * Waits settleMs, then reads until the device holds the value or confirmWithinMs has passed; at least once. The last
 * reading counts: a value that agreed nowhere is `differs` only if the final answer was good, else `unreadable`.
 */
export async function readBack(
  ports: { readonly now: Now; readonly wait: Wait; readonly readDevice: ReadDevice },
  subject: ReadBackSubject,
): Promise<OutcomeOfRead> {
  const { tag } = subject;
  if (tag.setpoint.settleMs > 0) await ports.wait(tag.setpoint.settleMs);
  const untilMs = ports.now() + tag.setpoint.confirmWithinMs;
  for (;;) {
    const outcome = await readOnce(ports.readDevice, subject);
    if (outcome.kind === 'agrees') return outcome;
    const leftMs = untilMs - ports.now();
    if (!(leftMs > 0)) return outcome;
    await ports.wait(Math.min(againAfterMs, leftMs));
  }
}

/** One read, judged: agreeing means the new value within the tolerance, and nearer to it than to the old one. */
export async function readOnce(readDevice: ReadDevice, subject: ReadBackSubject): Promise<OutcomeOfRead> {
  const { tag, value, observed } = subject;
  const reading = await readDevice(tag, readTimeoutMs);
  if (!reading.ok) return { kind: 'unreadable', detail: reading.detail };
  const { sample, readAtMs } = reading;
  if (sample.index !== tag.index || sample.quality !== 'good' || sample.value === null)
    return { kind: 'unreadable', detail: `the device's value is ${sample.quality} (${sample.reason})` };
  const held: ReadBack = { value: sample.value, quality: sample.quality, time: new Date(readAtMs).toISOString() };
  const agrees =
    sameValue(value, sample.value, tag.setpoint.tolerance) && isNearer(sample.value, value, observed.value);
  return { kind: agrees ? 'agrees' : 'differs', readBack: held };
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
