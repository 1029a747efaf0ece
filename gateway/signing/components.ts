// Which signature components a signing needs (SIG-3, § 11.200(a)(1)). Pure; used for the offer (`requires.components`)
// and again when the signature comes.
import type { SigningComponents } from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { componentNames, SignatureBody } from '../contract/statement.ts';

export type Component = (typeof componentNames)[number];

/**
 * All components at the first signing of a session, and whenever the signer is not the session's own person; at least
 * what only its person can use otherwise: password, passkey, or both, as the tag's policy says (SIG-7). A session does
 * not outlive a lock, so "again after any lock" follows.
 */
export function componentsNeeded(
  session: { readonly ownSession: boolean; readonly signedBefore: boolean },
  policy: SigningComponents = 'password',
): readonly Component[] {
  const proofs = {
    password: ['password'],
    'password-and-passkey': ['password', 'passkey'],
    passkey: ['passkey'],
  } as const;
  return session.ownSession && session.signedBefore ? proofs[policy] : ['username', ...proofs[policy]];
}

/** Refuses `signature-refused` or `assertion-missing`, naming the first component that is needed and not brought. */
export function refuseMissingComponent(needed: readonly Component[], body: SignatureBody): Refusal | null {
  const missing = needed.find((name) => (name === 'passkey' ? body.assertion : body[name]) === undefined);
  if (missing === 'passkey')
    return refuse('assertion-missing', 'This signing needs the signer’s passkey, used for this very statement.', {
      field: 'assertion',
    });
  return missing === undefined
    ? null
    : refuse('signature-refused', `This signing needs ${needed.join(' and ')}; ${missing} is missing.`, {
        field: missing,
      });
}
