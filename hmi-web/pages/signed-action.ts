// A signed action that is no process command, as the administration's lists ask for it: what it is about, how it is called,
// where it goes. Opened in action-dialog.tsx.
import type { TerminalView } from '../../gateway/contract/session.ts';
import type { Offer, SignatureBody } from '../../gateway/contract/statement.ts';
import type { AreaView } from '../../gateway/contract/tag.ts';
import type { Endpoints } from '../gateway-client/endpoints.ts';

export type SignedAction =
  | {
      readonly noun: 'terminals';
      readonly name: 'approve' | 'revoke';
      readonly id: string;
      readonly title: string;
      readonly areas: readonly AreaView[];
      readonly terminal: TerminalView;
    }
  | { readonly noun: 'users'; readonly name: 'unlock'; readonly id: string; readonly title: string }
  | { readonly noun: 'passkeys'; readonly name: 'remove-passkey'; readonly id: string; readonly title: string }
  | { readonly noun: 'tokens'; readonly name: 'revoke'; readonly id: string; readonly title: string }
  | { readonly noun: 'tokens' | 'enrolment-codes'; readonly name: 'issue'; readonly areas: readonly AreaView[] };

/** What an answer shows once and never again: the text of a token, an enrolment code. */
export type ShownOnce = { readonly text: string; readonly expiresAt: string };

const verbs = { approve: 'Approve', revoke: 'Revoke', unlock: 'Unlock' } as const;
const nouns = { terminals: 'terminal', users: 'account', tokens: 'access token' } as const;

export function titleOf(action: SignedAction): string {
  if (action.name === 'issue') return action.noun === 'tokens' ? 'New access token' : 'New enrolment code';
  if (action.name === 'remove-passkey') return `Take away a passkey: ${action.title}`;
  return `${verbs[action.name]} ${nouns[action.noun]}: ${action.title}`;
}

/** The statement to sign. `change` is what the person filled in; null: there is nothing to fill in. */
export function offerOf(api: Endpoints, action: SignedAction, change: Record<string, unknown> | null): Promise<Offer> {
  if (action.name === 'issue') return api.issueOffer(action.noun, change ?? {});
  return api.actionOffer(action.noun, action.id, action.name, change);
}

/** Null where the answer holds nothing that has to be shown. */
export async function signatureOf(
  api: Endpoints,
  action: SignedAction,
  body: SignatureBody,
): Promise<ShownOnce | null> {
  if (action.name !== 'issue') {
    await api.signAction(action.noun, action.id, body);
    return null;
  }
  const { token, code, expiresAt } = await api.signIssue(action.noun, body);
  return { text: token ?? code ?? '', expiresAt };
}
