// The only door to equipment (SIG-1). An AuthorisedWrite can be made here alone; a driver's write() takes nothing else.
// Single use, with an expiry, checked at run time through a private field that no copy or look-alike has.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { CommandId } from '../contract/ids.ts';
import { GatewayError, type Refusal, refuse } from '../contract/problem.ts';
import type { TagValue } from '../contract/values.ts';
import { sameValue } from '../plant/device-value.ts';
import type { Tag } from '../plant/tag.ts';
import { checkChange, checkDevice, checkValue, type WritableTag } from './checks.ts';
import { closingDraft, notSentDraft, rejectedDraft } from './closing-drafts.ts';
import type { MayStillSign, ReadCommandRecords, Wait } from './desk-ports.ts';
import { deviceTurns, type Turn } from './device-turns.ts';
import { mayBeOfEarlierIntent } from './earlier-intents.ts';
import { countersignaturesDueAt, type Intent, signaturesCarry } from './intent.ts';
import type { Now, ReadDevice, WriteResult, WriteToPlc } from './ports.ts';
import { boundedRead, type OutcomeOfRead, readBack, readOnce, showsAlready } from './read-back.ts';
import { ReadTrace } from './read-trace.ts';
import { acceptedDraft, breakGlassUsedDraft, outcomeDraft, writtenDraft } from './record-drafts.ts';
import { checkRulesAtDevices, type RulePorts } from './setpoint-rules.ts';
import { inWords } from './value-text.ts';

const makersKey = Symbol('commands/gate');

export class AuthorisedWrite {
  readonly #tag: Tag;
  readonly #value: TagValue;
  readonly #command: CommandId;
  readonly #notAfterMs: number;
  #taken = false;

  /** @internal Throws for everybody but this file. */
  constructor(key: symbol, tag: Tag, value: TagValue, command: CommandId, notAfterMs: number) {
    if (key !== makersKey) throw new TypeError('an AuthorisedWrite is made by commands/gate.ts alone');
    this.#tag = tag;
    this.#value = value;
    this.#command = command;
    this.#notAfterMs = notAfterMs;
    Object.freeze(this);
  }

  /** @internal See proveWrite. */
  static prove(write: AuthorisedWrite): void {
    if (typeof write !== 'object' || write === null || !(#taken in write))
      throw new TypeError('a write to equipment is made by commands/gate.ts alone');
  }

  /** The tag it is for; readable before it is taken, so that a supervisor can route it. Throws for a look-alike. */
  get tag(): Tag {
    return this.#tag;
  }

  /**
   * What to write, once. Null when it was taken before or has expired at `nowMs`: then nothing may be sent.
   * A driver calls it immediately before it hands the bytes to its connection. Throws for a look-alike.
   */
  take(
    nowMs: number,
  ): { readonly tag: Tag; readonly value: TagValue; readonly command: CommandId; readonly notAfterMs: number } | null {
    if (this.#taken || nowMs > this.#notAfterMs) return null;
    this.#taken = true;
    return { tag: this.#tag, value: this.#value, command: this.#command, notAfterMs: this.#notAfterMs };
  }
}

Object.freeze(AuthorisedWrite.prototype);
Object.freeze(AuthorisedWrite);

/**
 * Throws TypeError for everything that the gate did not make, whatever methods it has. Drivers and the supervisor call
 * it first: the methods of what passes are the class's own, since instance and prototype are frozen.
 */
export function proveWrite(write: AuthorisedWrite): void {
  AuthorisedWrite.prove(write);
}

/** The write must have left within this time of the acceptance, or it never does. */
const acceptedForMs = 10_000;
/** Longest wait for the device's answer to the read before the write. */
const readTimeoutMs = 2_000;
/** A driver bounds its own writes; one that never answers is a fault, and after this its write counts as unknown. */
const writeAnswerMs = 30_000;
/** Commands waiting at one device address, the running one included. */
const turnsPerAddress = 4;

export type GatePorts = RulePorts & {
  readonly readCommandRecords: ReadCommandRecords;
  readonly now: Now;
  readonly wait: Wait;
  readonly readDevice: ReadDevice;
  readonly writeToPlc: WriteToPlc;
  readonly mayStillSign: MayStillSign;
};

/** How the gate's stages reach the log: `record` resolves when durable; `close` keeps trying until it is. */
export type GateRecords = {
  readonly record: (drafts: readonly RecordDraft[]) => Promise<void>;
  readonly close: (drafts: readonly RecordDraft[]) => Promise<void>;
  readonly sent: () => void;
};

/** An intent that is durable; made by `accept` alone, carried out once. */
class AcceptedIntent {
  readonly intent: Intent;
  readonly notAfterMs: number;
  readonly turn: Turn;
  #carriedOut = false;
  constructor(intent: Intent, notAfterMs: number, turn: Turn) {
    this.intent = intent;
    this.notAfterMs = notAfterMs;
    this.turn = turn;
  }
  begin(): void {
    if (this.#carriedOut) throw new GatewayError('internal-fault', 'an intent is carried out once');
    this.#carriedOut = true;
  }
}

export type { AcceptedIntent };

export type Gate = {
  /** A place at the tag's device address, before anything is recorded. Refuses command-in-progress when it is full. */
  readonly reserve: (tag: WritableTag) => { readonly ok: true; readonly turn: Turn } | Refusal;
  /**
   * Appends the last signature and the intent in one turn and awaits that they are durable (CMD-4). Rejects with
   * log-unavailable: then nothing happened and nothing will. Throws internal-fault for an intent whose signatures do
   * not carry it. The turn is given back where it does not resolve.
   */
  readonly accept: (
    intent: Intent,
    lastSignature: RecordDraft,
    turn: Turn,
    records: GateRecords,
  ) => Promise<AcceptedIntent>;
  /** Check, write once, read back, record the outcome. Resolves when the outcome is durable. Never retries a write. */
  readonly carryOut: (accepted: AcceptedIntent, records: GateRecords) => Promise<void>;
};

export function openGate(ports: GatePorts): Gate {
  const turns = deviceTurns(turnsPerAddress);
  const readDevice = boundedRead(ports.readDevice, ports.wait);

  /** CMD-2 and CMD-3 right before the write; everything but the device's answer is asked without waiting. */
  async function lastCheck(
    intent: Intent,
    notAfterMs: number,
    readDevice: ReadDevice,
  ): Promise<{ readonly ok: true } | Refusal> {
    if (ports.now() > notAfterMs) return tooLate();
    const { tag, value: wanted, observed, id } = intent;
    const change = { tag, value: wanted, observed: observed.value, own: id };
    // Side by side: the target and what its permissives rest on are read within one time limit.
    const [reading, rules] = await Promise.all([
      readDevice(tag, readTimeoutMs),
      checkRulesAtDevices({ ...ports, readDevice }, change, readTimeoutMs),
    ]);
    const nowMs = ports.now();
    if (nowMs > notAfterMs) return tooLate();
    const device = checkDevice(intent.tag, intent.observed, reading, nowMs);
    if (!device.ok) return device;
    const value = checkValue(intent.tag, intent.value);
    if (!value.ok) return value;
    if (!sameValue(value.value, intent.value, 0))
      return refuse('value-out-of-range', 'The device holds another value.');
    const step = checkChange(intent.tag, intent.value, intent.observed.value);
    if (!step.ok) return step;
    if (!rules.ok) return rules;
    for (const [index, { signer, caller, record }] of intent.signatures.entries()) {
      const { terminalId, address } = caller;
      const person = { userId: signer, terminalId, address, passkey: record.signature?.assertion?.id };
      const right = ports.mayStillSign(person, index === 0 ? 'command' : 'verify', intent.tag.area);
      if (!right.ok) return right;
    }
    return { ok: true };
  }

  /**
   * A value that an earlier command may have brought proves nothing without an answer to the write. With one, it still
   * proves the write where it was there at once: right before the write it was not.
   */
  async function notOfEarlierIntent(intent: Intent, result: WriteResult, read: OutcomeOfRead): Promise<OutcomeOfRead> {
    if (read.kind !== 'agrees' || (result.kind === 'written' && read.atOnce === true)) return read;
    // Where the log cannot be asked, nobody can tell either.
    const ambiguous = await mayBeOfEarlierIntent(ports, intent).catch(() => true);
    if (!ambiguous) return read;
    const detail = `it holds ${inWords(intent.tag, read.readBack.value)}, which an earlier command may have brought`;
    return { kind: 'unproven', readBack: read.readBack, code: 'earlier-command', detail };
  }

  async function write(accepted: AcceptedIntent): Promise<WriteResult> {
    const { tag, value, id } = accepted.intent;
    const authorised = new AuthorisedWrite(makersKey, tag, value, id, accepted.notAfterMs);
    const answer = ports.writeToPlc(authorised).catch(
      // A driver that throws has not said whether it sent.
      (fault: unknown): WriteResult => ({ kind: 'unknown', detail: `the driver failed: ${String(fault)}` }),
    );
    const silence = ports
      .wait(writeAnswerMs)
      .then((): WriteResult => ({ kind: 'unknown', detail: 'the driver did not answer' }));
    const result = await Promise.race([answer, silence]);
    // Nothing may be sent any more, whatever the driver still holds; and a write that can be taken now was never sent.
    const neverTaken = authorised.take(Number.NEGATIVE_INFINITY) !== null;
    return neverTaken && result.kind === 'unknown' ? { kind: 'not-sent', detail: result.detail } : result;
  }

  return {
    reserve(tag) {
      const turn = turns.take(tag.deviceAddress);
      if (turn !== null) return { ok: true, turn };
      return refuse(
        'command-in-progress',
        `Other commands for ${tag.id} are being carried out. Wait for their outcome, then sign again.`,
      );
    },

    async accept(intent, lastSignature, turn, records) {
      try {
        const wrong = signaturesCarry(intent);
        if (wrong !== null) throw new GatewayError('internal-fault', `the gate stays shut: ${wrong}`);
        const notAfterMs = Math.min(intent.expiresAtMs, ports.now() + acceptedForMs);
        // Nothing is waited for between taking the turn and this append: records of a point stand in the order of its
        // turns, and recovery.ts goes by it.
        const drafts = [lastSignature, acceptedDraft(intent, new Date(notAfterMs).toISOString())];
        if (intent.breakGlass === true)
          drafts.push(breakGlassUsedDraft(intent, countersignaturesDueAt(intent, ports.now())));
        await records.record(drafts);
        return new AcceptedIntent(intent, notAfterMs, turn);
      } catch (fault) {
        turn.done();
        throw fault;
      }
    },

    async carryOut(accepted, records) {
      accepted.begin();
      const { intent, notAfterMs, turn } = accepted;
      try {
        await turn.ready;
        const trace = new ReadTrace();
        const traced = trace.over(readDevice, intent.tag.id, ports.now);
        const [check, shownBefore] = await Promise.all([
          lastCheck(intent, notAfterMs, traced).catch((fault: unknown) =>
            refuse('internal-fault', `The check before the write failed: ${String(fault)}`),
          ),
          showsAlready({ ...ports, readDevice }, intent),
        ]);
        if (!check.ok) {
          const text = `${check.detail} Nothing was written.`;
          await records.close([outcomeDraft('command.refused', intent, { code: check.code, text }, trace.points())]);
          return;
        }
        const result = await write(accepted);
        const at = new Date(ports.now()).toISOString();
        if (result.kind === 'not-sent') {
          await records.close([notSentDraft(intent, result.detail, trace.points())]);
          return;
        }
        if (result.kind === 'rejected') {
          const read = await readOnce({ ...ports, readDevice: traced }, intent);
          await records.close([
            writtenDraft(intent, at, result.status, true),
            rejectedDraft(intent, result, read, trace.points()),
          ]);
          return;
        }
        records.sent();
        const read = await readBack({ ...ports, readDevice: traced }, intent, shownBefore);
        const written = result.kind === 'written';
        const status = written ? result.status : result.detail;
        const proof = await notOfEarlierIntent(intent, result, read);
        await records.close([
          writtenDraft(intent, at, status, written),
          closingDraft(intent, result, proof, trace.points()),
        ]);
      } finally {
        turn.done();
      }
    },
  };
}

function tooLate(): Refusal {
  return refuse('statement-expired', 'The time for the write had passed before the device was ready for it.');
}
