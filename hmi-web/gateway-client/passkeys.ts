// Asks the browser's authenticators (SIG-7): to answer for one signed statement, and to make a new passkey. Called by
// command-signing.ts and the passkeys page. What the person or the browser declines becomes a Refused in plain words.
import type { Assertion, PasskeyBody } from '../../gateway/contract/passkey.ts';
import type { ProblemCode } from '../../gateway/contract/problem.ts';
import type { Requires } from '../../gateway/contract/statement.ts';
import { sha256Base64url } from './encoding.ts';
import { Refused } from './request.ts';

/** Long enough to fetch a key from a pocket; the statement's own expiry ends it anyhow. */
const timeoutMs = 120_000;

/**
 * The answer of a passkey to exactly this compact JWS: the challenge is the SHA-256 of its payload bytes. `otherPerson`:
 * the browser offers every passkey that it knows here, since the ids are those of the session's own person.
 */
export async function askPasskey(jws: string, request: Requires['passkey'], otherPerson: boolean): Promise<Assertion> {
  if (request === undefined) throw refused('passkeys-unavailable', addressWords());
  const payload = Uint8Array.from(atob((jws.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );
  const ids = otherPerson ? [] : request.credentialIds;
  if (!otherPerson && ids.length === 0)
    throw refused('passkey-unknown', 'You have no passkey here yet. Register one under your name, at the top right.');
  return answerOf(await sha256Base64url(payload), request.rpId, ids);
}

/** The answer of a passkey that the person has, to the challenge of its options: who adds or removes one confirms so. */
export async function confirmWithPasskey(options: Record<string, unknown>): Promise<Assertion | undefined> {
  const { challenge, rp, excludeCredentials } = options as unknown as RegistrationOptions;
  const ids = (excludeCredentials ?? []).map(({ id }) => id);
  return ids.length === 0 ? undefined : answerOf(challenge, rp.id ?? location.hostname, ids);
}

async function answerOf(challenge: string, rpId: string, ids: readonly string[]): Promise<Assertion> {
  const { startAuthentication } = await webAuthn();
  try {
    const { id, rawId, type, response } = await startAuthentication({
      optionsJSON: {
        challenge,
        rpId,
        userVerification: 'required',
        timeout: timeoutMs,
        ...(ids.length > 0 && { allowCredentials: ids.map((known) => ({ id: known, type: 'public-key' as const })) }),
      },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = response;
    return {
      id,
      rawId,
      type,
      response: { clientDataJSON, authenticatorData, signature, ...(userHandle !== undefined && { userHandle }) },
    };
  } catch (error) {
    throw refused('assertion-missing', declinedWords(error));
  }
}

/** Makes a passkey with the gateway's options. */
export async function makePasskey(options: Record<string, unknown>): Promise<PasskeyBody['response']> {
  const { startRegistration } = await webAuthn();
  try {
    const { id, rawId, type, response } = await startRegistration({
      optionsJSON: options as unknown as RegistrationOptions,
    });
    const { clientDataJSON, attestationObject, transports } = response;
    return {
      id,
      rawId,
      type,
      response: { clientDataJSON, attestationObject, ...(transports !== undefined && { transports }) },
    };
  } catch (error) {
    throw refused('assertion-missing', declinedWords(error));
  }
}

type RegistrationOptions = Parameters<typeof import('@simplewebauthn/browser')['startRegistration']>[0]['optionsJSON'];

/** Its script is loaded when it is first needed. Throws Refused where this page's address or browser has no WebAuthn. */
async function webAuthn() {
  const library = await import('@simplewebauthn/browser');
  if (!library.browserSupportsWebAuthn()) throw refused('passkeys-unavailable', 'This browser knows no passkeys.');
  if (/^[\d.]+$|^\[/.test(location.hostname)) throw refused('passkeys-unavailable', addressWords());
  return library;
}

function declinedWords(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidStateError') return 'This device holds a passkey of yours already.';
  if (name === 'SecurityError') return addressWords();
  return 'The browser got no answer of a passkey: it was cancelled, took too long, or none fits.';
}

function addressWords(): string {
  return `Passkeys do not work at ${location.hostname}: browsers want a host name. Open the gateway by its name (in the demo: localhost).`;
}

function refused(code: ProblemCode, detail: string): Refused {
  return new Refused({ type: 'about:blank', title: detail, status: 0, code, detail });
}
