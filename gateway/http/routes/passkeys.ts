// `/passkeys`: a person lists, registers and removes his own passkeys (SIG-7). Decided by signing/passkey-registration.ts;
// each refusal leaves its record there.
import { z } from 'zod';
import {
  credentialIdSchema,
  passkeyBodySchema,
  passkeyListSchema,
  passkeyOptionsSchema,
  passkeyRemovalBodySchema,
  passkeyViewSchema,
} from '../../contract/passkey.ts';
import type { Passkeys } from '../../signing/passkey-registration.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

const idParams = z.object({ id: credentialIdSchema });

export function passkeyRoutes(app: Application, { passkeys }: { readonly passkeys: Passkeys }): void {
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
        summary: 'Register a passkey, with the password',
        body: passkeyBodySchema,
        response: {
          201: passkeyViewSchema,
          ...problems(
            'signature-refused, assertion-challenge, assertion-invalid, user-verification-missing, passkeys-unavailable, wrong-stage',
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
        summary: 'Remove one’s own passkey, with the password; it cannot come back',
        params: idParams,
        body: passkeyRemovalBodySchema,
        response: { 204: z.null().describe('Removed'), ...problems('not-found, signature-refused') },
      },
    },
    async (request, reply) => {
      orRefuse(await passkeys.remove(callerOf(request), request.params.id, request.body.password));
      return reply.code(204).send(null);
    },
  );
}
