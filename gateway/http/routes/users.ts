// `/users`: the accounts, and unlocking one with a signature (IDN-3). No answer holds a password's hash.
import { z } from 'zod';
import { userIdSchema } from '../../contract/ids.ts';
import {
  type AccountView,
  accountListSchema,
  accountViewSchema,
  userStatementBodySchema,
} from '../../contract/session.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import type { AccountDocument } from '../../identity/account.ts';
import type { People } from '../../identity/people.ts';
import type { AccountActions } from '../../signing/account-actions.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

const idParams = z.strictObject({ id: userIdSchema });

export type UserRouteParts = {
  readonly accounts: People['accounts'];
  readonly certifications: People['certifications'];
  readonly passkeys: People['passkeys'];
  readonly actions: AccountActions;
};

export function userRoutes(app: Application, parts: UserRouteParts): void {
  const viewOf = (account: AccountDocument): AccountView => ({
    id: account.id,
    name: account.name,
    printedName: account.printedName,
    groups: account.groups,
    status: account.status,
    certified: parts.certifications.get(account.id) !== undefined,
    lockedAtTerminals: account.lockedAtTerminals,
    passkeys: parts.passkeys
      .all()
      .filter((passkey) => passkey.account === account.id && passkey.status === 'active')
      .map(({ id, name }) => ({ id, name })),
  });

  app.get(
    '/api/v1/users',
    {
      config: { access: 'session', permission: 'administer' },
      schema: { tags: ['users'], summary: 'All accounts', response: { 200: accountListSchema, ...problems() } },
    },
    async () => ({ users: parts.accounts.all().map(viewOf) }),
  );

  app.post(
    '/api/v1/users/:id/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'account.change-refused' },
      schema: {
        tags: ['users'],
        summary: 'The statement to sign for unlocking an account',
        params: idParams,
        body: userStatementBodySchema,
        response: { 201: offerSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const answer = parts.actions.offerUnlock(callerOf(request), request.params.id, request.body.change);
      if (!answer.ok) throw asError(answer);
      return reply.code(201).send(answer.offer);
    },
  );

  app.post(
    '/api/v1/users/:id/signatures',
    {
      config: { access: 'session', refusalKind: 'account.change-refused' },
      schema: {
        tags: ['users'],
        summary: 'Sign the unlocking; the comment explains it',
        params: idParams,
        body: signatureBodySchema,
        response: { 200: accountViewSchema, ...problems() },
      },
    },
    async (request) => {
      const answer = await parts.actions.signUnlock(
        callerOf(request),
        provenKeyOf(request),
        request.params.id,
        request.body,
      );
      if (!answer.ok) throw asError(answer);
      return viewOf(answer.result);
    },
  );
}
