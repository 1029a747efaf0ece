// The certification of a person's electronic signature (SIG-9), from the text that is shown to the record that holds the
// signed copy. Once a person; both components each time.
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import { actorOf, type CertificationDocument } from '../identity/account.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { People } from '../identity/people.ts';
import { userIdOf } from '../identity/user-name.ts';
import { certificationText, certificationTextDigest, verifyCertification } from './certification.ts';
import { newNonce } from './issued-statements.ts';

/** Offers that wait for a signature, the oldest giving way; good for this long. */
const maxOffers = 2_000;
const offerLifeMs = 30 * 60_000;

export type CertificationBody = { readonly statement: string; readonly username: string; readonly password: string };
export type Certify = {
  offer(caller: SignedIn): { readonly version: number; readonly text: string; readonly nonce: string };
  certify(
    caller: SignedIn,
    body: CertificationBody,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
  ): Promise<{ readonly ok: true; readonly certifiedAt: string; readonly record: number } | Refusal>;
};

export function createCertify(people: People): Certify {
  /** By session: a new offer takes the place of the former. */
  const offers = new Map<string, { readonly nonce: string; readonly offeredAtMs: number }>();
  const { now, append, plant } = people.parts;

  const recorded = async (caller: SignedIn, refusal: Refusal): Promise<Refusal> => {
    if (refusal.record !== undefined) return refusal;
    const record = await append({
      kind: 'account.change-refused',
      actor: caller.actor,
      terminal: caller.terminal,
      address: caller.address,
      subject: people.accounts.subjectOf(caller.userId),
      detail: { code: refusal.code, text: refusal.detail, what: 'certification' },
    });
    return { ...refusal, record: record.seq };
  };

  const attempt = async (
    caller: SignedIn,
    body: CertificationBody,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
  ): ReturnType<Certify['certify']> => {
    if (people.certifications.get(caller.userId) !== undefined)
      return refuse('already-certified', 'This person’s signature is certified already.');
    const offer = offers.get(caller.sessionId);
    if (offer === undefined) return refuse('statement-altered', 'Ask for the text first (GET /api/v1/certification).');
    if (now() - offer.offeredAtMs > offerLifeMs)
      return refuse('statement-expired', 'The text was shown too long ago. Ask for it again.');
    const { version, text } = certificationText(plant.name, caller.actor.printedName);
    const offered = { version, text, nonce: offer.nonce, terminal: key.id };
    const verified = await verifyCertification(body.statement, offered, key.publicKey);
    if (!verified.ok) return verified;
    if (userIdOf(verified.statement.signer) !== caller.userId || userIdOf(body.username) !== caller.userId)
      return refuse('signature-refused', 'A person certifies his own signature only, in his own session.', {
        field: 'username',
      });
    const person = await people.checkPerson({
      typedName: body.username,
      password: body.password,
      place: caller,
      code: 'signature-refused',
      failure: { kind: 'account.change-refused', actor: caller.actor },
    });
    if (!person.ok) return person;
    if (offers.get(caller.sessionId) !== offer) return refuse('statement-reused', 'This text was signed before.');
    offers.delete(caller.sessionId);
    const account = person.account.document;
    const certifiedAt = new Date(now()).toISOString();
    const document: CertificationDocument = {
      version: 1,
      account: account.id,
      textVersion: version,
      textDigest: certificationTextDigest(text),
      jws: body.statement,
      certifiedAt,
    };
    const held = await people.certifications.create(account.id, document, {
      kind: 'account.certified',
      actor: actorOf(account),
      terminal: caller.terminal,
      address: caller.address,
      subject: people.accounts.subjectOf(account.id),
      new: { version, text, certifiedAt },
      meaning: 'responsibility',
      signature: { jws: body.statement },
      detail: {
        signedAt: verified.statement.signedAt,
        standsOn: { account: person.account.seq, terminal: people.terminals.get(caller.terminalId)?.seq },
      },
    });
    return held === null
      ? refuse('already-certified', 'This person’s signature is certified already.')
      : { ok: true, certifiedAt, record: held.seq };
  };

  return {
    offer(caller) {
      const text = certificationText(plant.name, caller.actor.printedName);
      const open = offers.get(caller.sessionId);
      // A page that asks again while its person reads gets the same nonce: what he signs then still counts.
      if (open !== undefined && now() - open.offeredAtMs < offerLifeMs / 2) return { ...text, nonce: open.nonce };
      const [oldest] = offers.keys();
      if (offers.size >= maxOffers && oldest !== undefined) offers.delete(oldest);
      const nonce = newNonce();
      offers.delete(caller.sessionId);
      offers.set(caller.sessionId, { nonce, offeredAtMs: now() });
      return { ...text, nonce };
    },
    async certify(caller, body, key) {
      const answer = await attempt(caller, body, key);
      return answer.ok ? answer : recorded(caller, answer);
    },
  };
}
