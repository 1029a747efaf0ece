// /api/v1/audit/key: the public key that the log's checkpoints are verified with, and replacing it with an administrator's
// signature (AUD-3). The private half is in no answer and no record.
import { z } from 'zod';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import type { LogKeyActions } from '../../signing/log-key-actions.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

const keySchema = z.object({ key: z.string().meta({ description: '`<origin>+<key id>+<key>`, a C2SP vkey' }) });
const rotatedSchema = keySchema.extend({ record: z.int().nonnegative() });

export function auditKeyRoutes(app: Application, actions: LogKeyActions): void {
  app.get(
    '/api/v1/audit/key',
    {
      config: { access: 'session', permission: 'read-audit', scope: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'The public key that signs the log’s checkpoints now',
        description:
          'To be compared with the one that you pinned. Who trusts what the log says of itself trusts nobody.',
        response: { 200: keySchema, ...problems('right-missing') },
      },
    },
    async () => ({ key: actions.vkey() }),
  );

  app.post(
    '/api/v1/audit/key/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'log.key-change-refused' },
      schema: {
        tags: ['audit'],
        summary: 'The statement to sign for replacing the log’s key',
        response: { 201: offerSchema, ...problems('right-missing, too-many-requests') },
      },
    },
    async (request, reply) => {
      const { offer } = orRefuse(actions.offerRotation(callerOf(request)));
      return reply.code(201).send(offer);
    },
  );

  app.post(
    '/api/v1/audit/key/signatures',
    {
      config: { access: 'session', refusalKind: 'log.key-change-refused' },
      schema: {
        tags: ['audit'],
        summary: 'Sign it; the comment says why. The answer brings the new public key',
        body: signatureBodySchema,
        response: { 200: rotatedSchema, ...problems('signature-refused, right-missing, wrong-stage') },
      },
    },
    async (request) =>
      orRefuse(await actions.signRotation(callerOf(request), provenKeyOf(request), request.body)).result,
  );
}
