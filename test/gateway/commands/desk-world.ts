// A desk with everything around it for tests: a clock, an in-memory log, one device, three persons, two terminals with
// real ES256 keys. The device's `writes` is what reached the PLC.
import { randomUUID } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { CommandRecord } from '../../../gateway/commands/command-record.ts';
import { type Desk, openDesk } from '../../../gateway/commands/desk.ts';
import type { DeskPorts } from '../../../gateway/commands/desk-ports.ts';
import type { AuthorisedWrite } from '../../../gateway/commands/gate.ts';
import type { Caller, SignerCheck, WriteResult } from '../../../gateway/commands/ports.ts';
import type { Appended, RecordDraft } from '../../../gateway/contract/audit-record.ts';
import { canonicalBytes, type Json } from '../../../gateway/contract/canonical.ts';
import type { CommandView } from '../../../gateway/contract/command.ts';
import {
  areaIdSchema,
  type CommandId,
  connectionIdSchema,
  type TagId,
  type TerminalId,
  tagIdSchema,
  terminalIdSchema,
  userIdSchema,
} from '../../../gateway/contract/ids.ts';
import { GatewayError, type Refusal, refuse } from '../../../gateway/contract/problem.ts';
import { type PublicKey, publicKeySchema } from '../../../gateway/contract/session.ts';
import type { SignatureBody, Statement } from '../../../gateway/contract/statement.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { DeviceReading, Sample } from '../../../gateway/plant/sample.ts';
import type { SetpointRule, Tag } from '../../../gateway/plant/tag.ts';
import { ManualClock } from './manual-clock.ts';

export const password = 'correct horse battery staple';
const upstream = areaIdSchema.parse('upstream');

export const setpointRule: SetpointRule = {
  min: 30,
  max: 40,
  maxStep: 2,
  resolution: 0.1,
  tolerance: 0.05,
  settleMs: 200,
  confirmWithinMs: 1000,
  freshnessMs: 5000,
  consequence: 'The jacket heats or cools.',
  follows: null,
  permissives: [],
  rate: null,
  minIntervalMs: null,
  confirm: { rest: null, feedback: null },
  policy: {
    name: 'process setpoint',
    reasonCodes: [{ code: 'batch-step', text: 'Next step of the batch' }],
    reason: 'required',
    comment: 'optional',
    meanings: ['responsibility'],
    countersignMeanings: ['verification'],
    signatures: 1,
    timeLimitSeconds: 600,
  },
};

export function makeTag(index: number, id: string, change: Partial<Tag> = {}): Tag {
  return {
    index,
    id: tagIdSchema.parse(id),
    area: upstream,
    connection: connectionIdSchema.parse('plc'),
    description: `Description of ${id}`,
    dataType: 'float32',
    unit: '°C',
    decimals: 1,
    states: null,
    range: null,
    scaling: null,
    address: {},
    deviceAddress: `plc/${id}`,
    setpoint: setpointRule,
    ...change,
  };
}

export const temperature = makeTag(0, 'TIC.SP');
export const measured = makeTag(1, 'TIC.PV', { setpoint: null });
export const pump = makeTag(2, 'PUMP.CMD', {
  dataType: 'bool',
  unit: '',
  states: { '0': 'Stopped', '1': 'Running' },
  setpoint: {
    ...setpointRule,
    min: null,
    max: null,
    maxStep: null,
    resolution: null,
    policy: { ...setpointRule.policy, signatures: 2, timeLimitSeconds: 300 },
  },
});
export const slow = makeTag(3, 'SLOW.SP', { deviceAddress: 'plc/TIC.SP' });

/** A PLC that holds values and does what the test scripts. */
export class FakeDevice {
  readonly values = new Map<number, TagValue>([
    [0, 37],
    [1, 36.9],
    [2, false],
    [3, 37],
  ]);
  readonly writes: {
    readonly tag: TagId;
    readonly value: TagValue;
    readonly atMs: number;
    readonly command: CommandId;
  }[] = [];
  reads = 0;
  readonly vouchedMs = new Map<number, number>();
  quality: Sample['quality'] = 'good';
  readable = true;
  /** What a write does once it has been taken; the default applies it. */
  onWrite: (tag: Tag, value: TagValue) => Promise<WriteResult> | WriteResult = (tag, value) => {
    this.values.set(tag.index, value);
    return { kind: 'written', status: 'Good' };
  };
  beforeRead: (tag: Tag) => Promise<void> | void = () => undefined;
  readonly #clock: ManualClock;
  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly write = async (write: AuthorisedWrite): Promise<WriteResult> => {
    const taken = write.take(this.#clock.now());
    if (taken === null) return { kind: 'not-sent', detail: 'the write had expired' };
    const { tag, value, command } = taken;
    this.writes.push({ tag: tag.id, value, atMs: this.#clock.now(), command });
    return this.onWrite(taken.tag, taken.value);
  };

  readonly read = async (tag: Tag): Promise<DeviceReading> => {
    this.reads += 1;
    await this.beforeRead(tag);
    if (!this.readable) return { ok: false, reason: 'no-answer', detail: 'no answer within 2 s' };
    const sample: Sample = {
      index: tag.index,
      value: this.values.get(tag.index) ?? null,
      quality: this.quality,
      reason: this.quality === 'good' ? 'none' : 'source-bad',
      sourceTimeMs: this.#clock.now(),
    };
    return { ok: true, sample, readAtMs: this.#clock.now() };
  };
}

/** An append-only log in memory. While `away` nothing is recorded; every append of a turn fails. */
export class FakeLog {
  readonly records: CommandRecord[] = [];
  away = false;
  awayFor: (draft: RecordDraft) => boolean = () => false;
  readonly #clock: ManualClock;
  constructor(clock: ManualClock) {
    this.#clock = clock;
  }
  readonly append = async (draft: RecordDraft): Promise<Appended> => {
    await Promise.resolve();
    if (this.away || this.awayFor(draft)) throw new GatewayError('log-unavailable', 'the log is away');
    const appended = { seq: this.records.length, time: this.#clock.iso(), digest: randomUUID() };
    this.records.push({ ...draft, ...appended });
    return appended;
  };
  kinds(): readonly string[] {
    return this.records.map((record) => record.kind);
  }
  last(kind: string): CommandRecord {
    const found = this.records.findLast((record) => record.kind === kind);
    if (found === undefined) throw new Error(`no record ${kind} among ${this.kinds().join(', ')}`);
    return found;
  }
}

type Person = 'operator' | 'supervisor' | 'visitor';
type Terminal = { readonly id: TerminalId; readonly publicKey: PublicKey; readonly privateKey: CryptoKey };

export async function makeTerminal(): Promise<Terminal> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const key = publicKeySchema.parse({ kty, crv, x, y });
  return { id: terminalIdSchema.parse(await calculateJwkThumbprint({ ...key })), publicKey: key, privateKey };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;

export async function makeWorld(
  change: {
    readonly tags?: readonly Tag[];
    readonly log?: FakeLog;
    readonly clock?: ManualClock;
    readonly ports?: Partial<DeskPorts>;
  } = {},
) {
  const clock = change.clock ?? new ManualClock();
  const log = change.log ?? new FakeLog(clock);
  const device = new FakeDevice(clock);
  const tags = change.tags ?? [temperature, measured, pump, slow];
  const [panel, other] = [await makeTerminal(), await makeTerminal()];
  const terminals = new Map([panel, other].map((terminal) => [terminal.id, terminal]));
  const announced: CommandView[] = [];
  const faults: unknown[] = [];
  /** Set by tests: rights that are gone. */
  const withoutRight = new Set<Person>(['visitor']);
  const rightOf = (person: string): { readonly ok: true } | Refusal =>
    [...withoutRight].some((one) => one === person)
      ? refuse('right-missing', `${person} may not do this here.`)
      : { ok: true };

  function caller(person: Person, terminal: Terminal = panel): Caller {
    const userId = userIdSchema.parse(person);
    return {
      userId,
      actor: { id: person, name: person, printedName: `The ${person}` },
      terminalId: terminal.id,
      terminal: { id: terminal.id, name: terminal === panel ? 'Panel 1' : 'Panel 2', area: 'upstream' },
      address: '127.0.0.1',
      sessionId: `session of ${person}`,
    };
  }

  const closingKinds = /^command\.(confirmed|rejected|failed|unknown|refused|expired|withdrawn|declined)$/;
  const commandsWithout = (begun: string, others: RegExp): readonly string[] => {
    const closed = new Set(log.records.filter(({ kind }) => others.test(kind)).map(({ command }) => command));
    return log.records
      .filter(({ kind, command }) => kind === begun && !closed.has(command))
      .map(({ command }) => String(command));
  };
  const ports: DeskPorts = {
    now: clock.now,
    wait: clock.wait,
    append: log.append,
    tags: new Map(tags.map((tag) => [tag.id, tag])),
    readLatest: (tag) => ({
      value: device.values.get(tag.index) ?? null,
      quality: device.quality,
      reason: device.quality === 'good' ? 'none' : 'source-bad',
      sourceTime: clock.iso(),
      vouchedAt: new Date(device.vouchedMs.get(tag.index) ?? clock.now()).toISOString(),
    }),
    readDevice: device.read,
    writeToPlc: device.write,
    mayDo: (who) => rightOf(who.userId),
    mayStillSign: (signer) => rightOf(signer.userId),
    checkSigner: async (_caller, claimed, body): Promise<SignerCheck> => {
      const person = claimed.toLowerCase();
      if (body.password !== password) return refuse('signature-refused', 'The signature was refused.');
      const right = rightOf(person);
      if (!right.ok) return right;
      return {
        ok: true,
        userId: userIdSchema.parse(person),
        actor: { id: person, name: claimed, printedName: `The ${person}` },
        standsOn: { account: 1, certification: 2, terminal: 3, configuration: 4 },
      };
    },
    publicKeyOf: (id) => terminals.get(id)?.publicKey,
    componentsNeeded: () => ['username', 'password'],
    configuration: () => ({ seq: 4, digest: 'digest-of-the-configuration' }),
    readCommandRecords: async (command) => log.records.filter((record) => record.command === command),
    readAskedCommands: async (before, limit) =>
      log.records
        .filter(
          (record) =>
            (record.kind === 'command.proposed' ||
              (record.kind === 'command.asked' &&
                !log.records.some((one) => one.kind === 'command.proposed' && one.command === record.command))) &&
            (before === null || record.seq < before),
        )
        .toReversed()
        .slice(0, limit)
        .map((record) => ({ command: String(record.command), seq: record.seq })),
    readStages: async (tag, sinceMs) =>
      log.records.filter(({ subject, command, time }) => {
        return subject === tag && command !== undefined && Date.parse(time) >= sinceMs;
      }),
    findOpenCommands: async () => commandsWithout('command.asked', closingKinds),
    findOpenProposals: async () =>
      commandsWithout('command.proposed', new RegExp(`${closingKinds.source}|^command\\.asked$`)),
    findUnsettledBreakGlass: async () => commandsWithout('break-glass.used', /^break-glass\.settled$/),
    announce: (view) => announced.push(view),
    reportFault: (_context, fault) => faults.push(fault),
    ...change.ports,
  };
  const desk: Desk = openDesk(ports);
  // An empty log has nothing to recover; on a given one the test says when.
  if (change.log === undefined && change.ports?.findOpenCommands === undefined) await desk.recover();

  /** Signs as a terminal would, knowing interfaces.md alone. `change` spoils or replaces members of the payload. */
  async function signedBody(
    person: string,
    statement: Statement,
    options: {
      readonly terminal?: Terminal;
      readonly password?: string;
      readonly change?: { readonly [name: string]: Json | undefined };
      readonly header?: { readonly [name: string]: string };
    } = {},
  ): Promise<SignatureBody> {
    const terminal = options.terminal ?? panel;
    const purpose = statement.purpose;
    const payload: { readonly [name: string]: Json | undefined } = {
      ...statement,
      signer: person,
      meaning: purpose === 'command' ? 'responsibility' : purpose === 'resolve' ? 'review' : 'verification',
      reasonCode: purpose === 'command' || purpose === 'countersign' ? 'batch-step' : null,
      comment: purpose === 'decline' || purpose === 'resolve' ? 'looked at the pump' : null,
      signedAt: clock.iso(),
      ...options.change,
    };
    const jws = await new CompactSign(canonicalBytes(payload))
      .setProtectedHeader({ alg: 'ES256', kid: terminal.id, typ: 'countersign-statement+jws', ...options.header })
      .sign(terminal.privateKey);
    return { statement: jws, username: person, password: options.password ?? password };
  }

  /** Asks for a value of a tag, seeing what the device holds. Throws where it is refused. */
  async function asked(person: Person, tag: Tag, value: TagValue) {
    const observed = { value: device.values.get(tag.index) ?? null, sourceTime: clock.iso() };
    const answer = await desk.ask(caller(person), { tagId: tag.id, value, observed });
    if (!answer.ok) throw new Error(`refused: ${answer.code} ${answer.detail}`);
    return answer.command;
  }

  /** Asks and signs in one go, and runs the clock until the answer is there. */
  async function commanded(person: Person, tag: Tag, value: TagValue) {
    const command = await asked(person, tag, value);
    const body = await signedBody(person, command.statement);
    return clock.until(desk.sign(caller(person), command.id, body));
  }

  return {
    clock,
    log,
    device,
    desk,
    ports,
    panel,
    other,
    terminals,
    announced,
    faults,
    withoutRight,
    caller,
    signedBody,
    asked,
    commanded,
  };
}

/** The refusal's code; the answer itself where it was none, so that a failing test shows it. */
export function codeOf(answer: { readonly ok: boolean; readonly code?: string }): unknown {
  return answer.ok ? answer : answer.code;
}
