// Is this the statement that the gateway offered, unchanged, signed by the terminal it was offered to, in time, with
// reason, comment and meaning as required (SIG-2, SIG-6)? Called by the commands' desk and by signed actions.
// It checks no password and knows no person: identity/ does.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import {
  type certificationType,
  type Requires,
  type SignerPart,
  type Statement,
  signerPartNames,
  signerPartSchema,
  statementType,
} from '../contract/statement.ts';
import { es256Verifies, readCompactJws } from './compact-jws.ts';

export type StatementRules = Pick<Requires, 'meanings' | 'reasonCodes' | 'reason' | 'comment'>;

export type VerifiedStatement = {
  readonly ok: true;
  /** reasonCode and comment: null where none was given. */
  readonly part: SignerPart & { readonly reasonCode: string | null; readonly comment: string | null };
};

/**
 * `issued` is what the gateway keeps of its offer; `publicKey` the key of `issued.terminal`; `nowMs` the gateway's
 * clock, the only one that expiry is judged by (signedAt is recorded, not judged: a panel's clock may be wrong).
 * Refuses malformed-statement, statement-altered, statement-expired, meaning-not-allowed, reason-missing,
 * reason-unknown, comment-missing. Single use is the caller's: by the statement's nonce.
 */
export async function verifySignedStatement(
  jws: string,
  issued: Statement,
  publicKey: PublicKey,
  nowMs: number,
  rules: StatementRules,
): Promise<VerifiedStatement | Refusal> {
  const read = readCompactJws(jws, statementType);
  if (!read.ok) return read;
  const { payload } = read;
  const altered = firstDifference(issued, payload);
  if (altered !== null)
    return refuse('statement-altered', `The signed statement’s ${altered} is not what the gateway offered.`, {
      field: altered,
    });
  if (read.kid !== issued.terminal || !(await es256Verifies(jws, publicKey)))
    return refuse('statement-altered', 'The statement is not signed by the key of the terminal it was offered to.');
  if (nowMs > Date.parse(issued.expiresAt))
    return refuse('statement-expired', 'The statement expired before it was signed. Ask again for a new one.');
  const part = signerPartSchema.safeParse(Object.fromEntries(signerPartNames.map((name) => [name, payload[name]])));
  if (!part.success) {
    const issue = part.error.issues[0];
    const field = String(issue?.path[0] ?? 'signer');
    const why = issue?.code === 'custom' ? issue.message : 'is missing or malformed';
    return refuse('malformed-statement', `The statement’s ${field} ${why}.`, { field });
  }
  return withinRules(part.data, rules);
}

/** The nonce of a statement that claims to be one of ours, to find the offer by; nothing of it is checked yet. */
export function claimedNonce(
  jws: string,
  type: typeof statementType | typeof certificationType = statementType,
): { readonly ok: true; readonly nonce: string } | Refusal {
  const read = readCompactJws(jws, type);
  if (!read.ok) return read;
  const nonce = read.payload.nonce;
  return typeof nonce === 'string'
    ? { ok: true, nonce }
    : refuse('malformed-statement', 'The statement has no nonce.', { field: 'nonce' });
}

/** Name of the first member that differs from the offer, is missing or was added; null when there is none. */
export function firstDifference(
  issued: Statement,
  payload: { readonly [name: string]: Json | undefined },
): string | null {
  const offered: { readonly [name: string]: Json | undefined } = issued;
  for (const [name, value] of Object.entries(offered)) {
    if (value === undefined) continue;
    const signed = Object.hasOwn(payload, name) ? payload[name] : undefined;
    if (signed === undefined || canonicalJson(signed) !== canonicalJson(value)) return name;
  }
  const ours = new Set(Object.keys(offered).filter((name) => offered[name] !== undefined));
  const added = Object.keys(payload).find(
    (name) => !ours.has(name) && !signerPartNames.some((allowed) => allowed === name),
  );
  return added ?? null;
}

function withinRules(part: SignerPart, rules: StatementRules): VerifiedStatement | Refusal {
  const reasonCode = given(part.reasonCode);
  const comment = given(part.comment);
  if (!rules.meanings.includes(part.meaning))
    return refuse('meaning-not-allowed', `The meaning must be one of: ${rules.meanings.join(', ')}.`, {
      field: 'meaning',
    });
  if (reasonCode === null && rules.reason === 'required')
    return refuse('reason-missing', 'Choose one of the listed reasons.', { field: 'reasonCode' });
  if (reasonCode !== null && !rules.reasonCodes.some((reason) => reason.code === reasonCode))
    return refuse('reason-unknown', 'The reason is not on the list of this tag.', { field: 'reasonCode' });
  if (comment === null && rules.comment === 'required')
    return refuse('comment-missing', 'Say in a comment what is done and why.', { field: 'comment' });
  if (comment !== null && rules.comment === 'none')
    return refuse('malformed-statement', 'This statement takes no comment.', { field: 'comment' });
  return { ok: true, part: { ...part, reasonCode, comment } };
}

/** Absent, null, "" and white space all mean "none" (contract/statement.ts). */
function given(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text;
}
