// Reviews of the audit trail (AUD-8) on the wire: a period and a scope, what in it deserves a look and why, comments, the
// signed review, and what nobody has reviewed yet.
import { z } from 'zod';
import { auditRecordSchema, type RecordKind } from './audit-record.ts';
import { areaIdSchema, lineSchema, timeSchema } from './ids.ts';

/** Every kind of record belongs to one of these: so what was never reviewed can be told. */
export const reviewTopics = ['commands', 'people', 'system', 'events'] as const;
export const reviewTopicSchema = z.enum(reviewTopics);
export type ReviewTopic = (typeof reviewTopics)[number];

const commandBeginnings = ['command.', 'proposal.', 'break-glass.', 'setpoint.'];
const peopleBeginnings = ['session.', 'request.', 'security.', 'account.', 'terminal.', 'token.', 'passkey.'];

export function topicOf(kind: RecordKind): ReviewTopic {
  if (kind.startsWith('event.')) return 'events';
  if (commandBeginnings.some((beginning) => kind.startsWith(beginning))) return 'commands';
  if (peopleBeginnings.some((beginning) => kind.startsWith(beginning))) return 'people';
  return 'system';
}

/** These are about tags and areas, and can be reviewed area by area; the others only as a whole. */
export const topicsWithAreas: ReadonlySet<ReviewTopic> = new Set<ReviewTopic>(['commands', 'events']);

/** Why a record deserves a look. */
export const findingCodes = [
  'refusal',
  'not-confirmed',
  'unknown-outcome',
  'unattributed',
  'break-glass',
  'out-of-hours',
  'near-limit',
  'access-change',
  'trust',
] as const;
export const findingCodeSchema = z.enum(findingCodes);
export type FindingCode = (typeof findingCodes)[number];

const scope = {
  /** Both ends included; `to` is not in the future. */
  from: timeSchema,
  to: timeSchema,
  topics: z
    .array(reviewTopicSchema)
    .min(1)
    .max(reviewTopics.length)
    .refine((topics) => new Set(topics).size === topics.length, 'names a topic twice'),
  /** With all that lies within it; only with topics that have areas. Absent: everything. */
  area: areaIdSchema.optional(),
};
/** Body of `POST /reviews/findings` and `POST /reviews/statements`. */
export const reviewScopeSchema = z.strictObject(scope);
export type ReviewScope = z.infer<typeof reviewScopeSchema>;

export const reviewCommentBodySchema = z.strictObject({ record: z.int().nonnegative(), text: lineSchema(2000) });
export const reviewCommentSchema = z.object({
  record: z.int(),
  /** Number of the record that the comment is. */
  comment: z.int(),
  time: timeSchema,
  by: z.string(),
  text: z.string(),
});
export type ReviewComment = z.infer<typeof reviewCommentSchema>;
export const reviewCommentListSchema = z.object({ comments: z.array(reviewCommentSchema) });

const countsSchema = z.partialRecord(findingCodeSchema, z.int().nonnegative());

export const findingSchema = z.object({ record: auditRecordSchema, codes: z.array(findingCodeSchema).min(1) });
export type Finding = z.infer<typeof findingSchema>;

export const findingsSchema = z.object({
  /** Numbers of the period's first and last record; null where it has none. */
  first: z.int().nullable(),
  last: z.int().nullable(),
  /** Records of the scope in the period. */
  records: z.int().nonnegative(),
  counts: countsSchema,
  /** Findings by the person (user id) who acted. */
  byPerson: z.record(z.string(), z.int()),
  findings: z.array(findingSchema),
  comments: z.array(reviewCommentSchema),
});
export type Findings = z.infer<typeof findingsSchema>;

/** What is signed: the scope, the numbers it comes to, and the state of the log that it was read in. */
export const reviewChangeSchema = z.strictObject(scope).extend({
  first: z.int().nonnegative(),
  last: z.int().nonnegative(),
  records: z.int().nonnegative(),
  findings: countsSchema,
  byPerson: z.record(z.string(), z.int()),
  comments: z.int().nonnegative(),
  checkpoint: z.strictObject({ size: z.int(), root: z.string() }),
});
export type ReviewChange = z.infer<typeof reviewChangeSchema>;

export const reviewSchema = z.object({
  record: z.int(),
  time: timeSchema,
  reviewer: z.object({ id: z.string(), printedName: z.string() }),
  conclusion: z.string().nullable(),
  change: reviewChangeSchema,
});
export type Review = z.infer<typeof reviewSchema>;

/** A stretch of records that no signed review covers, by its first and last one: of one topic, and of one area where the topic has them (null: of none). */
export const unreviewedSchema = z.object({
  topic: reviewTopicSchema,
  area: areaIdSchema.nullable(),
  first: z.int(),
  last: z.int(),
  from: timeSchema,
  to: timeSchema,
  /** Counted up to `countedUpTo`. */
  records: z.int(),
});
export type Unreviewed = z.infer<typeof unreviewedSchema>;
export const countedUpTo = 10_000;

/** `GET /reviews`: newest first, and what was never reviewed. */
export const reviewListSchema = z.object({ reviews: z.array(reviewSchema), unreviewed: z.array(unreviewedSchema) });
export type ReviewList = z.infer<typeof reviewListSchema>;
