// /api/v1/audit: the trail with its filters, its export as CSV and JSON Lines. Opening a view
// and exporting are records themselves (AUD-1), durable before anything is shown. It changes nothing else.
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { AppendAudit } from '../../commands/ports.ts';
import { type AuditPage, auditPageSchema, recordKindSchema } from '../../contract/audit-record.ts';
import type { Json } from '../../contract/canonical.ts';
import { lineSchema, timeSchema } from '../../contract/ids.ts';
import { problems } from '../refusal-answers.ts';
import { type Application, viewerOf } from '../route-access.ts';

/** Times RFC 3339 UTC, both ends included; `tag` is a tag id, or any other subject: `account:ada`, `log`. */
export type AuditFilter = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly actor?: string | undefined;
  readonly kind?: string | undefined;
  readonly tag?: string | undefined;
  readonly terminal?: string | undefined;
  readonly command?: string | undefined;
};

export type AuditParts = {
  readonly append: AppendAudit;
  /** Newest first, before record `after` (null: from the newest); `next` null at the end. */
  readonly readPage: (filter: AuditFilter, after: number | null, limit: number) => Promise<AuditPage>;
  /** Oldest first, with bounded memory. `madeAt`: the time of the record that tells of it. */
  readonly exportAs: (format: ExportFormat, filter: AuditFilter, madeAt: string) => AsyncIterable<string | Uint8Array>;
};

const exportFormats = ['csv', 'jsonl', 'bundle'] as const;
export type ExportFormat = (typeof exportFormats)[number];
const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
  bundle: 'application/jsonl; charset=utf-8',
};

// The database counts no year 0.
const sinceYearOne = timeSchema.refine((time) => !time.startsWith('0000'), 'must be of the year 1 or later');
const filters = {
  from: sinceYearOne.optional(),
  to: sinceYearOne.optional(),
  actor: lineSchema(256).optional().meta({ description: 'user id' }),
  kind: z
    .union([recordKindSchema, z.string().regex(/^[a-z]{1,32}\.$/)])
    .optional()
    .meta({ description: 'a kind, or the beginning of several with its dot: `command.`' }),
  tag: lineSchema(256).optional().meta({ description: 'tag id, or another subject: `account:ada`, `log`' }),
  terminal: lineSchema(64).optional().meta({ description: 'terminal id' }),
  command: z.uuid().optional(),
};
const pageQuery = z.strictObject({
  ...filters,
  after: z.coerce.number().int().nonnegative().optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const exportQuery = z.strictObject({ ...filters, format: z.enum(exportFormats) });

export function auditRoutes(app: Application, parts: AuditParts): void {
  app.get(
    '/api/v1/audit',
    {
      config: { access: 'session', permission: 'read-audit', scope: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Audit records, newest first',
        description: 'The first page of a view (no `after`) is itself recorded, with its filters.',
        querystring: pageQuery,
        response: { 200: auditPageSchema, ...problems('right-missing') },
      },
    },
    async (request) => {
      const { after, limit, ...filter } = request.query;
      if (after === undefined) await record(parts, viewerOf(request), 'audit.viewed', filter, {});
      return parts.readPage(filter, after ?? null, limit);
    },
  );

  app.get(
    '/api/v1/audit/export',
    {
      config: { access: 'session', permission: 'export-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Audit records as a file, oldest first',
        description:
          '`jsonl`: one record a line, each line the canonical bytes that the log hashes. `csv`: for reading. `bundle`: the records with those they stand on, checkpoint and proofs; docs/audit-format.md says it byte by byte.',
        querystring: exportQuery,
        response: problems('right-missing'),
      },
    },
    async (request, reply) => {
      const { format, ...filter } = request.query;
      const { seq, time } = await record(parts, viewerOf(request), 'audit.exported', filter, { format });
      const name = `audit-${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${seq}.${format}`;
      void reply
        .type(mediaTypes[format])
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-store');
      return reply.send(Readable.from(parts.exportAs(format, filter, time), { objectMode: false }));
    },
  );
}

function record(
  { append }: AuditParts,
  viewer: ReturnType<typeof viewerOf>,
  kind: 'audit.viewed' | 'audit.exported',
  filter: AuditFilter,
  detail: { readonly [name: string]: Json },
): ReturnType<AppendAudit> {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  return append({
    kind,
    actor: viewer.actor,
    terminal: viewer.terminal,
    address: viewer.address,
    subject: 'log',
    detail: { ...detail, filter: given },
  });
}
