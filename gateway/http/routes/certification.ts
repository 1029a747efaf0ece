// `/certification`: the text that a person signs once, and the signing (SIG-9).
import {
  certificationBodySchema,
  certificationOfferSchema,
  certificationResultSchema,
} from '../../contract/statement.ts';
import type { Certify } from '../../signing/certify.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

export function certificationRoutes(app: Application, parts: { readonly certify: Certify }): void {
  app.get(
    '/api/v1/certification',
    {
      config: { access: 'session' },
      schema: {
        tags: ['session'],
        summary: 'The certification’s text, with a nonce for signing it',
        response: { 200: certificationOfferSchema, ...problems() },
      },
    },
    async (request) => parts.certify.offer(callerOf(request)),
  );

  app.post(
    '/api/v1/certification',
    {
      config: { access: 'session', refusalKind: 'account.change-refused' },
      schema: {
        tags: ['session'],
        summary: 'Certify the electronic signature, once a person',
        description:
          'statement: compact JWS, typ countersign-certification+jws, over {version, textDigest, signer, terminal, nonce, signedAt}',
        body: certificationBodySchema,
        response: { 201: certificationResultSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const answer = await parts.certify.certify(callerOf(request), request.body, provenKeyOf(request));
      if (!answer.ok) throw asError(answer);
      return reply.code(201).send({ certified: true, certifiedAt: answer.certifiedAt, record: answer.record });
    },
  );
}
