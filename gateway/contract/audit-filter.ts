// What may be asked of the audit trail, in one place for the API, the command line, the exports and the HMI (AUD-6).
// Parsed here once; gateway/audit/postgres-records.ts turns it into SQL.
import { z } from 'zod';
import { recordKindSchema } from './audit-record.ts';
import { areaIdSchema, lineSchema, timeSchema } from './ids.ts';
import { recordOutcomes, recordRisks } from './record-classes.ts';

// The database counts no year 0.
const sinceYearOne = timeSchema.refine((time) => !time.startsWith('0000'), 'must be of the year 1 or later');

/** Members of the filter, as query parameters and in a body. Times both ends included. */
export const auditFilterShape = {
  from: sinceYearOne.optional(),
  to: sinceYearOne.optional(),
  actor: lineSchema(256).optional().meta({ description: 'user id' }),
  kind: z
    .union([recordKindSchema, z.string().regex(/^[a-z][a-z-]{0,31}\.$/)])
    .optional()
    .meta({ description: 'a kind, or the beginning of several with its dot: `command.`' }),
  outcome: z.enum(recordOutcomes).optional().meta({
    description: 'how commands closed; `refused`: every refusal, of sign-ins, signatures and changes as well',
  }),
  risk: z.enum(recordRisks).optional().meta({ description: 'risk of the kind of record, see docs/audit-log.md' }),
  tag: lineSchema(256).optional().meta({ description: 'tag id, or another subject: `account:ada`, `log`' }),
  area: areaIdSchema.optional().meta({ description: 'records about tags of this area and those within it' }),
  terminal: lineSchema(64).optional().meta({ description: 'terminal id' }),
  command: z.uuid().optional(),
  text: lineSchema(256)
    .optional()
    .meta({ description: 'words of comments and messages, all of them, beginnings of words count: `cultu slow`' }),
};
export const auditFilterSchema = z.strictObject(auditFilterShape);
export type AuditFilter = z.infer<typeof auditFilterSchema>;

/** Without the members that say nothing: for the record of a view, and for its name. */
export function givenFilter(filter: AuditFilter): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

export const exportFormats = ['csv', 'jsonl', 'xlsx', 'html', 'pdf', 'bundle'] as const;
export const exportFormatSchema = z.enum(exportFormats);
export type ExportFormat = (typeof exportFormats)[number];

/** Body of `POST /audit/exports`. */
export const exportBodySchema = z.strictObject({ format: exportFormatSchema, filter: auditFilterSchema.default({}) });

/** `ready`: the link waits for its first use. */
export const exportStates = ['ready', 'running', 'done', 'failed', 'cancelled', 'expired'] as const;
/**
 * An export that was prepared. `link` is given once, with its creation: it works once, in the same session, until `expiresAt`.
 * `written` of `count` records are in the file so far; `count` is what matches up to record `upTo`, -1 for an empty log.
 */
export const exportViewSchema = z.object({
  id: z.uuid(),
  format: exportFormatSchema,
  state: z.enum(exportStates),
  count: z.int(),
  upTo: z.int(),
  written: z.int(),
  bytes: z.int(),
  expiresAt: z.iso.datetime(),
  link: z.string().optional(),
});
export type ExportView = z.infer<typeof exportViewSchema>;
