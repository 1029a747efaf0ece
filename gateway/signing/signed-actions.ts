// Actions that an administrator or a reviewer signs and that are no process command (TRM-1, IDN-3, AUD-8): the offer, the checks, the
// doing, the record. What each action does stands in terminal-actions.ts and account-actions.ts.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { Permission, PublicKey } from '../contract/session.ts';
import type { Offer, Requires, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { People } from '../identity/people.ts';
import { type ActionSubject, IssuedStatements } from './issued-statements.ts';
import type { CheckedSigner, ConfigurationInForce, SignerChecks } from './signer.ts';
import { claimedNonce, type VerifiedStatement, verifySignedStatement } from './verify-statement.ts';

const statementLifeMs = 5 * 60_000;

/** The parts of the record that every signed action has; the doer adds kind, old and new. */
export type SignedRecord = Omit<RecordDraft, 'kind'>;

export type SignedActions = {
  offer(caller: SignedIn, subject: ActionSubject): { readonly ok: true; readonly offer: Offer } | Refusal;
  /**
   * `about` and `purposes` are what the route stands for. `perform` does it, with the record's common parts; its refusals
   * are recorded here. Refuses as verifySignedStatement and checkActor do.
   */
  sign<Result>(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    about: string,
    refusalKind: RecordDraft['kind'],
    body: SignatureBody,
    perform: (signed: {
      readonly subject: ActionSubject;
      readonly record: SignedRecord;
      readonly signer: CheckedSigner;
    }) => Promise<{ readonly ok: true; readonly result: Result } | Refusal>,
  ): Promise<{ readonly ok: true; readonly result: Result } | Refusal>;
};

export function createSignedActions(
  people: People,
  checks: SignerChecks,
  configuration: ConfigurationInForce,
): SignedActions {
  const issued = new IssuedStatements();
  const { now, append } = people.parts;
  const verify = async (
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    about: string,
    body: SignatureBody,
  ): Promise<
    { readonly ok: true; subject: ActionSubject; take: () => boolean; verified: VerifiedStatement } | Refusal
  > => {
    const nonce = claimedNonce(body.statement);
    if (!nonce.ok) return nonce;
    const found = issued.find(caller.terminalId, nonce.nonce);
    if (!found.ok) return found;
    const { statement } = found;
    if (statement.about !== about)
      return refuse('statement-altered', 'This statement is about something else.', { field: 'about' });
    const rules = rulesFor(statement.purpose);
    const verified = await verifySignedStatement(body.statement, statement, key.publicKey, now(), rules);
    return verified.ok ? { ok: true, subject: statement, take: () => issued.use(statement), verified } : verified;
  };

  return {
    offer(caller, subject) {
      const nowMs = now();
      const made = issued.issue(subject, {
        terminal: caller.terminalId,
        configuration: configuration(),
        nowMs,
        expiresAtMs: nowMs + statementLifeMs,
      });
      if (!made.ok) return made;
      return {
        ok: true,
        offer: {
          statement: made.statement,
          expiresAt: made.statement.expiresAt,
          requires: { components: checks.componentsNeeded(caller), ...rulesFor(subject.purpose) },
        },
      };
    },

    async sign(caller, key, about, refusalKind, body, perform) {
      const failure = { kind: refusalKind, subject: about };
      const refused = async (refusal: Refusal): Promise<Refusal> => {
        if (refusal.record !== undefined) return refusal;
        const record = await append({
          ...failure,
          actor: caller.actor,
          terminal: caller.terminal,
          address: caller.address,
          detail: { code: refusal.code, text: refusal.detail },
        });
        return { ...refusal, record: record.seq };
      };
      const checked = await verify(caller, key, about, body);
      if (!checked.ok) return refused(checked);
      const { part } = checked.verified;
      const may = (person: Parameters<People['access']['personMayAnywhere']>[0]) =>
        people.access.personMayAnywhere(person, rightFor(checked.subject.purpose));
      const signer = await checks.checkActor(caller, part.signer, body, may, failure);
      if (!signer.ok) return refused(signer);
      if (!checked.take()) return refused(refuse('statement-reused', 'This statement was signed before.'));
      const performed = await perform({
        subject: checked.subject,
        signer,
        record: {
          actor: signer.actor,
          terminal: caller.terminal,
          address: caller.address,
          subject: about,
          reason: { code: part.reasonCode, comment: part.comment },
          meaning: part.meaning,
          signature: { jws: body.statement },
          detail: { signedAt: part.signedAt, standsOn: signer.standsOn },
        },
      });
      return performed.ok ? performed : refused(performed);
    },
  };
}

function rulesFor(purpose: ActionSubject['purpose']): Omit<Requires, 'components'> {
  return {
    meanings: purpose === 'review' ? ['review'] : ['approval', 'authorship', 'responsibility'],
    reasonCodes: [],
    reason: 'optional',
    comment: commentNeeded.has(purpose) ? 'required' : 'optional',
    countersignatures: 0,
  };
}

/** Reviewers of the trail are none of those who administer what is in it. */
function rightFor(purpose: ActionSubject['purpose']): Permission {
  return purpose === 'review' ? 'review' : 'administer';
}

/** What takes something away, or gives it back, is explained in words (IDN-3); a review says what it came to. */
const commentNeeded: ReadonlySet<ActionSubject['purpose']> = new Set<ActionSubject['purpose']>([
  'revoke',
  'revoke-token',
  'unlock',
  'remove-passkey',
  'review',
  'rotate-log-key',
  'archive',
]);
