// Which signature components a signing needs (SIG-3, § 11.200(a)(1)). Pure; used for the offer (`requires.components`)
// and again when the signature comes.
import { type Refusal, refuse } from '../contract/problem.ts';
import { componentNames, type SignatureBody } from '../contract/statement.ts';

export type Component = (typeof componentNames)[number];

/**
 * All components at the first signing of a session, and whenever the signer is not the session's own person; at least
 * the password otherwise. A session does not outlive a lock, so "again after any lock" follows.
 */
export function componentsNeeded(session: {
  readonly ownSession: boolean;
  readonly signedBefore: boolean;
}): readonly Component[] {
  return session.ownSession && session.signedBefore ? ['password'] : [...componentNames];
}

/** Refuses `signature-refused`, naming the first component that is needed and not brought. */
export function refuseMissingComponent(needed: readonly Component[], body: SignatureBody): Refusal | null {
  const missing = needed.find((name) => body[name] === undefined);
  return missing === undefined
    ? null
    : refuse('signature-refused', `This signing needs ${needed.join(' and ')}; ${missing} is missing.`, {
        field: missing,
      });
}
