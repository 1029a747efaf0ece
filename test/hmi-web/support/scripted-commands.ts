// Commands of the scripted gateway: asked, signed (really verified), countersigned, confirmed; faults on demand.
// No rules of the real gateway are repeated here: a test scripts what the gateway is to answer.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { canonicalJson, type Json } from '../../../gateway/contract/canonical.ts';
import type { CommandView } from '../../../gateway/contract/command.ts';
import type { TagView } from '../../../gateway/contract/tag.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import { openStatement } from './proof-check.ts';

export type Answer = { status: number; body: unknown };
export type CommandScript = {
  /** What the device makes of an asked value. */
  round: (value: TagValue) => TagValue;
  /** What becomes of a signed command. */
  outcome: 'confirmed' | 'rejected' | 'unknown' | 'stays-written';
  /** Refusal of the next `POST /commands`. */
  refuseAsk: { status: number; code: string; detail: string; current?: TagValue } | null;
};

const requires = (components: string[], countersignatures: number, second: boolean) => ({
  components,
  meanings: second ? ['verification', 'approval'] : ['responsibility', 'authorship'],
  reasonCodes: [
    { code: 'batch-step', text: 'Step of the batch record' },
    { code: 'adjustment', text: 'Adjustment within the validated range' },
    { code: 'alarm-response', text: 'Response to an alarm' },
    { code: 'deviation', text: 'Deviation, see comment' },
  ],
  reason: 'required',
  comment: 'optional',
  countersignatures,
});

export function scriptedCommands(parts: {
  tag: (id: string) => TagView | undefined;
  password: string;
  printedName: (user: string) => string;
  announce: (command: CommandView) => void;
  write: (tag: TagView, value: TagValue) => void;
  record: (kind: string, command: CommandView, extra?: Record<string, unknown>) => number;
}) {
  const commands = new Map<string, CommandView>();
  const statements = new Map<string, { statement: Record<string, unknown>; commandId: string }>();
  const signatures = new Map<string, string[]>();
  const script: CommandScript = { round: (value) => value, outcome: 'confirmed', refuseAsk: null };
  let hasSigned = false;
  const received: { payload: Record<string, unknown>; body: Record<string, unknown> }[] = [];

  const stage = (
    command: CommandView,
    kind: string,
    text: string,
    extra: Record<string, unknown> = {},
  ): CommandView => {
    const record = parts.record(kind, command, extra);
    const next = {
      ...command,
      stages: [
        ...command.stages,
        { kind, time: new Date().toISOString(), record, actor: 'Olivia Brandt', terminal: 'Demo terminal', text },
      ],
    } as CommandView;
    commands.set(next.id, next);
    return next;
  };
  const state = (command: CommandView, name: CommandView['state'], extra: Partial<CommandView> = {}): CommandView => {
    const next = { ...command, state: name, ...extra };
    commands.set(next.id, next);
    parts.announce(next);
    return next;
  };

  const makeStatement = (command: CommandView, terminal: string, purpose: string) => {
    const earlier = signatures.get(command.id) ?? [];
    const last = earlier.at(-1);
    const statement = {
      version: 1,
      purpose,
      terminal,
      nonce: randomBytes(16).toString('base64url'),
      expiresAt: command.expiresAt,
      configuration: { seq: 3, digest: 'c29tZS1kaWdlc3Q' },
      command: command.id,
      tag: command.tagId,
      description: command.description,
      observed: command.observed,
      value: command.value,
      unit: command.unit,
      ...(last !== undefined && { countersigns: createHash('sha256').update(last).digest('base64url') }),
    };
    statements.set(statement.nonce, { statement, commandId: command.id });
    return statement;
  };
  const requiresOf = (command: CommandView, second: boolean) =>
    requires(hasSigned && !second ? ['password'] : ['username', 'password'], command.missingSignatures - 1, second);

  return {
    script,
    received,
    all: () => [...commands.values()].reverse(),
    get: (id: string) => commands.get(id),
    /** What the first signature for a tag must bring now. */
    signing: (tag: TagView) =>
      requires(hasSigned ? ['password'] : ['username', 'password'], (tag.setpoint?.signatures ?? 1) - 1, false),
    ask: (
      body: { tagId: string; value: TagValue; observed: { value: TagValue; sourceTime: string } },
      terminal: string,
    ): Answer => {
      const refusal = script.refuseAsk;
      if (refusal !== null) {
        script.refuseAsk = null;
        const { status, ...rest } = refusal;
        return { status, body: { type: 'about:blank', title: rest.code, status, ...rest, record: 77 } };
      }
      const tag = parts.tag(body.tagId);
      if (tag === undefined) return { status: 404, body: { code: 'tag-unknown', status: 404, title: '', type: '' } };
      const fresh = {
        id: randomUUID(),
        state: 'asked',
        tagId: tag.id,
        area: tag.area,
        description: tag.description,
        value: script.round(body.value),
        unit: tag.unit,
        observed: { value: tag.latest.value, quality: 'good', sourceTime: body.observed.sourceTime },
        askedBy: { id: 'operator', printedName: 'Olivia Brandt' },
        askedAt: new Date().toISOString(),
        expiresAt: new Date(Date.now() + 300_000).toISOString(),
        signatures: [],
        missingSignatures: tag.setpoint?.signatures ?? 1,
        stages: [],
        readBack: null,
        outcome: null,
      } as unknown as CommandView;
      const command = stage(fresh, 'command.asked', 'Asked for.');
      return {
        status: 201,
        body: {
          ...command,
          statement: makeStatement(command, terminal, 'command'),
          requires: requiresOf(command, false),
        },
      };
    },
    offer: (id: string, terminal: string): Answer => {
      const command = commands.get(id);
      if (command === undefined)
        return { status: 404, body: { code: 'command-unknown', status: 404, title: '', type: '' } };
      const second = command.signatures.length > 0;
      const statement = makeStatement(command, terminal, second ? 'countersign' : 'command');
      return { status: 200, body: { statement, expiresAt: command.expiresAt, requires: requiresOf(command, second) } };
    },
    withdraw: (id: string): Answer => {
      const command = commands.get(id);
      if (command === undefined)
        return { status: 404, body: { code: 'command-unknown', status: 404, title: '', type: '' } };
      return { status: 200, body: state(stage(command, 'command.withdrawn', 'Withdrawn.'), 'withdrawn') };
    },
    sign: async (id: string, body: Record<string, unknown>, jwk: JWK, terminal: string): Promise<Answer> => {
      const problem = (status: number, code: string, detail: string): Answer => ({
        status,
        body: { type: 'about:blank', title: code, status, code, detail, record: 78 },
      });
      const command = commands.get(id);
      if (command === undefined) return problem(404, 'command-unknown', 'No such command.');
      const opened = await openStatement(String(body.statement), jwk, terminal, 'countersign-statement+jws').catch(
        () => null,
      );
      if (opened === null || opened.text !== canonicalJson(opened.value as Json))
        return problem(400, 'malformed-statement', 'Not canonical, or not signed by this terminal.');
      const { signer, meaning, reasonCode, comment, signedAt, ...rest } = opened.value;
      const issued = statements.get(String(rest.nonce));
      if (issued === undefined || canonicalJson(rest as Json) !== canonicalJson(issued.statement as Json))
        return problem(409, 'statement-altered', 'The statement is not the one that was issued.');
      received.push({ payload: opened.value, body });
      if (body.password !== parts.password) return problem(401, 'signature-refused', 'The password is not right.');
      if (command.signatures.some((entry) => entry.signer === signer))
        return problem(403, 'same-signer', 'Signed already.');
      statements.delete(String(rest.nonce));
      hasSigned = true;
      signatures.set(id, [...(signatures.get(id) ?? []), String(body.statement)]);
      let next = stage(command, command.signatures.length > 0 ? 'command.countersigned' : 'command.signed', 'Signed.', {
        jws: body.statement,
      });
      const signature = {
        signer: String(signer),
        printedName: parts.printedName(String(signer)),
        meaning: meaning as 'verification',
        reasonCode: reasonCode as string,
        reasonText: 'Step of the batch record',
        comment: comment as string | null,
        time: new Date().toISOString(),
        signedAt: String(signedAt),
        terminal: { id: terminal, name: 'Demo terminal' },
        record: 42,
      };
      next = {
        ...next,
        missingSignatures: next.missingSignatures - 1,
        signatures: [...next.signatures, signature],
        stages: next.stages.map((entry, at) => (at === next.stages.length - 1 ? { ...entry, signature } : entry)),
      };
      commands.set(id, next);
      if (next.missingSignatures > 0) return { status: 200, body: state(next, 'awaiting-countersignature') };
      next = state(stage(next, 'command.accepted', 'The intent is recorded.'), 'accepted');
      next = state(stage(next, 'command.written', 'The device took the write.'), 'written');
      return { status: 200, body: finish(next) };
    },
    finish: (id: string) => {
      const command = commands.get(id);
      if (command !== undefined) finish(command, 'confirmed');
    },
  };

  function finish(command: CommandView, outcome = script.outcome): CommandView {
    const tag = parts.tag(command.tagId);
    if (outcome === 'stays-written' || tag === undefined) return command;
    if (outcome === 'rejected')
      return state(stage(command, 'command.rejected', 'BadOutOfRange'), 'rejected', {
        outcome: { code: 'BadOutOfRange', text: 'The PLC answered BadOutOfRange.' },
      });
    if (outcome === 'unknown')
      return state(stage(command, 'command.unknown', 'No answer.'), 'unknown', {
        outcome: { code: 'no-answer', text: 'The device did not answer after the write was sent.' },
      });
    parts.write(tag, command.value);
    return state(stage(command, 'command.confirmed', 'Read back.'), 'confirmed', {
      readBack: { value: command.value, quality: 'good', time: new Date().toISOString() },
      outcome: {
        code: 'confirmed',
        text: `The device holds ${String(command.value)} ${command.unit}, as read back from it.`,
      },
    });
  }
}
