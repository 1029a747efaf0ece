// Archiving the oldest range of the log (AUD-7), signed by an administrator who says why. What is due is computed when it
// is offered and again when it is signed. Nothing here removes anything.
import type { ArchiveRange, ArchiveView } from '../contract/archive.ts';
import type { RecordDraft } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { SignedActions } from './signed-actions.ts';

const about = 'archive:new';

export type Archives = {
  /** What may be archived now; null: nothing. */
  readonly due: () => Promise<ArchiveRange | null>;
  /** An order that has not ended: one at a time. */
  readonly underWay: () => Promise<boolean>;
  /** Appends the record together with the order. */
  readonly order: (range: ArchiveRange, draft: RecordDraft) => Promise<ArchiveView>;
};

export type ArchiveActions = {
  offer(caller: SignedIn): Promise<{ readonly ok: true; readonly offer: Offer } | Refusal>;
  sign(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: ArchiveView } | Refusal>;
};

export function createArchiveActions(actions: SignedActions, archives: Archives): ArchiveActions {
  /** The range that is due, or why none can be ordered. */
  const orderable = async (): Promise<{ readonly ok: true; readonly range: ArchiveRange } | Refusal> => {
    if (await archives.underWay()) return refuse('wrong-stage', 'An archive is under way; wait until it has ended.');
    const range = await archives.due();
    return range === null
      ? refuse('wrong-stage', 'Nothing can be archived: no range is older than the periods in the configuration.')
      : { ok: true, range };
  };

  return {
    async offer(caller) {
      const found = await orderable();
      if (!found.ok) return found;
      const { range } = found;
      return actions.offer(caller, {
        purpose: 'archive',
        about,
        description: `Archive the records ${range.first} to ${range.through} (up to ${range.until}) into a bundle and remove ${range.records} of them from the database`,
        change: { ...range },
      });
    },

    sign: (caller, key, body) =>
      actions.sign(caller, key, about, 'archive.refused', body, async ({ subject, record }) => {
        const found = await orderable();
        if (!found.ok) return found;
        const { first, through, records } = found.range;
        const { change } = subject;
        if (change.first !== first || change.through !== through || change.records !== records)
          return refuse('wrong-stage', 'The range changed meanwhile; look at it again and sign that.');
        const draft: RecordDraft = {
          ...record,
          kind: 'archive.ordered',
          subject: `archive:${first}-${through}`,
          detail: { ...record.detail, ...found.range, about },
        };
        return { ok: true, result: await archives.order(found.range, draft) };
      }),
  };
}
