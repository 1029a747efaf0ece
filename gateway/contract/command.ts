// A command as the outside sees it: its states, its request and its view (CMD-1, NE 178 where the vocabulary fits).
import { z } from 'zod';
import { recordKindSchema } from './audit-record.ts';
import { commandStates } from './command-state.ts';
import { areaIdSchema, commandIdSchema, givenTimeSchema, lineSchema, tagIdSchema, timeSchema } from './ids.ts';
import { meaningSchema, requiresSchema, statementSchema } from './statement.ts';
import { permissiveStateSchema } from './tag.ts';
import { qualitySchema, tagValueSchema } from './values.ts';

export const commandStateSchema = z.enum(commandStates);

export const commandBodySchema = z.strictObject({
  tagId: tagIdSchema,
  value: tagValueSchema,
  /** What the person saw when he asked. */
  observed: z.strictObject({ value: tagValueSchema, sourceTime: givenTimeSchema }),
  /** CMD-13: one complete signature now, the countersignatures afterwards. Only where the tag's policy allows it. */
  breakGlass: z.boolean().optional(),
});
export type CommandBody = z.infer<typeof commandBodySchema>;

/** SIG-8: the signature's elements, shown wherever the record is. */
export const signatureViewSchema = z.object({
  signer: z.string(),
  printedName: z.string(),
  meaning: meaningSchema,
  reasonCode: z.string().nullable(),
  reasonText: z.string().nullable(),
  comment: z.string().nullable(),
  /** The gateway's time of the signature, and the terminal's own. */
  time: timeSchema,
  signedAt: timeSchema,
  terminal: z.object({ id: z.string(), name: z.string() }),
  record: z.int(),
  /** SIG-7: signed with a passkey as well; `record` registered it. Absent: with user name and password alone. */
  passkey: z.object({ record: z.int() }).optional(),
});
export type SignatureView = z.infer<typeof signatureViewSchema>;

export const stageViewSchema = z.object({
  kind: recordKindSchema,
  time: timeSchema,
  record: z.int(),
  actor: z.string().nullable(),
  terminal: z.string().nullable(),
  /** One sentence for a person. */
  text: z.string(),
  /** SIG-8: the signature's elements, on each stage that a person signed, declines and resolutions included. */
  signature: signatureViewSchema.optional(),
});
export type StageView = z.infer<typeof stageViewSchema>;

export const commandViewSchema = z.object({
  id: commandIdSchema,
  state: commandStateSchema,
  tagId: tagIdSchema,
  area: areaIdSchema,
  description: z.string(),
  /** As the device will hold it. */
  value: tagValueSchema,
  unit: z.string(),
  observed: z.object({ value: tagValueSchema, quality: qualitySchema, sourceTime: timeSchema }),
  askedBy: z.object({ id: z.string(), printedName: z.string() }),
  askedAt: timeSchema,
  expiresAt: timeSchema,
  signatures: z.array(signatureViewSchema),
  /** Signatures still missing. */
  missingSignatures: z.int(),
  stages: z.array(stageViewSchema),
  /** What the device held when it was read back, where it was. */
  readBack: z.object({ value: tagValueSchema, quality: qualitySchema, time: timeSchema }).nullable(),
  /**
   * What the device answered around the write, oldest first: the read before it, and those after it until the outcome.
   * Null: it could not be read then. At most 60; of a value that stayed, the first and the last. Absent: nothing was read.
   */
  trace: z.array(z.object({ value: tagValueSchema, time: timeSchema })).optional(),
  /** When the write had been answered, or was given up; absent: nothing was sent. */
  writtenAt: timeSchema.optional(),
  /** Why it ended as it did: a stable code (a problem code or a device status) and a sentence. */
  outcome: z.object({ code: z.string(), text: z.string() }).nullable(),
  /** CMD-13, on break-glass commands alone: countersignatures still due, until when (null: nothing was accepted yet). */
  breakGlass: z.object({ missing: z.int(), dueAt: timeSchema.nullable(), overdue: z.boolean() }).optional(),
  /** CMD-10, on what a machine proposed: where it comes from, in its own words. `askedBy` is the machine until a person signs. */
  proposal: z
    .object({
      origin: z.string(),
      reference: z.string().nullable(),
      token: z.object({ id: z.string(), name: z.string() }),
      proposedAt: timeSchema,
    })
    .optional(),
  /** In lists and single answers: may the person of this session sign it here, now (SIG-5)? */
  awaitingYou: z.boolean().optional(),
  /** In the same answers, while it waits for signatures: the tag's permissives as they stand now for this value (CMD-2). */
  permissives: z.array(permissiveStateSchema).optional(),
});
export type CommandView = z.infer<typeof commandViewSchema>;

/** 201 of `POST /commands`. */
export const askedCommandSchema = commandViewSchema.extend({
  statement: statementSchema,
  requires: requiresSchema,
  /** The tag's permissives as they stood for this value when it was asked for: all met. They are judged again before the write. */
  permissives: z.array(permissiveStateSchema).optional(),
});
export type AskedCommand = z.infer<typeof askedCommandSchema>;

export const commandListSchema = z.object({ commands: z.array(commandViewSchema), next: z.int().nullable() });

/** Body of `POST /proposals` (CMD-10). `origin` names the sender and why, for the person who will sign. */
export const proposalBodySchema = z.strictObject({
  tagId: tagIdSchema,
  value: tagValueSchema,
  origin: lineSchema(300),
  reference: lineSchema(200).optional(),
});
export type ProposalBody = z.infer<typeof proposalBodySchema>;
/** 201 of `POST /proposals`: a token reads back no more than this. */
export const proposalAnswerSchema = z.object({ id: commandIdSchema, state: commandStateSchema, expiresAt: timeSchema });

/** Body of `POST /commands/:id/statements`, which may be absent: what the next signer means to do. */
export const statementPurposeBodySchema = z.strictObject({
  purpose: z.enum(['sign', 'decline', 'resolve']).optional(),
  /** With `resolve`: what the person found out about an unknown outcome (CMD-6). */
  found: z.enum(['reached', 'not-reached', 'cannot-be-told']).optional(),
});
export type StatementPurposeBody = z.infer<typeof statementPurposeBodySchema>;
