// `/reviews`: reviewing the audit trail (AUD-8): what deserves a look, comments on records, signed reviews and what nobody has
// reviewed yet. Every route asks for the right to review.
import { z } from 'zod';
import type { Reviewing } from '../../audit/reviewing.ts';
import {
  findingsSchema,
  reviewCommentBodySchema,
  reviewCommentListSchema,
  reviewCommentSchema,
  reviewListSchema,
  reviewSchema,
  reviewScopeSchema,
} from '../../contract/review.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

const config = { access: 'session', permission: 'review', refusalKind: 'review.refused' } as const;

export function reviewRoutes(app: Application, { reviewing }: { readonly reviewing: Reviewing }): void {
  app.get(
    '/api/v1/reviews',
    {
      config,
      schema: {
        tags: ['reviews'],
        summary: 'Signed reviews, newest first, and the stretches of the log that none of them covers',
        response: { 200: reviewListSchema, ...problems('right-missing') },
      },
    },
    async () => reviewing.list(),
  );

  app.post(
    '/api/v1/reviews/findings',
    {
      config,
      schema: {
        tags: ['reviews'],
        summary: 'What deserves a look in a period and scope, and why; oldest first',
        description:
          'Refusals, unknown outcomes, changes past the gateway, break-glass, acts outside working hours, changes near a limit, changes of access, whatever touches the trust in the log. Reading it is a record.',
        body: reviewScopeSchema.meta({
          examples: [
            { from: '2026-11-01T00:00:00Z', to: '2026-11-08T00:00:00Z', topics: ['commands'], area: 'upstream' },
          ],
        }),
        response: { 200: findingsSchema, ...problems('right-missing, malformed-request') },
      },
    },
    async (request) => orRefuse(await reviewing.findings(callerOf(request), request.body)).findings,
  );

  app.get(
    '/api/v1/reviews/comments',
    {
      config,
      schema: {
        tags: ['reviews'],
        summary: 'Comments on a record',
        querystring: z.strictObject({ record: z.coerce.number().int().nonnegative() }),
        response: { 200: reviewCommentListSchema, ...problems('right-missing') },
      },
    },
    async (request) => ({ comments: [...(await reviewing.commentsOn(request.query.record))] }),
  );

  app.post(
    '/api/v1/reviews/comments',
    {
      config,
      schema: {
        tags: ['reviews'],
        summary: 'Comment on a record; the comment is a record itself, and names the digest of the other',
        body: reviewCommentBodySchema,
        response: { 201: reviewCommentSchema, ...problems('right-missing, not-found') },
      },
    },
    async (request, reply) => {
      const { record, text } = request.body;
      const { comment } = orRefuse(await reviewing.comment(callerOf(request), record, text));
      return reply.code(201).send(comment);
    },
  );

  app.post(
    '/api/v1/reviews/statements',
    {
      config,
      schema: {
        tags: ['reviews'],
        summary: 'The statement to sign for a review of a period',
        body: reviewScopeSchema,
        response: { 201: offerSchema, ...problems('right-missing, malformed-request, wrong-stage') },
      },
    },
    async (request, reply) => {
      const { offer } = orRefuse(await reviewing.offer(callerOf(request), request.body));
      return reply.code(201).send(offer);
    },
  );

  app.post(
    '/api/v1/reviews/signatures',
    {
      config: { access: 'session', refusalKind: 'review.refused' },
      schema: {
        tags: ['reviews'],
        summary: 'Sign the review; the comment is its conclusion',
        body: signatureBodySchema,
        response: { 201: reviewSchema, ...problems('signature-refused, right-missing, comment-missing') },
      },
    },
    async (request, reply) => {
      const { result } = orRefuse(await reviewing.sign(callerOf(request), provenKeyOf(request), request.body));
      return reply.code(201).send(result);
    },
  );
}
