// What a passkey's answer says about how it was used (SIG-7), from its authenticator data (WebAuthn level 2, 6.1): for reading.
// Pure; called by the record's detail. It is not verified here: `audit verify` does.
import type { Assertion } from '../../gateway/contract/passkey.ts';

export type AssertionWords = {
  readonly credential: string;
  /** Somebody touched it, and it checked who (PIN, fingerprint, face). */
  readonly present: boolean;
  readonly verified: boolean;
  /** Uses counted by the authenticator; 0 where it does not count. */
  readonly uses: number;
};

const flagsAt = 32;
const userPresent = 0x01;
const userVerified = 0x04;

/** Null for data too short to be an authenticator's. */
export function assertionWords(assertion: Assertion): AssertionWords | null {
  const bytes = bytesOf(assertion.response.authenticatorData);
  const flags = bytes?.[flagsAt];
  if (bytes === null || flags === undefined || bytes.length < flagsAt + 5) return null;
  return {
    credential: assertion.id,
    present: (flags & userPresent) !== 0,
    verified: (flags & userVerified) !== 0,
    uses: new DataView(bytes.buffer).getUint32(flagsAt + 1),
  };
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> | null {
  try {
    const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
