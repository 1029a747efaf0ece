// Replacing the audit log's signing key (AUD-3), signed by an administrator: a precaution each year, or because somebody
// may have read the old one. The new key is made by the log itself; nobody brings one. Nothing here sees a private key.
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { SignedActions } from './signed-actions.ts';

const about = 'log';

/** The log's key, as the log's writer keeps it. */
export type LogKey = {
  /** Its public half, as verifiers pin it. */
  readonly vkey: () => string;
  /** Rejects with GatewayError: `wrong-stage` while another change is under way, `log-unavailable`. */
  readonly rotate: (draft: Omit<RecordDraft, 'kind' | 'subject' | 'old' | 'new'>) => Promise<Appended>;
};

export type LogKeyActions = {
  readonly vkey: () => string;
  offerRotation(caller: SignedIn): { readonly ok: true; readonly offer: Offer } | Refusal;
  signRotation(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: { readonly record: number; readonly key: string } } | Refusal>;
};

export function createLogKeyActions(actions: SignedActions, logKey: LogKey): LogKeyActions {
  return {
    vkey: logKey.vkey,

    offerRotation: (caller) =>
      actions.offer(caller, {
        purpose: 'rotate-log-key',
        about,
        description: 'Replace the signing key of the audit log by a new one, and destroy the present one',
        change: { replaces: logKey.vkey() },
      }),

    signRotation: (caller, key, body) =>
      actions.sign(caller, key, about, 'log.key-change-refused', body, async ({ subject, record }) => {
        if (subject.change.replaces !== logKey.vkey())
          return refuse('wrong-stage', 'The key was replaced meanwhile; look at the new one and sign again.');
        const appended = await logKey.rotate(record);
        return { ok: true, result: { record: appended.seq, key: logKey.vkey() } };
      }),
  };
}
