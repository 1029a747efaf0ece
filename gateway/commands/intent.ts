// What passes through the gate: a command with the signatures that carry it. The gate asks `signaturesCarry` once more,
// by itself, so that no mistake of the desk can let a value through that was not signed for (SIG-1, SIG-5, SIG-6).
import type { Actor, RecordDraft } from '../contract/audit-record.ts';
import { canonicalJson } from '../contract/canonical.ts';
import type { CommandId, UserId } from '../contract/ids.ts';
import type { PublicKey } from '../contract/session.ts';
import { type CommandStatement, statementType } from '../contract/statement.ts';
import type { TagValue } from '../contract/values.ts';
import { userIdOf } from '../identity/user-name.ts';
import { readCompactJws, terminalSigned } from '../signing/compact-jws.ts';
import { assertionChallenge, readAssertion } from '../signing/passkey-assertion.ts';
import { signatureDigest } from '../signing/stored-signature.ts';
import { firstDifference } from '../signing/verify-statement.ts';
import type { Observed, WritableTag } from './checks.ts';
import { asked, follow, missingSignatures } from './lifecycle.ts';
import type { Caller } from './ports.ts';

/** A verified signature: statement and JWS agree, the signer's components were checked. `record` is its draft. */
export type GivenSignature = {
  readonly signer: UserId;
  readonly actor: Actor;
  /** The session at whose terminal it was given; not necessarily the signer's own (SIG-4). */
  readonly caller: Caller;
  readonly statement: CommandStatement;
  readonly jws: string;
  /** Of the terminal that the statement names; its thumbprint is that terminal's id. */
  readonly publicKey: PublicKey;
  readonly record: RecordDraft;
};

export type Intent = {
  readonly id: CommandId;
  readonly tag: WritableTag;
  readonly observed: Observed;
  /** As the device will hold it. */
  readonly value: TagValue;
  /** All of them, in order. */
  readonly signatures: readonly GivenSignature[];
  /** CMD-13: carried by its first signature alone, where the tag's policy allows that. */
  readonly breakGlass?: true | undefined;
  /** The statements' common expiry. */
  readonly expiresAtMs: number;
};

/** CMD-13: when the countersignatures that a break-glass command leaves out are due, RFC 3339. */
export function countersignaturesDueAt(intent: Intent, acceptedAtMs: number): string {
  const dueMinutes = intent.tag.setpoint.policy.breakGlass?.dueMinutes ?? 0;
  return new Date(acceptedAtMs + dueMinutes * 60_000).toISOString();
}

/**
 * Null when the signatures carry the intent: as many different persons as the tag's policy asks, every statement about
 * exactly this command, tag, value and observation, each one after the first naming the one before, and each made by the
 * key of the terminal where it was given, in the signer's name. Else what is wrong.
 */
export function signaturesCarry(intent: Intent): string | null {
  const { policy } = intent.tag.setpoint;
  if (intent.breakGlass === true && policy.breakGlass?.allowed !== true) return 'break-glass is not allowed here';
  let life = intent.breakGlass === true ? asked(1, policy.signatures - 1) : asked(policy.signatures);
  let previous: string | null = null;
  for (const given of intent.signatures) {
    const { signer, statement, jws } = given;
    const next = follow(life, { kind: 'signed', signer });
    if (next === null) return `${signer} cannot sign here`;
    life = next;
    if (statement.purpose !== (previous === null ? 'command' : 'countersign')) return 'a statement of another purpose';
    if (statement.command !== intent.id || statement.tag !== intent.tag.id) return 'a statement about something else';
    if (canonicalJson(statement.value) !== canonicalJson(intent.value)) return 'another value was signed';
    if (canonicalJson(statement.observed) !== canonicalJson(intent.observed)) return 'another observation was signed';
    if (statement.unit !== intent.tag.unit) return 'another unit was signed';
    if (statement.breakGlass !== intent.breakGlass) return 'it was signed as a command of another kind';
    if ((statement.countersigns ?? null) !== previous) return 'the chain of signatures is broken';
    if (!(Date.parse(statement.expiresAt) >= intent.expiresAtMs)) return 'a statement expires before the command';
    if (policy.components !== undefined && policy.components !== 'password' && !passkeyAnswered(given))
      return 'the signer’s passkey did not answer for it';
    const forged = madeOtherwise(given);
    if (forged !== null) return forged;
    previous = signatureDigest(jws);
  }
  return missingSignatures(life) === 0 ? null : `${missingSignatures(life)} signatures are missing`;
}

/** The answer was verified when it was given; here, that it is about this statement and that its user was verified. */
function passkeyAnswered({ jws, record }: GivenSignature): boolean {
  const assertion = record.signature?.assertion;
  const read = assertion === undefined ? null : readAssertion(assertion);
  return record.signature?.jws === jws && read?.userVerified === true && read.challenge === assertionChallenge(jws);
}

function madeOtherwise({ signer, statement, jws, publicKey, caller }: GivenSignature): string | null {
  const read = readCompactJws(jws, statementType);
  if (!read.ok) return 'a signature that cannot be read';
  if (firstDifference(statement, read.payload) !== null) return 'another statement was signed';
  const { signer: named } = read.payload;
  if (typeof named !== 'string' || userIdOf(named) !== signer) return 'somebody else is named as the signer';
  if (read.kid !== statement.terminal || statement.terminal !== caller.terminalId) return 'another terminal signed';
  return terminalSigned(jws, statement.terminal, publicKey) ? null : 'a signature does not verify';
}
