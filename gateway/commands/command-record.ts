// A command's records as they come from the log or were just appended, and the parts of their `detail` that the life
// of a command depends on. Written by record-drafts.ts, read by history.ts and recovery.ts.
import { z } from 'zod';
import type { Actor, Appended, RecordDraft, RecordKind, RecordTerminal } from '../contract/audit-record.ts';
import type { Json } from '../contract/canonical.ts';
import { areaIdSchema, timeSchema } from '../contract/ids.ts';
import type { Meaning } from '../contract/statement.ts';
import { qualitySchema, tagValueSchema } from '../contract/values.ts';

/** An AuditRecord is one; so is a draft with the number and time that the log gave it. */
export type CommandRecord = {
  readonly seq: number;
  readonly time: string;
  readonly kind: RecordKind;
  readonly actor: Actor | null;
  readonly terminal: RecordTerminal | null;
  readonly subject: string;
  readonly old?: Json | undefined;
  readonly new?: Json | undefined;
  readonly unit?: string | undefined;
  readonly reason?: { readonly code: string | null; readonly comment: string | null } | undefined;
  readonly meaning?: Meaning | undefined;
  readonly command?: string | undefined;
  readonly detail?: { readonly [name: string]: Json | undefined } | undefined;
};

export function asRecord(draft: RecordDraft, appended: Appended): CommandRecord {
  return { ...draft, seq: appended.seq, time: appended.time };
}

/** `detail` of command.asked. Whole numbers of signatures 1 to 4; times RFC 3339 UTC. */
export const askedDetailSchema = z.object({
  area: areaIdSchema,
  description: z.string(),
  quality: qualitySchema,
  sourceTime: timeSchema,
  expiresAt: timeSchema,
  policy: z.string(),
  signatures: z.int().min(1).max(4),
  breakGlass: z.literal(true).optional(),
});

/** `detail` of command.proposed (CMD-10): like that of command.asked, with the machine's own words. */
export const proposedDetailSchema = z.object({
  area: areaIdSchema,
  description: z.string(),
  quality: qualitySchema,
  sourceTime: timeSchema,
  expiresAt: timeSchema,
  policy: z.string(),
  signatures: z.int().min(1).max(4),
  origin: z.string(),
  reference: z.string().nullable(),
});

/** `detail` of command.signed and command.countersigned, as far as a view needs it. */
export const signedDetailSchema = z.object({
  signedAt: timeSchema,
  reasonText: z.string().nullable(),
  /** base64url SHA-256 of the compact JWS: what the next signature's `countersigns` must hold. */
  digest: z.string().optional(),
  standsOn: z.object({ passkey: z.int().optional() }).optional(),
});

/** `detail` of command.written: when the device had answered, or was given up. */
export const writtenDetailSchema = z.object({ at: timeSchema });

/** `detail` of command.accepted: the latest moment at which the write may leave the gateway. */
export const acceptedDetailSchema = z.object({ notAfter: timeSchema });

/** `detail` of break-glass.used (CMD-13): when the countersignatures left out are due. */
export const breakGlassDetailSchema = z.object({ policy: z.string(), dueAt: timeSchema });

/** `detail` of every closing record: a stable code and a sentence, and what the device held where it was read. */
export const outcomeDetailSchema = z.object({
  code: z.string(),
  text: z.string(),
  readBack: z.object({ value: tagValueSchema, quality: qualitySchema, time: timeSchema }).nullish(),
  trace: z.array(z.object({ value: tagValueSchema, time: timeSchema })).optional(),
});
export type OutcomeDetail = z.infer<typeof outcomeDetailSchema>;
export type ReadBack = NonNullable<OutcomeDetail['readBack']>;
