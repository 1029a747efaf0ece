// `/tokens`: machines' access tokens (CMD-10): listed, issued and revoked by an administrator with a signature. The text of
// a token is in one answer only; no list and no record holds it.
import { z } from 'zod';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import {
  type TokenView,
  tokenIdSchema,
  tokenIssueBodySchema,
  tokenIssuedSchema,
  tokenListSchema,
  tokenStatementBodySchema,
  tokenViewSchema,
} from '../../contract/token.ts';
import type { TokenDocument, TokenRegistry } from '../../identity/access-token.ts';
import type { TokenActions } from '../../signing/token-actions.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

const idParams = z.strictObject({ id: tokenIdSchema });

export function tokenRoutes(
  app: Application,
  parts: { readonly tokens: TokenRegistry; readonly actions: TokenActions },
): void {
  app.get(
    '/api/v1/tokens',
    {
      config: { access: 'session', permission: 'administer' },
      schema: {
        tags: ['tokens'],
        summary: 'All access tokens, without their text',
        response: { 200: tokenListSchema, ...problems('right-missing') },
      },
    },
    async () => ({ tokens: parts.tokens.all().map(viewOf) }),
  );

  app.post(
    '/api/v1/tokens/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'token.change-refused' },
      schema: {
        tags: ['tokens'],
        summary: 'The statement to sign for a new access token',
        body: tokenIssueBodySchema,
        response: { 201: offerSchema, ...problems('right-missing, too-many-requests') },
      },
    },
    async (request, reply) => {
      const { offer } = orRefuse(parts.actions.offerIssue(callerOf(request), request.body.change));
      return reply.code(201).send(offer);
    },
  );

  app.post(
    '/api/v1/tokens/signatures',
    {
      config: { access: 'session', refusalKind: 'token.change-refused' },
      schema: {
        tags: ['tokens'],
        summary: 'Sign it; the answer shows the token once',
        body: signatureBodySchema,
        response: { 201: tokenIssuedSchema, ...problems('signature-refused, right-missing, statement-altered') },
      },
    },
    async (request, reply) => {
      const { result } = orRefuse(await parts.actions.signIssue(callerOf(request), provenKeyOf(request), request.body));
      return reply.code(201).send(result);
    },
  );

  app.post(
    '/api/v1/tokens/:id/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'token.change-refused' },
      schema: {
        tags: ['tokens'],
        summary: 'The statement to sign for revoking an access token',
        params: idParams,
        body: tokenStatementBodySchema,
        response: { 201: offerSchema, ...problems('not-found, wrong-stage') },
      },
    },
    async (request, reply) => {
      const { offer } = orRefuse(parts.actions.offerRevoke(callerOf(request), request.params.id));
      return reply.code(201).send(offer);
    },
  );

  app.post(
    '/api/v1/tokens/:id/signatures',
    {
      config: { access: 'session', refusalKind: 'token.change-refused' },
      schema: {
        tags: ['tokens'],
        summary: 'Sign the revocation; the comment says why. It holds from this moment',
        params: idParams,
        body: signatureBodySchema,
        response: { 200: tokenViewSchema, ...problems('signature-refused, right-missing, wrong-stage') },
      },
    },
    async (request) => {
      const { id } = request.params;
      return viewOf(
        orRefuse(await parts.actions.signRevoke(callerOf(request), provenKeyOf(request), id, request.body)).result,
      );
    },
  );
}

function viewOf(token: TokenDocument): TokenView {
  const { id, name, scopes, areas, networks, status, issuedAt, expiresAt } = token;
  return { id, name, scopes, areas, networks, status, issuedAt, expiresAt };
}
