// Is this WebAuthn assertion the credential's answer to exactly this signed statement (SIG-7)? The same check at signing
// and in `audit verify`. It knows no person and keeps no counter: who calls it compares owner and counter.
import { createHash } from 'node:crypto';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { decodeClientDataJSON, parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import type { Assertion } from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';

export type AssertedCredential = {
  readonly id: string;
  /** COSE_Key, base64url. */
  readonly publicKey: string;
  readonly rpId: string;
};

/** base64url SHA-256 of the compact JWS's payload bytes: the challenge of its assertion (interfaces.md). */
export function assertionChallenge(jws: string): string {
  return createHash('sha256')
    .update(Buffer.from(jws.split('.')[1] ?? '', 'base64url'))
    .digest('base64url');
}

/** What the assertion says of itself, nothing of it verified. Null for what cannot be read. */
export function readAssertion(assertion: Assertion): {
  readonly challenge: string;
  readonly origin: string;
  readonly userVerified: boolean;
  readonly counter: number;
} | null {
  try {
    const { challenge, origin } = decodeClientDataJSON(assertion.response.clientDataJSON);
    const { flags, counter } = parseAuthenticatorData(
      new Uint8Array(Buffer.from(assertion.response.authenticatorData, 'base64url')),
    );
    if (typeof challenge !== 'string' || typeof origin !== 'string') return null;
    return { challenge, origin, userVerified: flags.uv && flags.up, counter };
  } catch {
    return null;
  }
}

/**
 * `challenge`: of a statement, assertionChallenge of its JWS. `origins`: where it may have been made; null (offline): any
 * origin of the credential's own host. Refuses assertion-invalid, assertion-challenge, user-verification-missing. The
 * answer's `counter` is not judged here.
 */
export async function checkAssertion(
  assertion: Assertion,
  challenge: string,
  credential: AssertedCredential,
  origins: readonly string[] | null,
): Promise<{ readonly ok: true; readonly counter: number } | Refusal> {
  const read = readAssertion(assertion);
  if (read === null || assertion.id !== credential.id) return invalid();
  if (read.challenge !== challenge)
    return refuse('assertion-challenge', 'The passkey answered for something else. Use it again for this.', {
      field: 'assertion',
    });
  if (!read.userVerified)
    return refuse(
      'user-verification-missing',
      'The passkey did not check who used it (PIN, fingerprint or face). Use one that does.',
      { field: 'assertion' },
    );
  const expectedOrigin = origins === null ? originsOfHost(read.origin, credential.rpId) : [...origins];
  if (expectedOrigin.length === 0) return invalid();
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: { ...assertion, response: strict(assertion.response), clientExtensionResults: {} },
      expectedChallenge: read.challenge,
      expectedOrigin,
      expectedRPID: credential.rpId,
      requireUserVerification: true,
      credential: {
        id: credential.id,
        publicKey: new Uint8Array(Buffer.from(credential.publicKey, 'base64url')),
        // Judged by the caller, against the counter that the log holds; below every counter, so that none fails here.
        counter: -1,
      },
    });
    return verified ? { ok: true, counter: read.counter } : invalid();
  } catch {
    return invalid();
  }
}

/** WebAuthn Level 3 § 7.2: a counter that does not grow speaks for a copied authenticator; 0 on both sides: it has none. */
export function counterGrew(former: number, present: number): boolean {
  return (former === 0 && present === 0) || present > former;
}

function strict({ userHandle, ...rest }: Assertion['response']) {
  return userHandle === undefined ? rest : { ...rest, userHandle };
}

function originsOfHost(origin: string, host: string): string[] {
  return URL.canParse(origin) && new URL(origin).hostname === host ? [origin] : [];
}

function invalid(): Refusal {
  return refuse('assertion-invalid', 'The passkey’s answer does not verify.', { field: 'assertion' });
}
