// `GET /audit/verification` and the live event of the same content: how the gateway's own check of its log goes (AUD-5).
import { z } from 'zod';
import { timeSchema } from './ids.ts';

export const logVerificationSchema = z.object({
  /** `waiting`: between two passes; `unavailable`: the database does not answer, it is tried again. */
  state: z.enum(['starting', 'checking', 'waiting', 'unavailable']),
  /** Records read in the pass that is under way, or in the last one, and how many it has to read. */
  checked: z.int().nonnegative(),
  size: z.int().nonnegative(),
  recordsPerSecond: z.int().positive(),
  /** The last pass that found everything as it was recorded. */
  lastGood: z.object({ at: timeSchema, records: z.int(), signatures: z.int() }).nullable(),
  /** What the last pass found wrong; stays until a whole pass finds nothing. `record`: the alert in the log. */
  altered: z
    .object({
      seq: z.int().nonnegative(),
      through: z.int().nonnegative().nullable(),
      why: z.string(),
      foundAt: timeSchema,
      record: z.int().nullable(),
    })
    .nullable(),
});
export type LogVerification = z.infer<typeof logVerificationSchema>;
