// Commands that an earlier run left open (CMD-6). Intents are closed by reading the device, after the last moment at
// which any of their writes could have left; whatever was not yet accepted has expired. It never writes to a device.

import type { RecordDraft } from '../contract/audit-record.ts';
import type { CommandId } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import { sameValue } from '../plant/device-value.ts';
import { acceptedDetailSchema, type CommandRecord } from './command-record.ts';
import type { DeskPorts } from './desk-ports.ts';
import { mayBeOfEarlierIntent } from './earlier-intents.ts';
import type { Gate } from './gate.ts';
import type { HeldCommand, HeldCommands } from './held-commands.ts';
import { isClosed } from './lifecycle.ts';
import { boundedRead, type OutcomeOfRead, readOnce } from './read-back.ts';
import { outcomeDraft, subjectOf } from './record-drafts.ts';
import type { UnrecordedOutcomes } from './unrecorded-outcomes.ts';
import { inWords } from './value-text.ts';

/** How long after the last notAfter a device may stay silent before its commands are closed as unknown. */
const deviceSilentForMs = 60_000;
const readAgainMs = 1_000;

export type TakenUp = {
  /** Durable intents without an outcome; each keeps its device address until it is closed (`done`). */
  readonly intents: readonly {
    readonly held: HeldCommand;
    readonly acceptedSeq: number;
    readonly notAfterMs: number;
    readonly done: () => void;
  }[];
  /** Waited for signatures that can no longer come: the offers were in memory. */
  readonly unsigned: readonly HeldCommand[];
};

/**
 * Finds them and holds them, writing nothing yet. Tries again while the log cannot be read: the desk takes no command
 * before it knows. A command whose records cannot be understood is reported and left to `audit verify`.
 */
export async function takeUp(ports: DeskPorts, commands: HeldCommands, gate: Pick<Gate, 'reserve'>): Promise<TakenUp> {
  const found = await untilRead(ports, async () => {
    const histories: (readonly CommandRecord[])[] = [];
    for (const id of await ports.findOpenCommands())
      if (commands.get(id as CommandId) === undefined) histories.push(await ports.readCommandRecords(id));
    return histories;
  });
  const intents: TakenUp['intents'][number][] = [];
  const unsigned: HeldCommand[] = [];
  for (const records of found) {
    const held = commands.adopt(records);
    if (held === null) {
      ports.reportFault('an open command cannot be understood from its records', records[0]?.command);
      continue;
    }
    if (isClosed(held.life)) continue;
    held.inGate = true;
    if (held.life.state === 'accepted' || held.life.state === 'written') {
      // A new command there would make the device's value say nothing about this one.
      const place = held.tag === null ? null : gate.reserve(held.tag);
      const done = place?.ok === true ? place.turn.done : () => {};
      const acceptedSeq = records.find((record) => record.kind === 'command.accepted')?.seq ?? Number.NEGATIVE_INFINITY;
      intents.push({ held, acceptedSeq, notAfterMs: notAfterOf(records) ?? held.expiresAtMs, done });
    } else unsigned.push(held);
  }
  return { intents, unsigned };
}

/** Resolves when every one of them is closed and recorded. */
export async function closeAll(
  ports: DeskPorts,
  unrecorded: UnrecordedOutcomes,
  { intents, unsigned }: TakenUp,
): Promise<void> {
  const closings = unsigned.map((held) => unrecorded.record(held, [expired(held)]));
  const [waited, begun] = [intents.filter((one) => neverHadItsTurn(one, intents)), new Set(intents)];
  for (const one of waited) {
    begun.delete(one);
    closings.push(unrecorded.record(one.held, [neverSent(one.held)]).finally(one.done));
  }
  // One longest notAfter for all: until then none of the devices is believed.
  const lastMs = Math.max(Number.NEGATIVE_INFINITY, ...[...begun].map(({ notAfterMs }) => notAfterMs));
  const leftMs = lastMs - ports.now();
  if (leftMs >= 0) await ports.wait(leftMs + 1);
  for (const { held, done } of begun) closings.push(closeIntent(ports, unrecorded, held).finally(done));
  await Promise.all(closings);
}

export async function untilRead<T>(ports: DeskPorts, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (fault) {
      if (!(fault instanceof GatewayError) || fault.code !== 'log-unavailable') throw fault;
      ports.reportFault('the commands of earlier runs cannot be read yet', fault);
      await ports.wait(readAgainMs);
    }
  }
}

async function closeIntent(ports: DeskPorts, unrecorded: UnrecordedOutcomes, held: HeldCommand): Promise<void> {
  const read = await readPatiently(ports, held);
  const { id, tag, view } = held;
  const intent = tag === null ? null : { id, tag, value: view.value, observed: view.observed };
  const ambiguous =
    read.kind === 'agrees' && intent !== null && (await untilRead(ports, () => mayBeOfEarlierIntent(ports, intent)));
  await unrecorded.record(held, [closing(held, read, ambiguous)]);
}

/** The device's connection may still be coming up: reads until one is good. */
async function readPatiently(ports: DeskPorts, held: HeldCommand): Promise<OutcomeOfRead> {
  const { tag, view } = held;
  if (tag === null) return { kind: 'unreadable', detail: `${view.tagId} is not configured as a setpoint any more` };
  const readDevice = boundedRead(ports.readDevice, ports.wait);
  const untilMs = ports.now() + deviceSilentForMs;
  for (;;) {
    const read = await readOnce({ ...ports, readDevice }, { tag, value: view.value, observed: view.observed });
    if (read.kind !== 'unreadable' || ports.now() >= untilMs) return read;
    await ports.wait(readAgainMs);
  }
}

/**
 * Confirmed only if the device holds the new value, that differs from the observed one, and no earlier command may have
 * brought it (`ambiguous`); else nobody can tell.
 */
function closing(held: HeldCommand, read: OutcomeOfRead, ambiguous: boolean): RecordDraft {
  const { view, tag } = held;
  const command = subjectOf(held.view);
  const tolerance = tag?.setpoint.tolerance ?? 0;
  const names = { unit: view.unit, states: tag?.states ?? null };
  if (read.kind === 'agrees' && !ambiguous && !sameValue(view.value, view.observed.value, tolerance))
    return outcomeDraft('command.confirmed', command, {
      code: 'read-back-agrees',
      text: `The gateway was restarted meanwhile. Read afterwards, the device holds ${inWords(names, read.readBack.value)}.`,
      readBack: read.readBack,
    });
  const seen =
    read.kind === 'unreadable'
      ? `the device could not be read: ${read.detail}`
      : `the device now holds ${inWords(names, read.readBack.value)}${ambiguous ? ', which an earlier command may have brought' : ''}`;
  return outcomeDraft('command.unknown', command, {
    code: 'gateway-restarted',
    text: `The gateway was restarted in the middle of the command, and nobody can tell whether the value was sent; ${seen}. Look at the equipment before the next command.`,
    ...(read.kind === 'unreadable' ? {} : { readBack: read.readBack }),
  });
}

/**
 * The one case in which it is certain that nothing left: commands of a tag go one at a time, in the order of their
 * acceptance, and the next one begins when the outcome before it is durable (gate.ts). So behind an intent of the same
 * tag that has no outcome, none was ever sent.
 */
function neverHadItsTurn(one: TakenUp['intents'][number], all: TakenUp['intents']): boolean {
  const { view, life } = one.held;
  if (life.state !== 'accepted') return false;
  return all.some((other) => other.held.view.tagId === view.tagId && other.acceptedSeq < one.acceptedSeq);
}

function neverSent(held: HeldCommand): RecordDraft {
  return outcomeDraft('command.failed', subjectOf(held.view), {
    code: 'not-sent',
    text: 'The gateway was restarted while this command still waited for an earlier one of the same setpoint; nothing was sent to the device.',
  });
}

function expired(held: HeldCommand): RecordDraft {
  return outcomeDraft('command.expired', subjectOf(held.view), {
    code: 'gateway-restarted',
    text: 'The gateway was restarted before the signatures were complete; nothing was written. Ask for it again.',
  });
}

/** ms; null where no intent is among the records. */
function notAfterOf(records: readonly CommandRecord[]): number | null {
  const accepted = records.find((record) => record.kind === 'command.accepted');
  const detail = acceptedDetailSchema.safeParse(accepted?.detail);
  return detail.success ? Date.parse(detail.data.notAfter) : null;
}
