// `/passkeys`: a person lists, registers and removes his own passkeys (SIG-7), an administrator takes one away. Decided by
// signing/passkey-registration.ts and signing/passkey-removal.ts; each refusal leaves its record there.
import { z } from 'zod';
import {
  credentialIdSchema,
  passkeyBodySchema,
  passkeyListSchema,
  passkeyOptionsSchema,
  passkeyRemovalBodySchema,
  passkeyViewSchema,
} from '../../contract/passkey.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import type { Passkeys } from '../../signing/passkey-registration.ts';
import type { PasskeyRemoval } from '../../signing/passkey-removal.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

const idParams = z.object({ id: credentialIdSchema });

export type PasskeyRouteParts = { readonly passkeys: Passkeys; readonly removal: PasskeyRemoval };

export function passkeyRoutes(app: Application, { passkeys, removal }: PasskeyRouteParts): void {
  app.get(
    '/api/v1/passkeys',
    {
      config: { access: 'session' },
      schema: {
        tags: ['session'],
        summary: 'One’s own passkeys',
        response: { 200: passkeyListSchema, ...problems('not-signed-in') },
      },
    },
    async (request) => passkeys.list(callerOf(request)),
  );

  app.post(
    '/api/v1/passkeys/options',
    {
      config: { access: 'session' },
      schema: {
        tags: ['session'],
        summary: 'Options for making a passkey: PublicKeyCredentialCreationOptions as JSON, good for 5 minutes',
        body: z.strictObject({}).nullish(),
        response: { 200: passkeyOptionsSchema, ...problems('passkeys-unavailable, wrong-stage') },
      },
    },
    async (request) => orRefuse(await passkeys.options(callerOf(request))).options,
  );

  app.post(
    '/api/v1/passkeys',
    {
      config: { access: 'session', refusalKind: 'passkey.change-refused' },
      schema: {
        tags: ['session'],
        summary:
          'Register a passkey, with the password and, from the second on, a passkey’s answer to the same challenge',
        body: passkeyBodySchema,
        response: {
          201: passkeyViewSchema,
          ...problems(
            'signature-refused, assertion-missing, assertion-challenge, assertion-invalid, user-verification-missing, passkeys-unavailable, wrong-stage',
          ),
        },
      },
    },
    async (request, reply) =>
      reply.code(201).send(orRefuse(await passkeys.register(callerOf(request), request.body)).passkey),
  );

  app.post(
    '/api/v1/passkeys/:id/removal',
    {
      config: { access: 'session', refusalKind: 'passkey.change-refused' },
      schema: {
        tags: ['session'],
        summary: 'Remove one’s own passkey, with the password and a passkey’s answer; it cannot come back',
        params: idParams,
        body: passkeyRemovalBodySchema,
        response: {
          204: z.null().describe('Removed'),
          ...problems('not-found, signature-refused, assertion-missing, assertion-challenge, assertion-invalid'),
        },
      },
    },
    async (request, reply) => {
      orRefuse(await passkeys.remove(callerOf(request), request.params.id, request.body));
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/passkeys/:id/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'passkey.change-refused' },
      schema: {
        tags: ['users'],
        summary: 'The statement to sign for taking a person’s passkey away',
        params: idParams,
        body: z.strictObject({ action: z.literal('remove-passkey'), change: z.strictObject({}).optional() }),
        response: { 201: offerSchema, ...problems('right-missing, not-found') },
      },
    },
    async (request, reply) => reply.code(201).send(orRefuse(removal.offer(callerOf(request), request.params.id)).offer),
  );

  app.post(
    '/api/v1/passkeys/:id/signatures',
    {
      config: { access: 'session', refusalKind: 'passkey.change-refused' },
      schema: {
        tags: ['users'],
        summary: 'Sign it; the comment explains it',
        params: idParams,
        body: signatureBodySchema,
        response: {
          200: z.object({ id: credentialIdSchema, account: z.string() }),
          ...problems('right-missing, not-found, signature-refused, statement-altered, statement-reused'),
        },
      },
    },
    async (request) =>
      orRefuse(await removal.sign(callerOf(request), provenKeyOf(request), request.params.id, request.body)).result,
  );
}
