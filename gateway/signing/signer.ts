// Who signs, checked (SIG-3, SIG-4, SIG-10): the components, the password, the certification, the right. One function for
// commands (`checkSigner`) and for signed actions. Its refusals are on record when it answers.
import type { Actor, RecordDraft } from '../contract/audit-record.ts';
import type { AreaId, CommandId, UserId } from '../contract/ids.ts';
import type { Assertion, SigningComponents } from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { Permission } from '../contract/session.ts';
import type { Requires, SignatureBody } from '../contract/statement.ts';
import { actorOf } from '../identity/account.ts';
import type { PersonAt, SignedIn } from '../identity/caller.ts';
import type { People } from '../identity/people.ts';
import { userIdOf } from '../identity/user-name.ts';
import { type Component, componentsNeeded, refuseMissingComponent } from './components.ts';
import { assertionChallenge } from './passkey-assertion.ts';
import { type CheckedPasskey, checkPasskey, countPasskeyUse } from './passkey-check.ts';
import type { RelyingParty } from './relying-party.ts';

export type ConfigurationInForce = () => { readonly seq: number; readonly digest: string };

export type CheckedSigner = {
  readonly ok: true;
  readonly userId: UserId;
  readonly actor: Actor;
  /** Records that this signature stands on, by number. */
  readonly standsOn: {
    readonly account: number;
    readonly certification: number;
    readonly terminal: number;
    readonly configuration: number;
    /** The record with the public key of the passkey that was used. */
    readonly passkey?: number;
  };
  /** The passkey's answer, where it was a component; nothing else of that kind is ever stored. */
  readonly assertion?: Assertion;
};

/** Kind, command and subject of the record that a refusal leaves. */
type FailureRecord = Pick<RecordDraft, 'kind' | 'command' | 'subject'>;

export type SignerChecks = {
  /** What the session's own person must bring next; somebody else brings all components. */
  componentsNeeded(caller: SignedIn, policy?: SigningComponents): Component[];
  /** What the session's own person is to be asked with, where a passkey is needed; undefined where there can be none. */
  passkeyRequest(caller: SignedIn): Requires['passkey'];
  /** For commands: a CheckSigner (commands/ports.ts). */
  checkSigner(
    caller: SignedIn,
    claimedSigner: string,
    body: SignatureBody,
    permission: Permission,
    area: AreaId,
    about?: { readonly command: CommandId; readonly subject: string },
    policy?: SigningComponents,
  ): Promise<CheckedSigner | Refusal>;
  /** For signed actions: `may` asks for the right. */
  checkActor(
    caller: SignedIn,
    claimedSigner: string,
    body: SignatureBody,
    may: (person: PersonAt) => { readonly ok: true } | Refusal,
    failure: FailureRecord,
    policy?: SigningComponents,
  ): Promise<CheckedSigner | Refusal>;
};

/** `relyingParty` is asked at each use: an ephemeral port is known only after listening. Null: no passkey is accepted. */
export function createSignerChecks(
  people: People,
  configuration: ConfigurationInForce,
  relyingParty: () => RelyingParty | null = () => null,
): SignerChecks {
  const own = (caller: SignedIn, policy?: SigningComponents) =>
    componentsNeeded({ ownSession: true, signedBefore: people.sessions.hasSigned(caller.sessionId) }, policy);

  const refused = async (caller: SignedIn, failure: FailureRecord, refusal: Refusal): Promise<Refusal> => {
    const record = await people.parts.append({
      ...failure,
      actor: caller.actor,
      terminal: caller.terminal,
      address: caller.address,
      detail: { code: refusal.code, text: refusal.detail },
    });
    return { ...refusal, record: record.seq };
  };

  const check: SignerChecks['checkActor'] = async (caller, claimedSigner, body, may, failure, policy) => {
    if (!people.sessions.isLive(caller.sessionId))
      return refused(caller, failure, refuse('not-signed-in', 'The session is over. Sign in again.'));
    const signer = userIdOf(claimedSigner);
    const ownSession = signer === caller.userId;
    const needed = ownSession
      ? own(caller, policy)
      : componentsNeeded({ ownSession: false, signedBefore: false }, policy);
    const missing = refuseMissingComponent(needed, body);
    if (missing !== null) return refused(caller, failure, missing);
    if (body.username !== undefined && userIdOf(body.username) !== signer)
      return refused(
        caller,
        failure,
        refuse('signature-refused', 'The user name is not the one in the signed statement.', { field: 'username' }),
      );
    const asksPassword = needed.includes('password');
    const provenPasskey = async (): Promise<CheckedPasskey | Refusal | null> =>
      needed.includes('passkey') && body.assertion !== undefined
        ? checkPasskey(people, relyingParty(), signer, body.assertion, assertionChallenge(body.statement))
        : null;
    // With a password it comes first, without one the passkey does: so nothing is told to who has neither.
    const passkeyAlone = asksPassword ? null : await provenPasskey();
    if (!asksPassword && passkeyAlone === null)
      return refused(caller, failure, refuse('assertion-missing', 'This signing needs the signer’s passkey.'));
    if (passkeyAlone?.ok === false) return refused(caller, failure, passkeyAlone);
    // All that the signature stands on is read anew, side by side with the password's hash.
    const [person, certification, terminal] = await Promise.all([
      people.checkPerson({
        typedName: claimedSigner,
        password: asksPassword ? (body.password ?? '') : null,
        place: caller,
        code: 'signature-refused',
        failure: { ...failure, actor: caller.actor },
      }),
      signer === null ? { kind: 'absent' as const } : people.certifications.fresh(signer),
      people.terminals.fresh(caller.terminalId),
    ]);
    if (!person.ok) return person.record === undefined ? refused(caller, failure, person) : person;
    const account = person.account.document;
    if (terminal.kind !== 'trusted' || terminal.held.document.status !== 'active')
      return refused(caller, failure, refuse('terminal-revoked', 'This terminal may not sign any more.'));
    if (certification.kind !== 'trusted')
      return refused(
        caller,
        failure,
        refuse('certification-missing', 'The signer has not certified his electronic signature yet; it is done once.'),
      );
    const allowed = may({ userId: account.id, terminalId: caller.terminalId, address: caller.address });
    if (!allowed.ok) return refused(caller, failure, allowed);
    const passkey = asksPassword ? await provenPasskey() : passkeyAlone;
    if (passkey?.ok === false) return refused(caller, failure, passkey);
    const place = { actor: actorOf(account), terminal: caller.terminal, address: caller.address };
    const counted = passkey === null ? null : await countPasskeyUse(people, passkey, place);
    if (counted?.ok === false) return refused(caller, failure, counted);
    if (ownSession) people.sessions.markSigned(caller.sessionId);
    return {
      ok: true,
      userId: account.id,
      actor: actorOf(account),
      standsOn: {
        account: person.account.seq,
        certification: certification.held.seq,
        terminal: terminal.held.seq,
        configuration: configuration().seq,
        ...(counted === null ? {} : { passkey: counted.seq }),
      },
      ...(passkey === null ? {} : { assertion: passkey.assertion }),
    };
  };

  return {
    componentsNeeded: (caller, policy) => [...own(caller, policy)],
    passkeyRequest(caller) {
      const party = relyingParty();
      if (party === null) return undefined;
      const own = people.passkeys
        .all()
        .filter(({ account, status }) => account === caller.userId && status === 'active');
      return { rpId: party.rpId, credentialIds: own.map(({ id }) => id) };
    },
    checkActor: check,
    checkSigner: (caller, claimedSigner, body, permission, area, about, policy) =>
      check(
        caller,
        claimedSigner,
        body,
        (person) => people.access.personMay(person, permission, area),
        {
          kind: 'command.signature-refused',
          subject: about?.subject ?? `account:${caller.userId}`,
          ...(about === undefined ? {} : { command: about.command }),
        },
        policy,
      ),
  };
}
