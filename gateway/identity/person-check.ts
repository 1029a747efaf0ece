// Is it this person (SIG-10, IDN-3)? Name and password against the account's row, read and proven anew; failures are
// recorded, counted, and lock the account. Called at sign-in, at each signature and at the certification.
// Unknown name, wrong password and locked account get one answer, after the same work.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { type AccountDocument, type PasswordPolicy, passwordDaysLeft } from './account.ts';
import type { Place } from './caller.ts';
import type { Lockout } from './lockout.ts';
import type { PasswordHasher } from './password-hash.ts';
import type { AppendAudit, Now } from './ports.ts';
import type { Sessions } from './sessions.ts';
import type { Held, TrustedRegistry, TrustedRows } from './trusted-rows.ts';
import { userIdOf } from './user-name.ts';

/** What the record of a failure says, never the answer. */
export type FailureCause =
  | 'unknown-name'
  | 'wrong-password'
  | 'locked'
  | 'locked-at-terminal'
  | 'deactivated'
  | 'password-expired'
  | 'account-not-trusted';

export type Attempt = {
  readonly typedName: string;
  /** Null: his passkey proved possession and user verification instead (SIG-7); the account's standing is all that is asked. */
  readonly password: string | null;
  readonly place: Place;
  readonly code: 'sign-in-failed' | 'signature-refused';
  /** Only for changing it: an expired password still shows who it is. */
  readonly expiredWillDo?: boolean;
  /** Kind, actor and, where it belongs to one, command and subject of a failure's record. */
  readonly failure: Pick<RecordDraft, 'kind' | 'actor' | 'command'> & { readonly subject?: string };
};
export type KnownPerson = { readonly ok: true; readonly account: Held<AccountDocument> };
export type CheckPerson = (attempt: Attempt) => Promise<KnownPerson | Refusal>;

type PersonCheckParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly rows: TrustedRows;
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordPolicy;
  readonly lockout: Lockout;
  readonly sessions: Sessions;
};

const answers = {
  'sign-in-failed': 'User name or password is not right, or the account may not be used here.',
  'signature-refused': 'User name or password is not right, or the account may not sign here.',
} as const;

export function createPersonCheck(parts: PersonCheckParts): CheckPerson {
  const { accounts, hasher } = parts;

  const judge = async (
    userId: UserId | null,
    attempt: Attempt,
  ): Promise<Held<AccountDocument> | FailureCause | 'busy'> => {
    const cached = userId === null ? undefined : accounts.get(userId);
    // The hash as last proven is tried while the row is read again; what counts is that both are the same.
    const [fresh, matches] = await Promise.all([
      userId === null ? null : accounts.fresh(userId),
      attempt.password === null
        ? true
        : hasher.verify(userId, attempt.password, cached?.document.password.hash ?? null),
    ]);
    if (matches === 'busy') return 'busy';
    if (fresh === null || fresh.kind === 'absent') return 'unknown-name';
    if (fresh.kind === 'distrusted' || fresh.held.digest !== cached?.digest) return 'account-not-trusted';
    const account = fresh.held.document;
    if (account.status === 'deactivated') return 'deactivated';
    if (account.status === 'locked') return 'locked';
    if (account.lockedAtTerminals.includes(attempt.place.terminalId)) return 'locked-at-terminal';
    if (!matches) return 'wrong-password';
    if (attempt.expiredWillDo !== true && passwordDaysLeft(account, parts.passwords, parts.now()) <= 0)
      return 'password-expired';
    return fresh.held;
  };

  const lock = async (userId: UserId, attempt: Attempt): Promise<void> => {
    const due = parts.lockout.failed(userId, attempt.place.terminalId);
    if (due === 'none') return;
    const { terminalId, terminal, address } = attempt.place;
    const changed = await accounts.change(userId, (present) => {
      const lockedAtTerminals = present.lockedAtTerminals.includes(terminalId)
        ? present.lockedAtTerminals
        : [...present.lockedAtTerminals, terminalId];
      const status = due === 'everywhere' && present.status === 'active' ? 'locked' : present.status;
      return {
        document: { ...present, status, lockedAtTerminals },
        draft: {
          kind: 'account.locked',
          actor: null,
          terminal,
          address,
          subject: accounts.subjectOf(userId),
          old: { status: present.status, lockedAtTerminals: present.lockedAtTerminals },
          new: { status, lockedAtTerminals },
          detail: { code: due === 'everywhere' ? 'failures-everywhere' : 'failures-at-terminal' },
        },
      };
    });
    if (changed === undefined) return;
    await parts.sessions.endAll(
      (session) => session.userId === userId && (due === 'everywhere' || session.terminalId === terminalId),
      'account-locked',
      null,
    );
  };

  const fail = async (userId: UserId | null, cause: FailureCause, attempt: Attempt): Promise<Refusal> => {
    const known = userId !== null && cause !== 'unknown-name';
    const { terminal, address } = attempt.place;
    const appended = parts.append({
      kind: attempt.failure.kind,
      actor: attempt.failure.actor,
      terminal,
      address,
      subject: attempt.failure.subject ?? (known ? accounts.subjectOf(userId) : 'account:unknown'),
      ...(attempt.failure.command === undefined ? {} : { command: attempt.failure.command }),
      detail: {
        code: attempt.code,
        cause,
        ...(known ? { account: userId } : { nameDigest: hasher.nameDigest(attempt.typedName) }),
      },
    });
    // Both go to the log in one turn, and so in one commit: a lock takes no longer than a mere failure.
    const [record] = await Promise.all([
      appended,
      known && cause === 'wrong-password' ? lock(userId, attempt) : undefined,
    ]);
    return refuse(attempt.code, answers[attempt.code], { record: record.seq });
  };

  return async (attempt) => {
    const userId = userIdOf(attempt.typedName);
    // One at a time per account and terminal, so that guesses sent side by side are counted one after the other.
    return parts.rows.turn(`check ${userId ?? ''} ${attempt.place.terminalId}`, async () => {
      const judged = await judge(userId, attempt);
      if (judged === 'busy')
        return refuse('too-many-requests', 'Too many people are signing at this moment; try again.');
      if (typeof judged === 'string') return fail(userId, judged, attempt);
      // A passkey says nothing about who guesses at the password.
      if (attempt.password !== null) parts.lockout.succeeded(judged.document.id, attempt.place.terminalId);
      return { ok: true, account: judged };
    });
  };
}
