// Makes the accounts that a first start needs, each with its record (IDN-1). Called by main.ts: the demo's five people.
// It never touches the password of an account outside the demo.
import type { UserId } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import { type AccountDocument, type PasswordPolicy, passwordDaysLeft } from './account.ts';
import type { PasswordHasher } from './password-hash.ts';
import { refuseWeakPassword } from './password-strength.ts';
import type { Now } from './ports.ts';
import type { TrustedRegistry } from './trusted-rows.ts';
import { userIdOf } from './user-name.ts';

export type FirstAccount = { readonly name: string; readonly printedName: string; readonly groups: readonly string[] };

export type EnsureAccounts = (
  accounts: readonly FirstAccount[],
  initial: {
    readonly password: string;
    /** The demo's published password, which needs no strength: its accounts are harmless (OPS-8). */
    readonly isDemoDefault: boolean;
    /** In the demo the given password holds at each start, so that nobody is locked out of a toy by its age. */
    readonly renew: boolean;
  },
) => Promise<readonly UserId[]>;

type FirstAccountsParts = {
  readonly now: Now;
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordPolicy;
};

/** Answers with the ids it made. Throws GatewayError password-too-weak, naming the account, before anything is made. */
export function createFirstAccounts(parts: FirstAccountsParts): EnsureAccounts {
  const { accounts, hasher, passwords } = parts;

  const hashOf = async (id: UserId, password: string): Promise<string> => {
    const hash = await hasher.hash(id, password);
    if (hash === null) throw new GatewayError('too-many-requests', 'too many password hashes at once');
    return hash;
  };

  const renew = async (present: AccountDocument, password: string): Promise<void> => {
    const matches = await hasher.verify(present.id, password, present.password.hash);
    if (matches === true && passwordDaysLeft(present, passwords, parts.now()) > 0) return;
    const hash = await hashOf(present.id, password);
    await accounts.change(present.id, (account) => ({
      document: {
        ...account,
        password: {
          hash,
          setAt: new Date(parts.now()).toISOString(),
          history: [account.password.hash, ...account.password.history].slice(0, passwords.history),
        },
      },
      draft: {
        kind: 'account.changed',
        actor: null,
        terminal: null,
        address: null,
        subject: accounts.subjectOf(account.id),
        detail: { what: 'password', by: 'demo-start' },
      },
    }));
  };

  const create = async (first: FirstAccount, id: UserId, password: string): Promise<boolean> => {
    const nowText = new Date(parts.now()).toISOString();
    const held = await accounts.create(
      id,
      {
        version: 1,
        id,
        name: first.name,
        printedName: first.printedName,
        groups: [...first.groups],
        status: 'active',
        lockedAtTerminals: [],
        password: { hash: await hashOf(id, password), setAt: nowText, history: [] },
        createdAt: nowText,
      },
      {
        kind: 'account.created',
        actor: null,
        terminal: null,
        address: null,
        subject: accounts.subjectOf(id),
        new: { name: first.name, printedName: first.printedName, groups: [...first.groups] },
        detail: { by: 'first-start' },
      },
    );
    return held !== null;
  };

  return async (firsts, initial) => {
    const named = firsts.map((first) => {
      const id = userIdOf(first.name);
      if (id === null) throw new GatewayError('internal-fault', `"${first.name}" cannot be a user name`);
      return { first, id };
    });
    if (!initial.isDemoDefault) {
      for (const { first, id } of named) {
        const weak = await refuseWeakPassword(
          initial.password,
          { id, printedName: first.printedName },
          passwords.shortest,
        );
        if (weak !== null) throw new GatewayError(weak.code, `${weak.detail} (account ${id})`, { field: weak.field });
      }
    }
    const made = await Promise.all(
      named.map(async ({ first, id }) => {
        const present = accounts.get(id)?.document;
        if (present === undefined) return (await create(first, id, initial.password)) ? id : null;
        if (initial.renew) await renew(present, initial.password);
        return null;
      }),
    );
    return made.filter((id) => id !== null);
  };
}
