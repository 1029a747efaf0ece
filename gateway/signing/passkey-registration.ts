// A person's own passkeys (SIG-7, IDN-8): registered and removed by himself, in his session, with his password and, once he
// has a passkey, an answer of it: who knows a password alone gets no second component by it. Where none is at hand any
// more, an administrator takes it away (passkey-removal.ts). The public key goes into the record: what must be believable
// later is itself a record. No attestation is asked for; user verification is.
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server';
import type { Json } from '../contract/canonical.ts';
import {
  type Assertion,
  type PasskeyBody,
  type PasskeyList,
  type PasskeyRemovalBody,
  type PasskeyView,
  passkeyOptionsSchema,
} from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { actorOf } from '../identity/account.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { PasskeyDocument } from '../identity/passkey.ts';
import type { People } from '../identity/people.ts';
import type { Held } from '../identity/trusted-rows.ts';
import { checkPasskey, countPasskeyUse, passkeyRecord } from './passkey-check.ts';
import type { RelyingParty } from './relying-party.ts';

/** Challenges that wait for an answer, one a session, the oldest giving way; good for this long. */
const maxChallenges = 2_000;
const challengeLifeMs = 5 * 60_000;
export const passkeysPerPerson = 10;
/** COSE algorithms (RFC 9053): EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257];

export type Passkeys = {
  list(caller: SignedIn): PasskeyList;
  /**
   * For `navigator.credentials.create`; `excludeCredentials` names the passkeys one of which must answer the same challenge
   * (`navigator.credentials.get`). Each call makes the session's former challenge void.
   */
  options(
    caller: SignedIn,
  ): Promise<{ readonly ok: true; readonly options: { readonly [name: string]: Json } } | Refusal>;
  register(
    caller: SignedIn,
    body: PasskeyBody,
  ): Promise<{ readonly ok: true; readonly passkey: PasskeyView } | Refusal>;
  /** Refuses not-found for what is not this person's active passkey. */
  remove(caller: SignedIn, id: string, body: PasskeyRemovalBody): Promise<{ readonly ok: true } | Refusal>;
};

export function createPasskeys(people: People, relyingParty: () => RelyingParty | null): Passkeys {
  const { passkeys } = people;
  const { now, append, plant } = people.parts;
  /** By session. */
  const challenges = new Map<string, { readonly challenge: string; readonly madeAtMs: number }>();

  const ownPasskeys = (caller: SignedIn) =>
    passkeys.all().filter(({ account, status }) => account === caller.userId && status === 'active');
  const viewOf = ({ id, name, registeredAt }: PasskeyDocument): PasskeyView => ({
    id,
    name,
    registeredAt,
    record: passkeys.get(id)?.seq ?? -1,
  });

  const recorded = async (caller: SignedIn, subject: string, refusal: Refusal): Promise<Refusal> => {
    if (refusal.record !== undefined) return refusal;
    const record = await append({
      kind: 'passkey.change-refused',
      actor: caller.actor,
      terminal: caller.terminal,
      address: caller.address,
      subject,
      detail: { code: refusal.code, text: refusal.detail },
    });
    return { ...refusal, record: record.seq };
  };

  const itIsHim = (caller: SignedIn, password: string, subject: string) =>
    people.checkPerson({
      typedName: caller.userId,
      password,
      place: caller,
      code: 'signature-refused',
      failure: { kind: 'passkey.change-refused', actor: caller.actor, subject },
    });

  const standsOn = (caller: SignedIn, account: number, passkey?: number) => ({
    account,
    terminal: people.terminals.get(caller.terminalId)?.seq,
    ...(passkey !== undefined && { passkey }),
  });

  /** The session's challenge, once; null where there is none, or an old one. */
  const takeChallenge = (caller: SignedIn): string | null => {
    const offered = challenges.get(caller.sessionId);
    challenges.delete(caller.sessionId);
    return offered === undefined || now() - offered.madeAtMs > challengeLifeMs ? null : offered.challenge;
  };

  /** Who has a passkey answers with it; `passkey` is the record that it stands on, absent where there is none yet. */
  const confirm = async (
    caller: SignedIn,
    party: RelyingParty,
    challenge: string,
    confirmation: Assertion | undefined,
  ): Promise<{ readonly ok: true; readonly passkey?: number } | Refusal> => {
    if (ownPasskeys(caller).length === 0) return { ok: true };
    if (confirmation === undefined)
      return refuse(
        'assertion-missing',
        'Confirm with a passkey that you have. Where none is at hand, an administrator can take the old one away.',
        { field: 'confirmation' },
      );
    const checked = await checkPasskey(people, party, caller.userId, confirmation, challenge);
    if (!checked.ok) return { ...checked, field: 'confirmation' };
    const counted = await countPasskeyUse(people, checked, caller);
    return counted.ok ? { ok: true, passkey: counted.seq } : counted;
  };

  const attempt = async (
    caller: SignedIn,
    body: PasskeyBody,
  ): Promise<{ readonly ok: true; readonly held: Held<PasskeyDocument> } | Refusal> => {
    const party = relyingParty();
    if (party === null) return unavailable();
    const account = `account:${caller.userId}`;
    const person = await itIsHim(caller, body.password, account);
    if (!person.ok) return person;
    const challenge = takeChallenge(caller);
    if (challenge === null) return tooLate();
    if (ownPasskeys(caller).length >= passkeysPerPerson) return tooMany();
    const confirmed = await confirm(caller, party, challenge, body.confirmation);
    if (!confirmed.ok) return confirmed;
    const info = await verified(body, challenge, party);
    if (info === null) return refuse('assertion-invalid', 'The passkey’s registration does not verify. Start again.');
    if (!info.userVerified)
      return refuse(
        'user-verification-missing',
        'This passkey does not check who uses it (PIN, fingerprint or face). Set that up, or use another one.',
      );
    const document: PasskeyDocument = {
      version: 1,
      id: info.credential.id,
      account: caller.userId,
      name: body.name,
      publicKey: Buffer.from(info.credential.publicKey).toString('base64url'),
      rpId: party.rpId,
      counter: info.credential.counter,
      transports: body.response.response.transports ?? [],
      aaguid: info.aaguid,
      deviceType: info.credentialDeviceType,
      backedUp: info.credentialBackedUp,
      status: 'active',
      registeredAt: new Date(now()).toISOString(),
    };
    const held = await passkeys.create(document.id, document, {
      kind: 'passkey.registered',
      actor: actorOf(person.account.document),
      terminal: caller.terminal,
      address: caller.address,
      subject: passkeys.subjectOf(document.id),
      new: {
        ...passkeyRecord(document),
        aaguid: document.aaguid,
        deviceType: document.deviceType,
        backedUp: document.backedUp,
      },
      detail: { standsOn: standsOn(caller, person.account.seq, confirmed.passkey) },
    });
    return held === null
      ? refuse('wrong-stage', 'This passkey was registered before. A removed one cannot come back: make a new one.')
      : { ok: true, held };
  };

  return {
    list: (caller) => ({ rpId: relyingParty()?.rpId ?? null, passkeys: ownPasskeys(caller).map(viewOf) }),

    async options(caller) {
      const party = relyingParty();
      if (party === null) return unavailable();
      const own = ownPasskeys(caller);
      const options = await generateRegistrationOptions({
        rpName: plant.name,
        rpID: party.rpId,
        userName: caller.actor.name,
        userDisplayName: caller.actor.printedName,
        // Stable, so that a second passkey on one device takes the first one's place there instead of lying beside it.
        userID: new TextEncoder().encode(caller.userId),
        attestationType: 'none',
        excludeCredentials: own.map(({ id }) => ({ id })),
        // Found without a list of ids, since another person may sign in this one's session (SIG-4).
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: algorithms,
      });
      const [oldest] = challenges.keys();
      if (challenges.size >= maxChallenges && oldest !== undefined) challenges.delete(oldest);
      challenges.delete(caller.sessionId);
      challenges.set(caller.sessionId, { challenge: options.challenge, madeAtMs: now() });
      return { ok: true, options: passkeyOptionsSchema.parse(options) };
    },

    async register(caller, body) {
      const answer = await attempt(caller, body);
      if (!answer.ok) return recorded(caller, `account:${caller.userId}`, answer);
      return { ok: true, passkey: viewOf(answer.held.document) };
    },

    async remove(caller, id, { password, confirmation }) {
      const subject = passkeys.subjectOf(id);
      const missing = () => recorded(caller, subject, refuse('not-found', 'You have no such passkey.'));
      if (!ownPasskeys(caller).some((own) => own.id === id)) return missing();
      const person = await itIsHim(caller, password, subject);
      if (!person.ok) return recorded(caller, subject, person);
      const party = relyingParty();
      if (party === null) return recorded(caller, subject, unavailable());
      const challenge = takeChallenge(caller);
      if (challenge === null) return recorded(caller, subject, tooLate());
      const confirmed = await confirm(caller, party, challenge, confirmation);
      if (!confirmed.ok) return recorded(caller, subject, confirmed);
      let removed = false;
      await passkeys.change(id, (present) => {
        if (present.status !== 'active') return null;
        removed = true;
        const document: PasskeyDocument = { ...present, status: 'removed' };
        return {
          document,
          draft: {
            kind: 'passkey.removed',
            actor: actorOf(person.account.document),
            terminal: caller.terminal,
            address: caller.address,
            subject,
            old: { status: 'active' },
            new: passkeyRecord(document),
            detail: { standsOn: standsOn(caller, person.account.seq, confirmed.passkey) },
          },
        };
      });
      return removed ? { ok: true } : missing();
    },
  };
}

/** Null where it does not verify. User verification is the caller's to ask, for its own words. */
async function verified({ response }: PasskeyBody, challenge: string, party: RelyingParty) {
  const { transports: _transports, ...attestation } = response.response;
  try {
    const answer = await verifyRegistrationResponse({
      response: { ...response, response: attestation, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: algorithms,
    });
    return answer.verified ? answer.registrationInfo : null;
  } catch {
    return null;
  }
}

function unavailable(): Refusal {
  return refuse(
    'passkeys-unavailable',
    'Passkeys work at a host name only. Open the gateway by its name (in the demo: localhost, not 127.0.0.1).',
  );
}

function tooLate(): Refusal {
  return refuse('assertion-challenge', 'The passkey was asked for too long ago, or by another request. Start again.');
}

function tooMany(): Refusal {
  return refuse('wrong-stage', `A person may have ${passkeysPerPerson} passkeys. Remove one first.`);
}
