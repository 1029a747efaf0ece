// Archiving of old records over the API (AUD-7): what is due, what an administrator signs, what was archived.
import { z } from 'zod';
import { timeSchema } from './ids.ts';

const seqSchema = z.int().nonnegative();

export const archiveRangeSchema = z.strictObject({
  first: seqSchema,
  through: seqSchema,
  /** Records that go; the others of the range are carried over. */
  records: seqSchema,
  /** Time of the range's last record. */
  until: timeSchema,
});
export type ArchiveRange = z.infer<typeof archiveRangeSchema>;

/** `ordered`: signed, its bundle is being written; `written`: it is being checked; then `removed`, or `failed` with a reason. */
export const archiveStates = ['ordered', 'written', 'removed', 'failed'] as const;

export const archiveViewSchema = z.strictObject({
  /** Number of the signed order's record: the archive's name. */
  ordered: seqSchema,
  first: seqSchema,
  through: seqSchema,
  state: z.enum(archiveStates),
  /** In the archives' folder; null before it is written. */
  file: z.string().nullable(),
  sha256: z.string().nullable(),
  removed: seqSchema.nullable(),
  trouble: z.string().nullable(),
});
export type ArchiveView = z.infer<typeof archiveViewSchema>;

export const archiveListSchema = z.strictObject({
  /** What may be archived now; null: nothing is old enough. */
  due: archiveRangeSchema.nullable(),
  retentionDays: z.strictObject({
    commands: z.number(),
    access: z.number(),
    operation: z.number(),
  }),
  archives: z.array(archiveViewSchema),
});
export type ArchiveList = z.infer<typeof archiveListSchema>;
