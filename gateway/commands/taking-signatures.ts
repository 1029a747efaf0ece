// Signatures on a held command (SIG-1, SIG-4, SIG-5): the statement is compared and verified, the signer's components
// and right are checked, the order of signers is kept; the last one opens the gate. Every refusal is a record.
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { CommandStatement, SignatureBody, SignerPart } from '../contract/statement.ts';
import type { PermissiveState } from '../contract/tag.ts';
import { refuseMissingComponent } from '../signing/components.ts';
import { claimedNonce, verifySignedStatement } from '../signing/verify-statement.ts';
import { checkAsk } from './asking.ts';
import { type BreakGlass, settledAs } from './break-glass.ts';
import type { WritableTag } from './checks.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { AcceptedIntent, Gate, GateRecords } from './gate.ts';
import type { HeldCommand, HeldCommands } from './held-commands.ts';
import type { GivenSignature, Intent } from './intent.ts';
import { countersignaturesDue, isClosed, isOpenForSigning, missingSignatures } from './lifecycle.ts';
import { requirements } from './offering.ts';
import type { Caller, SignerCheck } from './ports.ts';
import {
  askedDraft,
  breakGlassDraft,
  declinedDraft,
  refusedSignatureDraft,
  signedDraft,
  subjectOf,
} from './record-drafts.ts';

/** `accepted` where this signature was the last one: the gate may carry it out. */
export type Taken = { readonly ok: true; readonly accepted: AcceptedIntent | null } | Refusal;

type Verified = {
  readonly ok: true;
  readonly tag: WritableTag;
  readonly statement: CommandStatement;
  readonly part: SignerPart;
  readonly publicKey: PublicKey;
  readonly signer: Extract<SignerCheck, { ok: true }>;
  /** Of a proposal that this signature takes up: the permissives as they were found. */
  readonly takenUp: readonly PermissiveState[];
};

/**
 * Takes one signature. A refusal leaves the command as it was, and the statement may be signed again (a wrong password
 * is no end). Rejects with log-unavailable: then nothing happened.
 */
export async function takeSignature(
  ports: DeskPorts,
  commands: HeldCommands,
  breakGlass: BreakGlass,
  gate: Gate,
  held: HeldCommand,
  caller: Caller,
  body: SignatureBody,
  records: GateRecords,
): Promise<Taken> {
  if (held.busy)
    return recordRefusal(
      ports,
      held,
      caller,
      body,
      refuse(
        'command-in-progress',
        'Another signature on this command is being checked. Look at it again in a moment.',
      ),
    );
  held.busy = true;
  try {
    const verified = await verify(ports, breakGlass, held, caller, body);
    if (!verified.ok) return await recordRefusal(ports, held, caller, body, verified);
    return await count(ports, commands, gate, held, caller, body, verified, records);
  } finally {
    held.busy = false;
  }
}

async function verify(
  ports: DeskPorts,
  breakGlass: BreakGlass,
  held: HeldCommand,
  caller: Caller,
  body: SignatureBody,
): Promise<Verified | Refusal> {
  const claimed = claimedNonce(body.statement);
  if (!claimed.ok) return claimed;
  const { nonce } = claimed;
  if (held.usedNonces.has(nonce))
    return refuse('statement-reused', 'This statement was signed before. Ask for a new one.', { field: 'statement' });
  const stage = checkStage(ports, held);
  if (!stage.ok) return stage;
  const statement = held.offered.get(nonce);
  if (statement === undefined || statement.terminal !== caller.terminalId)
    return refuse(
      'statement-altered',
      'This terminal was offered no such statement for the command. Ask for a new one.',
      {
        field: 'statement',
      },
    );
  const place = ports.mayDo(caller, 'view', stage.tag.area);
  if (!place.ok) return place;
  const requires = requirements(held, caller, statement.purpose, ports);
  const publicKey = ports.publicKeyOf(caller.terminalId);
  if (publicKey === undefined) return refuse('terminal-unknown', 'This terminal is not enrolled, or not any more.');
  const verified = await verifySignedStatement(body.statement, statement, publicKey, ports.now(), requires);
  if (!verified.ok) return verified;
  if (held.isBreakGlass && statement.purpose === 'command') {
    // CMD-13: complete, whatever this session has signed before.
    const incomplete =
      refuseMissingComponent(requires.components, body) ?? breakGlass.refuseUnder(stage.tag.setpoint.policy);
    if (incomplete !== null) return incomplete;
  }
  const taken = await takeUp(ports, breakGlass, held, caller, statement, stage.tag);
  if (!taken.ok) return taken;
  // A proposal is signed, and declined, by whoever may command.
  const first = statement.purpose === 'command' || held.life.state === 'proposed';
  const permission = first ? 'command' : 'verify';
  const about = { command: held.id, subject: stage.tag.id };
  const { components } = stage.tag.setpoint.policy;
  const { area } = stage.tag;
  const signer = await ports.checkSigner(caller, verified.part.signer, body, permission, area, about, components);
  if (!signer.ok) return signer;
  if (held.life.signers.includes(signer.userId))
    return refuse(
      'same-signer',
      `${signer.actor.printedName} has signed this command already. Another person must sign.`,
    );
  // Checking the password took time.
  const still = checkStage(ports, held);
  if (!still.ok) return still;
  return { ok: true, tag: stage.tag, statement, part: verified.part, publicKey, signer, takenUp: taken.permissives };
}

/** CMD-10: a proposal becomes a command by its first signature, so everything is checked as if it were asked for now. */
async function takeUp(
  ports: DeskPorts,
  breakGlass: BreakGlass,
  held: HeldCommand,
  caller: Caller,
  statement: CommandStatement,
  tag: WritableTag,
): Promise<{ readonly ok: true; readonly permissives: readonly PermissiveState[] } | Refusal> {
  if (held.life.state !== 'proposed' || statement.purpose !== 'command') return { ok: true, permissives: [] };
  const { value, observed } = statement;
  return checkAsk(ports, breakGlass, caller, { tagId: tag.id, value, observed }, tag);
}

function checkStage(ports: DeskPorts, held: HeldCommand): { readonly ok: true; readonly tag: WritableTag } | Refusal {
  const open = isOpenForSigning(held.life) && !held.inGate;
  if (held.tag === null || (!open && !owesCountersignatures(held)))
    return refuse('wrong-stage', `The command is ${held.view.state}; it takes no signature any more.`);
  if (open && ports.now() > held.expiresAtMs)
    return refuse('statement-expired', 'The time for signing this command has passed. Ask for it again.');
  return { ok: true, tag: held.tag };
}

/** CMD-13: it ended, and signatures that break-glass left out may be given still, overdue or not. */
export function owesCountersignatures(held: HeldCommand): boolean {
  return isClosed(held.life) && countersignaturesDue(held.life) > 0;
}

async function count(
  ports: DeskPorts,
  commands: HeldCommands,
  gate: Gate,
  held: HeldCommand,
  caller: Caller,
  body: SignatureBody,
  { tag, statement, part, publicKey, signer, takenUp }: Verified,
  records: GateRecords,
): Promise<Taken> {
  const requires = requirements(held, caller, statement.purpose, ports);
  const subject = subjectOf(held.view);
  const recordAbout = (about: typeof subject) =>
    signedDraft(caller, signer, about, statement, part, requires, body.statement);
  const record = recordAbout(subject);
  if (owesCountersignatures(held)) {
    const last = countersignaturesDue(held.life) === 1;
    const settled = breakGlassDraft('break-glass.settled', subject, settledAs('countersigned'));
    await commands.record(held, last ? [record, settled] : [record]);
    held.usedNonces.add(statement.nonce);
    held.offered.clear();
    return { ok: true, accepted: null };
  }
  // From here to the log's answer nothing else may move the command.
  held.inGate = true;
  let accepted: AcceptedIntent | null = null;
  try {
    if (statement.purpose === 'decline') {
      await commands.record(held, [declinedDraft(record)]);
    } else {
      if (held.life.state === 'proposed')
        await turnIntoCommand(commands, held, caller, statement, tag, signer, takenUp);
      // Of the command as it is now: a proposal that was taken up says what is there since then.
      const record = recordAbout(subjectOf(held.view));
      const given = {
        signer: signer.userId,
        actor: signer.actor,
        caller,
        statement,
        jws: body.statement,
        publicKey,
        record,
      };
      if (missingSignatures(held.life) > 1) {
        await commands.record(held, [record]);
      } else {
        const place = gate.reserve(tag);
        if (!place.ok) return await recordRefusal(ports, held, caller, body, place);
        accepted = await gate.accept(intentOf(held, tag, given), record, place.turn, records);
      }
      held.given.push(given);
    }
  } finally {
    held.inGate = accepted !== null;
  }
  held.usedNonces.add(statement.nonce);
  // Statements offered before this signature do not name it: the next signer asks for his own.
  held.offered.clear();
  return { ok: true, accepted };
}

/** The record of the asking, by the person who signs. Whatever else was offered for the proposal no longer fits it. */
async function turnIntoCommand(
  commands: HeldCommands,
  held: HeldCommand,
  caller: Caller,
  statement: CommandStatement,
  tag: WritableTag,
  signer: Extract<SignerCheck, { ok: true }>,
  permissives: readonly PermissiveState[],
): Promise<void> {
  const { value, observed, expiresAt } = statement;
  const asking = { ...caller, actor: signer.actor };
  const body = { tagId: tag.id, value, observed };
  await commands.record(held, [askedDraft(asking, held.id, tag, body, value, observed, expiresAt, permissives)]);
  for (const nonce of held.offered.keys()) if (nonce !== statement.nonce) held.offered.delete(nonce);
}

function intentOf(held: HeldCommand, tag: WritableTag, last: GivenSignature): Intent {
  const { observed, value } = held.view;
  const signatures = [...held.given, last];
  return {
    id: held.id,
    tag,
    observed,
    value,
    signatures,
    expiresAtMs: held.expiresAtMs,
    ...(held.isBreakGlass ? { breakGlass: true } : {}),
  };
}

/** Records a refused signature, unless the refusal has its record already, and shows it with the command. */
export async function recordRefusal(
  ports: Pick<DeskPorts, 'append' | 'readCommandRecords' | 'reportFault'>,
  held: HeldCommand,
  caller: Caller,
  body: SignatureBody,
  refusal: Refusal,
): Promise<Refusal> {
  const record =
    refusal.record ??
    (await ports.append(refusedSignatureDraft(caller, subjectOf(held.view), body.statement, refusal))).seq;
  try {
    held.showRefused(await ports.readCommandRecords(held.id));
  } catch (fault) {
    // It is on record all the same, and shown after the next one.
    ports.reportFault(`a refused signature on command ${held.id} is not shown yet`, fault);
  }
  return { ...refusal, record };
}
