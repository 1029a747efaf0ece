// /api/v1/audit: the trail with its filters, and what is added to it meanwhile. Opening a view is a record itself (AUD-1), durable
// before anything is shown; turning its pages and following its tail are none. Files are audit-exports.ts's. It changes nothing else.
import { z } from 'zod';
import type { AppendAudit } from '../../commands/ports.ts';
import { type AuditFilter, auditFilterShape, givenFilter } from '../../contract/audit-filter.ts';
import { type AuditPage, type AuditTail, auditPageSchema, auditTailSchema } from '../../contract/audit-record.ts';
import { createOpenedViews } from '../opened-views.ts';
import { problems } from '../refusal-answers.ts';
import { type Application, viewerOf } from '../route-access.ts';

export type AuditParts = {
  readonly append: AppendAudit;
  /** Newest first, before record `after` (null: from the newest); `next` null at the end. Throws `not-found` for an unknown area. */
  readonly readPage: (filter: AuditFilter, after: number | null, limit: number) => Promise<AuditPage>;
  /** Oldest first, after record `newer`. */
  readonly readTail: (filter: AuditFilter, newer: number) => Promise<AuditTail>;
};

const seqSchema = z.coerce.number().int().nonnegative();
const pageQuery = z.strictObject({
  ...auditFilterShape,
  after: seqSchema.optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const tailQuery = z.strictObject({
  ...auditFilterShape,
  newer: z.coerce
    .number()
    .int()
    .min(-1)
    .meta({ description: '`newest` of the call before, or the number of a record' }),
});

export function auditRoutes(app: Application, parts: AuditParts): void {
  const views = createOpenedViews();
  /** Records the view, unless it is one that this viewer has open. */
  const view = async (request: Parameters<typeof viewerOf>[0], filter: AuditFilter, goesOn: boolean): Promise<void> => {
    const viewer = viewerOf(request);
    const who = request.caller?.sessionId ?? `token ${viewer.actor?.id ?? ''}`;
    if (goesOn && views.has(who, filter)) return;
    await parts.append({
      kind: 'audit.viewed',
      actor: viewer.actor,
      terminal: viewer.terminal,
      address: viewer.address,
      subject: 'log',
      detail: { filter: givenFilter(filter) },
    });
    views.note(who, filter);
  };

  app.get(
    '/api/v1/audit',
    {
      config: { access: 'session', permission: 'read-audit', scope: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Audit records, newest first',
        description:
          'Opening a view is itself recorded, with its filters; further pages of it (`after`) are not. Times are RFC 3339 in UTC, both ends included.',
        querystring: pageQuery,
        response: { 200: auditPageSchema, ...problems('right-missing, not-found (an unknown area)') },
      },
    },
    async (request) => {
      const { after, limit, ...filter } = request.query;
      await view(request, filter, after !== undefined);
      return parts.readPage(filter, after ?? null, limit);
    },
  );

  app.get(
    '/api/v1/audit/tail',
    {
      config: { access: 'session', permission: 'read-audit', scope: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Audit records that came since, oldest first',
        description:
          'The live tail of a view, asked every few seconds. It records nothing where the same viewer has opened the view with the same filters (GET /audit); else it counts as opening it.',
        querystring: tailQuery,
        response: { 200: auditTailSchema, ...problems('right-missing, not-found (an unknown area)') },
      },
    },
    async (request) => {
      const { newer, ...filter } = request.query;
      await view(request, filter, true);
      return parts.readTail(filter, newer);
    },
  );
}
