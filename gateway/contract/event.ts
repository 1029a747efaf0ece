// Events that other systems report (AUD-9), on the wire: `POST /events` with an access token of scope `post-events`.
import { z } from 'zod';
import { areaIdSchema, givenTimeSchema, lineSchema, tagIdSchema, timeSchema } from './ids.ts';

/** Two to four words with dots: `batch.started`. The log's own first words are kept for the log. */
export const eventNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){1,3}$/);
export const eventFieldNameSchema = z.string().regex(/^[a-z][A-Za-z0-9_]{0,31}$/);

export const eventBodySchema = z.strictObject({
  event: eventNameSchema,
  /** One of the two: what it is about, and so who may see and report it. */
  tagId: tagIdSchema.optional(),
  area: areaIdSchema.optional(),
  fields: z
    .record(eventFieldNameSchema, z.union([lineSchema(500), z.number(), z.boolean()]))
    .refine((fields) => Object.keys(fields).length <= 32, 'at most 32 fields')
    .optional(),
  /** By the sender's clock, where it happened earlier than it is told. */
  occurredAt: givenTimeSchema.optional(),
});
export type EventBody = z.infer<typeof eventBodySchema>;

/** `language` null: nobody configured words for this event. */
export const eventAnswerSchema = z.object({
  record: z.int().nonnegative(),
  time: timeSchema,
  message: z.string(),
  language: z.string().nullable(),
});
