// The records that the life of a command leaves (AUD-1, AUD-2, CMD-1): one function a stage, so that every record of a
// kind has the same fields. Read back by history.ts. It appends nothing.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { CommandBody, CommandView, ProposalBody } from '../contract/command.ts';
import type { CommandId } from '../contract/ids.ts';
import type { Refusal } from '../contract/problem.ts';
import type { CommandStatement, Requires, SignerPart } from '../contract/statement.ts';
import type { PermissiveState } from '../contract/tag.ts';
import type { TagValue } from '../contract/values.ts';
import { signatureDigest } from '../signing/stored-signature.ts';
import type { Observed, WritableTag } from './checks.ts';
import type { ReadBack } from './command-record.ts';
import type { Intent } from './intent.ts';
import type { Caller, Machine, SignerCheck } from './ports.ts';
import type { Trace } from './read-trace.ts';

/** What a command is about, the same in all its records. */
export type CommandSubject = {
  readonly id: CommandId;
  readonly tag: Pick<WritableTag, 'id' | 'unit'>;
  readonly observed: Pick<Observed, 'value'>;
  readonly value: TagValue;
};

export type OutcomeKind =
  | 'command.confirmed'
  | 'command.rejected'
  | 'command.failed'
  | 'command.unknown'
  | 'command.refused'
  | 'command.expired'
  | 'command.withdrawn';

export function askedDraft(
  caller: Caller,
  id: CommandId,
  tag: WritableTag,
  body: CommandBody,
  value: TagValue,
  observed: Observed,
  expiresAt: string,
  permissives: readonly PermissiveState[],
): RecordDraft {
  return {
    kind: 'command.asked',
    ...from(caller),
    ...about({ id, tag, observed, value }),
    detail: {
      area: tag.area,
      description: tag.description,
      quality: observed.quality,
      sourceTime: observed.sourceTime,
      expiresAt,
      policy: tag.setpoint.policy.name,
      signatures: tag.setpoint.policy.signatures,
      // What audit verify holds the command's signatures to (SIG-7).
      ...(tag.setpoint.policy.components === undefined ? {} : { components: tag.setpoint.policy.components }),
      ...(body.breakGlass === true ? { breakGlass: true } : {}),
      ...(permissives.length === 0 ? {} : { permissives: permissives.map((state) => ({ ...state })) }),
      // What the person typed and saw, where the device's grid or a later reading made something else of it.
      requested: body.value,
      seen: { value: body.observed.value, sourceTime: body.observed.sourceTime },
    },
  };
}

/** CMD-10: what a machine proposes, with the value that the gateway held then. `actor` is the token's own. */
export function proposedDraft(
  machine: Machine,
  id: CommandId,
  tag: WritableTag,
  body: ProposalBody,
  value: TagValue,
  observed: Observed,
  expiresAt: string,
): RecordDraft {
  return {
    kind: 'command.proposed',
    actor: machine.actor,
    terminal: null,
    address: machine.address,
    ...about({ id, tag, observed, value }),
    detail: {
      area: tag.area,
      description: tag.description,
      quality: observed.quality,
      sourceTime: observed.sourceTime,
      expiresAt,
      policy: tag.setpoint.policy.name,
      signatures: tag.setpoint.policy.signatures,
      origin: body.origin,
      reference: body.reference ?? null,
      requested: body.value,
    },
  };
}

export function refusedProposalDraft(
  machine: Machine,
  body: ProposalBody,
  unit: string | null,
  refusal: Refusal,
): RecordDraft {
  return {
    kind: 'proposal.refused',
    actor: machine.actor,
    terminal: null,
    address: machine.address,
    subject: body.tagId,
    new: body.value,
    ...(unit === null ? {} : { unit }),
    detail: {
      code: refusal.code,
      text: refusal.detail,
      origin: body.origin,
      reference: body.reference ?? null,
      ...(refusal.field === undefined ? {} : { field: refusal.field }),
    },
  };
}

/** CMD-13: it goes through the gate on one signature; the others are due by `dueAt`. */
export function breakGlassUsedDraft(intent: Intent, dueAt: string): RecordDraft {
  const { policy } = intent.tag.setpoint;
  const missing = policy.signatures - intent.signatures.length;
  const who = intent.signatures[0]?.actor.printedName ?? 'Somebody';
  const text = `Break-glass: carried out on the signature of ${who} alone; missing countersignatures: ${missing}.`;
  return {
    kind: 'break-glass.used',
    ...byGateway,
    ...about(intent),
    detail: { code: 'break-glass', text, policy: policy.name, missing, dueAt },
  };
}

export function breakGlassDraft(
  kind: 'break-glass.overdue' | 'break-glass.settled',
  command: CommandSubject,
  outcome: { readonly code: string; readonly text: string },
): RecordDraft {
  return { kind, ...byGateway, ...about(command), detail: { ...outcome } };
}

/** A command that was refused when it was asked for; it never got an id. `tag` is null for a tag that nobody knows. */
export function refusedAskDraft(caller: Caller, body: CommandBody, unit: string | null, refusal: Refusal): RecordDraft {
  return {
    kind: 'command.refused',
    ...from(caller),
    subject: body.tagId,
    old: body.observed.value,
    new: body.value,
    ...(unit === null ? {} : { unit }),
    detail: {
      code: refusal.code,
      text: refusal.detail,
      ...(refusal.field === undefined ? {} : { field: refusal.field }),
    },
  };
}

/** `subject` is the tag, or `command:<id>` where no such command is known. The JWS itself is evidence and is kept. */
export function refusedSignatureDraft(
  caller: Caller,
  command: CommandSubject | CommandId,
  jws: string,
  refusal: Refusal,
): RecordDraft {
  return {
    kind: 'command.signature-refused',
    ...from(caller),
    ...(typeof command === 'string' ? { subject: `command:${command}` } : about(command)),
    detail: { code: refusal.code, text: refusal.detail, jws: jws.slice(0, 16384) },
  };
}

export function signedDraft(
  caller: Caller,
  signer: Extract<SignerCheck, { ok: true }>,
  command: CommandSubject,
  statement: CommandStatement,
  part: SignerPart,
  requires: Requires,
  jws: string,
): RecordDraft {
  const code = emptyToNull(part.reasonCode);
  return {
    kind: statement.purpose === 'countersign' ? 'command.countersigned' : 'command.signed',
    ...from(caller),
    // The signer, who is not always the person whose session it is (SIG-4).
    actor: signer.actor,
    ...about(command),
    reason: { code, comment: emptyToNull(part.comment) },
    meaning: part.meaning,
    signature: withAssertion(jws, signer),
    detail: {
      signedAt: part.signedAt,
      reasonText: requires.reasonCodes.find((reason) => reason.code === code)?.text ?? null,
      session: caller.actor.id,
      standsOn: signer.standsOn,
      digest: signatureDigest(jws),
    },
  };
}

/** The intent (CMD-4): everything that the write rests on, durable before the write. */
export function acceptedDraft(intent: Intent, notAfter: string): RecordDraft {
  return {
    kind: 'command.accepted',
    ...byGateway,
    ...about(intent),
    detail: {
      notAfter,
      deviceAddress: intent.tag.deviceAddress,
      connection: intent.tag.connection,
      observed: intent.observed,
      ...(intent.breakGlass === true ? { breakGlass: true } : {}),
      signatures: intent.signatures.map(({ actor, jws }) => ({ signer: actor.id, jws, digest: signatureDigest(jws) })),
    },
  };
}

export function writtenDraft(command: CommandSubject, at: string, status: string, certain: boolean): RecordDraft {
  return { kind: 'command.written', ...byGateway, ...about(command), detail: { at, status, answered: certain } };
}

/** How a command closed, other than by a person's hand. */
export function outcomeDraft(
  kind: OutcomeKind,
  command: CommandSubject,
  outcome: { readonly code: string; readonly text: string; readonly readBack?: ReadBack },
  /** What the device answered around the write; none where nothing was read. */
  trace: Trace = [],
): RecordDraft {
  const { code, text, readBack } = outcome;
  return {
    kind,
    ...byGateway,
    ...about(command),
    detail: {
      code,
      text,
      ...(readBack === undefined ? {} : { readBack }),
      ...(trace.length === 0 ? {} : { trace: trace.map((point) => ({ ...point })) }),
    },
  };
}

export function withdrawnDraft(caller: Caller, command: CommandSubject): RecordDraft {
  const text = `${caller.actor.printedName} withdrew the command; nothing was written.`;
  return { kind: 'command.withdrawn', ...from(caller), ...about(command), detail: { code: 'withdrawn', text } };
}

/** A decline is signed like a countersignature; `signed` is the draft of that signature. */
export function declinedDraft(signed: RecordDraft): RecordDraft {
  const text = `${signed.actor?.printedName ?? 'The second signer'} declined the command; nothing was written.`;
  return { ...signed, kind: 'command.declined', detail: { ...signed.detail, code: 'declined', text } };
}

export function resolvedDraft(
  caller: Caller,
  signer: Extract<SignerCheck, { ok: true }>,
  command: CommandSubject,
  part: SignerPart,
  jws: string,
  outcome: { readonly code: string; readonly text: string },
): RecordDraft {
  return {
    kind: 'command.resolved',
    ...from(caller),
    actor: signer.actor,
    ...about(command),
    reason: { code: emptyToNull(part.reasonCode), comment: emptyToNull(part.comment) },
    meaning: part.meaning,
    signature: withAssertion(jws, signer),
    detail: { ...outcome, signedAt: part.signedAt, reasonText: null, standsOn: signer.standsOn },
  };
}

/** The subject of a command that is held or was read from the log. */
export function subjectOf(view: CommandView): CommandSubject {
  return {
    id: view.id,
    tag: { id: view.tagId, unit: view.unit },
    observed: view.observed,
    value: view.value,
  };
}

const byGateway = { actor: null, terminal: null, address: null } as const;

function from(caller: Caller): Pick<RecordDraft, 'actor' | 'terminal' | 'address'> {
  return { actor: caller.actor, terminal: caller.terminal, address: caller.address };
}

function about(command: CommandSubject): Pick<RecordDraft, 'subject' | 'old' | 'new' | 'unit' | 'command'> {
  return {
    subject: command.tag.id,
    old: command.observed.value,
    new: command.value,
    unit: command.tag.unit,
    command: command.id,
  };
}

function withAssertion(jws: string, { assertion }: Extract<SignerCheck, { ok: true }>) {
  return assertion === undefined ? { jws } : { jws, assertion };
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' ? null : text;
}
