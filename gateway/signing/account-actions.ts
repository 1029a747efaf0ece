// What an administrator may do to accounts with his signature: unlock one, with an explanation and the action taken
// (IDN-3). Nothing here sees or sets a password.
import { z } from 'zod';
import { lineSchema, type TerminalId, type UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { AccountDocument } from '../identity/account.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { People } from '../identity/people.ts';
import type { SignedActions } from './signed-actions.ts';

const unlockSchema = z.strictObject({ actionTaken: lineSchema(500).optional() });

export type AccountActions = {
  offerUnlock(caller: SignedIn, id: UserId, change: unknown): { readonly ok: true; readonly offer: Offer } | Refusal;
  signUnlock(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    id: UserId,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: AccountDocument } | Refusal>;
};

export function createAccountActions(people: People, actions: SignedActions): AccountActions {
  const { accounts } = people;
  return {
    offerUnlock(caller, id, change) {
      const account = accounts.get(id)?.document;
      if (account === undefined) return refuse('not-found', 'There is no such account.');
      if (!isLocked(account)) return refuse('wrong-stage', 'The account is not locked.');
      const parsed = unlockSchema.safeParse(change ?? {});
      if (!parsed.success)
        return refuse('malformed-request', 'change takes actionTaken, a text, and nothing else.', { field: 'change' });
      return actions.offer(caller, {
        purpose: 'unlock',
        about: accounts.subjectOf(id),
        description: `Unlock the account of ${account.printedName}`,
        change: {
          status: 'active',
          lockedAtTerminals: [],
          actionTaken: parsed.data.actionTaken ?? 'Account unlocked',
        },
      });
    },

    signUnlock(caller, key, id, body) {
      return actions.sign(
        caller,
        key,
        accounts.subjectOf(id),
        'account.change-refused',
        body,
        async ({ subject, record }) => {
          let locked = true;
          const held = await accounts.change(id, (present) => {
            locked = isLocked(present);
            if (!locked) return null;
            return {
              document: { ...present, status: 'active', lockedAtTerminals: [] },
              draft: {
                ...record,
                kind: 'account.unlocked',
                old: { status: present.status, lockedAtTerminals: present.lockedAtTerminals },
                new: { status: 'active', lockedAtTerminals: [] },
                detail: { ...record.detail, actionTaken: subject.change.actionTaken },
              },
            };
          });
          if (held === undefined) return refuse('not-found', 'There is no such account.');
          if (!locked) return refuse('wrong-stage', 'The account is not locked.');
          people.lockout.forget(id);
          return { ok: true, result: held.document };
        },
      );
    },
  };
}

function isLocked(account: AccountDocument): boolean {
  return account.status === 'locked' || (account.status === 'active' && account.lockedAtTerminals.length > 0);
}
