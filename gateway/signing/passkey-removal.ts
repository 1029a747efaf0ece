// An administrator takes a person's passkey away, with his signature and an explanation: a key that was lost, or of somebody
// who left (SIG-7, IDN-9). It cannot come back; the person registers another one.

import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { PasskeyDocument } from '../identity/passkey.ts';
import type { People } from '../identity/people.ts';
import { passkeyRecord } from './passkey-check.ts';
import type { SignedActions } from './signed-actions.ts';

export type PasskeyRemoval = {
  /** Refuses not-found for what is no active passkey. */
  offer(caller: SignedIn, id: string): { readonly ok: true; readonly offer: Offer } | Refusal;
  sign(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    id: string,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: { readonly id: string; readonly account: string } } | Refusal>;
};

export function createPasskeyRemoval(people: People, actions: SignedActions): PasskeyRemoval {
  const { passkeys, accounts } = people;
  return {
    offer(caller, id) {
      const passkey = passkeys.get(id)?.document;
      if (passkey?.status !== 'active') return missing();
      const owner = accounts.get(passkey.account)?.document;
      return actions.offer(caller, {
        purpose: 'remove-passkey',
        about: passkeys.subjectOf(id),
        description: `Take away the passkey “${passkey.name}” of ${owner?.printedName ?? passkey.account}`,
        change: { account: passkey.account, status: 'removed' },
      });
    },

    sign(caller, key, id, body) {
      return actions.sign(
        caller,
        key,
        passkeys.subjectOf(id),
        'passkey.change-refused',
        body,
        async ({ subject, record }) => {
          const removed: PasskeyDocument[] = [];
          await passkeys.change(id, (present) => {
            if (present.status !== 'active' || present.account !== subject.change.account) return null;
            const document: PasskeyDocument = { ...present, status: 'removed' };
            removed.push(document);
            return {
              document,
              draft: { ...record, kind: 'passkey.removed', old: { status: 'active' }, new: passkeyRecord(document) },
            };
          });
          const [taken] = removed;
          return taken === undefined ? missing() : { ok: true, result: { id, account: taken.account } };
        },
      );
    },
  };
}

function missing(): Refusal {
  return refuse('not-found', 'There is no such passkey, or it was taken away already.');
}
