// `/audit/archives`: which old records may leave the database, archiving them with an administrator's signature, and how
// that went (AUD-7). The bundles themselves are files; no route serves them.
import { type ArchiveList, archiveListSchema, archiveViewSchema } from '../../contract/archive.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import type { ArchiveActions } from '../../signing/archive-actions.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

export type ArchiveRouteParts = {
  readonly actions: ArchiveActions;
  readonly list: () => Promise<ArchiveList>;
};

export function archiveRoutes(app: Application, parts: ArchiveRouteParts): void {
  app.get(
    '/api/v1/audit/archives',
    {
      config: { access: 'session', permission: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'What may be archived, and what was',
        response: { 200: archiveListSchema, ...problems('right-missing') },
      },
    },
    () => parts.list(),
  );

  app.post(
    '/api/v1/audit/archives/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'archive.refused' },
      schema: {
        tags: ['audit'],
        summary: 'The statement to sign for archiving what is due',
        response: { 201: offerSchema, ...problems('right-missing, wrong-stage, too-many-requests') },
      },
    },
    async (request, reply) => {
      const { offer } = orRefuse(await parts.actions.offer(callerOf(request)));
      return reply.code(201).send(offer);
    },
  );

  app.post(
    '/api/v1/audit/archives/signatures',
    {
      config: { access: 'session', refusalKind: 'archive.refused' },
      schema: {
        tags: ['audit'],
        summary: 'Sign it; the comment says why. The bundle is written, checked, and only then the range removed',
        body: signatureBodySchema,
        response: { 202: archiveViewSchema, ...problems('signature-refused, right-missing, wrong-stage') },
      },
    },
    async (request, reply) => {
      const { result } = orRefuse(await parts.actions.sign(callerOf(request), provenKeyOf(request), request.body));
      return reply.code(202).send(result);
    },
  );
}
