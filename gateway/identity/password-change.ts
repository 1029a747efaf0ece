// A person changes his own password (IDN-2): strong enough, none of his former ones, on record, and his open sessions
// end. It also lets in whose password has expired, for this and nothing else.
import type { UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { type AccountDocument, actorOf, type PasswordPolicy } from './account.ts';
import type { Place } from './caller.ts';
import type { PasswordHasher } from './password-hash.ts';
import { refuseWeakPassword } from './password-strength.ts';
import type { CheckPerson } from './person-check.ts';
import type { AppendAudit, Now } from './ports.ts';
import type { Sessions } from './sessions.ts';
import type { TrustedRegistry } from './trusted-rows.ts';

export type ChangePassword = (
  typed: { readonly username: string; readonly password: string; readonly newPassword: string },
  place: Place,
) => Promise<{ readonly ok: true } | Refusal>;

type PasswordChangeParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordPolicy;
  readonly checkPerson: CheckPerson;
  readonly sessions: Sessions;
};

export function createPasswordChange(parts: PasswordChangeParts): ChangePassword {
  const { accounts, hasher, passwords } = parts;

  const refuseNew = async (account: AccountDocument, password: string): Promise<Refusal | null> => {
    const weak = await refuseWeakPassword(password, account, passwords.shortest);
    if (weak !== null) return { ...weak, field: 'newPassword' };
    for (const former of [account.password.hash, ...account.password.history].slice(0, passwords.history + 1)) {
      const same = await hasher.verify(account.id, password, former);
      if (same === 'busy') return refuse('too-many-requests', 'Too many people are signing at this moment; try again.');
      if (same)
        return refuse('password-too-weak', 'This password was used before. Choose another.', { field: 'newPassword' });
    }
    return null;
  };

  return async (typed, place) => {
    const person = await parts.checkPerson({
      typedName: typed.username,
      password: typed.password,
      place,
      code: 'sign-in-failed',
      expiredWillDo: true,
      failure: { kind: 'account.change-refused', actor: null },
    });
    if (!person.ok) return person;
    const account = person.account.document;
    const common = {
      actor: actorOf(account),
      terminal: place.terminal,
      address: place.address,
      subject: accounts.subjectOf(account.id),
    };
    const refusal = await refuseNew(account, typed.newPassword);
    if (refusal !== null) {
      const detail = { code: refusal.code, text: refusal.detail, what: 'password' };
      const record = await parts.append({ ...common, kind: 'account.change-refused', detail });
      return { ...refusal, record: record.seq };
    }
    const hash = await hasher.hash(account.id, typed.newPassword);
    if (hash === null) return refuse('too-many-requests', 'Too many people are signing at this moment; try again.');
    let overtaken = false;
    await accounts.change(account.id, (present) => {
      overtaken = present.password.hash !== account.password.hash;
      if (overtaken) return null;
      const history = [account.password.hash, ...account.password.history].slice(0, passwords.history);
      return {
        document: { ...present, password: { hash, setAt: new Date(parts.now()).toISOString(), history } },
        draft: { ...common, kind: 'account.changed', detail: { what: 'password', by: 'owner' } },
      };
    });
    if (overtaken) return refuse('wrong-stage', 'The password was changed by another request meanwhile.');
    await parts.sessions.endAll((session) => session.userId === account.id, 'password-changed', null);
    return { ok: true };
  };
}
