// Issuing and revoking machines' access tokens, each time with an administrator's signature (CMD-10). The token's text
// leaves this file once, in the answer; record and projection hold its digest.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import { type TokenId, type TokenTerms, tokenTermsSchema } from '../contract/token.ts';
import { anyNetwork, newToken, type TokenDocument } from '../identity/access-token.ts';
import type { SignedIn } from '../identity/caller.ts';
import { isNetwork } from '../identity/networks.ts';
import type { People } from '../identity/people.ts';
import type { SignedActions } from './signed-actions.ts';

type Key = { readonly id: TerminalId; readonly publicKey: PublicKey };
type Offered = { readonly ok: true; readonly offer: Offer } | Refusal;
export type IssuedToken = { readonly id: TokenId; readonly token: string; readonly expiresAt: string };

const newTokenSubject = 'token:new';
/** Tokens that are neither revoked nor expired, at a time. */
const activeTokens = 500;
const dayMs = 86_400_000;
const refusalKind: RecordDraft['kind'] = 'token.change-refused';

export type TokenActions = {
  offerIssue(caller: SignedIn, terms: TokenTerms): Offered;
  signIssue(
    caller: SignedIn,
    key: Key,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: IssuedToken } | Refusal>;
  offerRevoke(caller: SignedIn, id: TokenId): Offered;
  signRevoke(
    caller: SignedIn,
    key: Key,
    id: TokenId,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: TokenDocument } | Refusal>;
};

export function createTokenActions(people: People, actions: SignedActions): TokenActions {
  const { tokens } = people;
  const { areas, now } = people.parts;

  return {
    offerIssue(caller, terms) {
      const { networks, ...required } = terms;
      const area = terms.areas.find((id) => !areas.some((known) => known.id === id));
      if (area !== undefined)
        return refuse('malformed-request', `There is no area "${area}".`, { field: 'change.areas' });
      const network = networks?.find((text) => !isNetwork(text));
      if (network !== undefined)
        return refuse('malformed-request', `"${network}" is no network; write 10.1.0.0/16.`, {
          field: 'change.networks',
        });
      const active = tokens
        .all()
        .filter((token) => token.status === 'active' && now() <= Date.parse(token.expiresAt)).length;
      if (active >= activeTokens) return refuse('too-many-requests', 'Too many access tokens are active; revoke some.');
      return actions.offer(caller, {
        purpose: 'issue-token',
        about: newTokenSubject,
        description: `Issue an access token "${terms.name}" (${terms.scopes.join(', ')}) for ${terms.expiresInDays} days`,
        change: { ...required, ...(networks === undefined ? {} : { networks }) },
      });
    },

    signIssue(caller, key, body) {
      return actions.sign(caller, key, newTokenSubject, refusalKind, body, async ({ subject, record }) => {
        const { name, scopes, areas: within, networks, expiresInDays } = tokenTermsSchema.parse(subject.change);
        const { id, text, digest } = newToken();
        const nowMs = now();
        const document: TokenDocument = {
          version: 1,
          id,
          name,
          scopes,
          areas: within,
          networks: networks ?? [...anyNetwork],
          digest,
          status: 'active',
          issuedAt: new Date(nowMs).toISOString(),
          expiresAt: new Date(nowMs + expiresInDays * dayMs).toISOString(),
        };
        const held = await tokens.create(id, document, {
          ...record,
          kind: 'token.issued',
          subject: tokens.subjectOf(id),
          new: { name, scopes, areas: within, networks: document.networks, expiresAt: document.expiresAt },
          detail: { ...record.detail, about: newTokenSubject },
        });
        if (held === null) return refuse('internal-fault', 'The token’s number is taken; sign again.');
        return { ok: true, result: { id, token: text, expiresAt: document.expiresAt } };
      });
    },

    offerRevoke(caller, id) {
      const token = tokens.get(id)?.document;
      if (token === undefined) return refuse('not-found', 'There is no such access token.');
      if (token.status === 'revoked') return refuse('wrong-stage', 'The access token is revoked already.');
      return actions.offer(caller, {
        purpose: 'revoke-token',
        about: tokens.subjectOf(id),
        description: `Revoke the access token "${token.name}" for good`,
        change: { status: 'revoked' },
      });
    },

    signRevoke(caller, key, id, body) {
      return actions.sign(caller, key, tokens.subjectOf(id), refusalKind, body, async ({ record }) => {
        let before = false;
        const held = await tokens.change(id, (present) => {
          before = present.status === 'revoked';
          if (before) return null;
          return {
            document: { ...present, status: 'revoked' },
            draft: { ...record, kind: 'token.revoked', old: { status: 'active' }, new: { status: 'revoked' } },
          };
        });
        if (held === undefined) return refuse('not-found', 'There is no such access token.');
        return before
          ? refuse('wrong-stage', 'The access token is revoked already.')
          : { ok: true, result: held.document };
      });
    },
  };
}
