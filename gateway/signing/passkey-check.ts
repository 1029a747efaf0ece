// A person's passkey (SIG-7): found, proven by the log, his own, not removed, answering exactly this challenge, its counter
// grown. Called by signer.ts for signatures, by passkey-registration.ts for changes of passkeys; they record refusals.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { UserId } from '../contract/ids.ts';
import type { Assertion } from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PasskeyDocument } from '../identity/passkey.ts';
import type { People } from '../identity/people.ts';
import type { Held } from '../identity/trusted-rows.ts';
import { checkAssertion, counterGrew } from './passkey-assertion.ts';
import type { RelyingParty } from './relying-party.ts';

export type CheckedPasskey = {
  readonly ok: true;
  readonly held: Held<PasskeyDocument>;
  readonly assertion: Assertion;
  readonly counter: number;
};

/** Refuses passkeys-unavailable, passkey-unknown, passkey-foreign, assertion-counter, and as checkAssertion does. */
export async function checkPasskey(
  people: People,
  party: RelyingParty | null,
  signer: UserId | null,
  assertion: Assertion,
  challenge: string,
): Promise<CheckedPasskey | Refusal> {
  if (party === null)
    return refuse('passkeys-unavailable', 'Passkeys work at a host name only, and this gateway has none.');
  const fresh = await people.passkeys.fresh(assertion.id);
  if (fresh.kind !== 'trusted' || fresh.held.document.status !== 'active')
    return refuse('passkey-unknown', 'This passkey is not registered here, or not any more.', { field: 'assertion' });
  const { document } = fresh.held;
  if (signer === null || document.account !== signer)
    return refuse('passkey-foreign', 'This passkey is not the signer’s own.', { field: 'assertion' });
  const checked = await checkAssertion(assertion, challenge, document, party.origins);
  if (!checked.ok) return checked;
  if (!counterGrew(document.counter, checked.counter)) return regressed();
  return { ok: true, held: fresh.held, assertion, counter: checked.counter };
}

/** Is it still this person's, so that what it answered for may be carried out? Refuses passkey-unknown. */
export function mayStillCount(people: People, signer: UserId, id: string): { readonly ok: true } | Refusal {
  const present = people.passkeys.get(id)?.document;
  return present?.account === signer && present.status === 'active'
    ? { ok: true }
    : refuse('passkey-unknown', `The passkey with which ${signer} signed has been taken away since.`);
}

/**
 * Keeps the counter, in the passkey's turn, so that one answer cannot count twice side by side; authenticators without
 * a counter leave no record. Answers with the number of the record that the passkey stands on from then on.
 */
export async function countPasskeyUse(
  people: People,
  { held, counter }: CheckedPasskey,
  place: Pick<RecordDraft, 'actor' | 'terminal' | 'address'>,
): Promise<{ readonly ok: true; readonly seq: number } | Refusal> {
  const found: { state: 'good' | 'regressed' | 'removed' } = { state: 'good' };
  const after = await people.passkeys.change(held.document.id, (present) => {
    if (present.status !== 'active') found.state = 'removed';
    else if (!counterGrew(present.counter, counter)) found.state = 'regressed';
    if (found.state !== 'good' || counter === 0) return null;
    const document = { ...present, counter };
    return {
      document,
      draft: {
        kind: 'passkey.used',
        ...place,
        subject: people.passkeys.subjectOf(present.id),
        old: { counter: present.counter },
        new: passkeyRecord(document),
      },
    };
  });
  if (after === undefined || found.state === 'removed')
    return refuse('passkey-unknown', 'This passkey is not registered here, or not any more.', { field: 'assertion' });
  return found.state === 'regressed' ? regressed() : { ok: true, seq: after.seq };
}

/** `new` of the records that a passkey stands on: all that a later check of its signatures needs. */
export function passkeyRecord(document: PasskeyDocument): {
  readonly [name in 'account' | 'name' | 'publicKey' | 'rpId' | 'status']: string;
} & { readonly counter: number } {
  const { account, name, publicKey, rpId, counter, status } = document;
  return { account, name, publicKey, rpId, counter, status };
}

function regressed(): Refusal {
  return refuse(
    'assertion-counter',
    'The passkey’s counter did not grow: this answer was used before, or the passkey was copied. Tell an administrator.',
    { field: 'assertion' },
  );
}
