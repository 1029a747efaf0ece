// `verification:` of gateway.yaml: how fast, and how often, the gateway reads its log again to see whether it is as it was
// recorded (AUD-5). Called by schemas.ts and load.ts.
import { z } from 'zod';

export const verificationSchema = z.strictObject({
  /** Records read a second: bounds what the check takes of database and processor. */
  recordsPerSecond: z.int().min(10).max(1_000_000).default(2_000),
  /** From the end of one pass to the beginning of the next. */
  pauseMinutes: z.number().positive().max(10_080).default(60),
});

export type VerificationSettings = { readonly recordsPerSecond: number; readonly pauseMs: number };

export function buildVerification({
  recordsPerSecond,
  pauseMinutes,
}: z.infer<typeof verificationSchema>): VerificationSettings {
  return { recordsPerSecond, pauseMs: pauseMinutes * 60_000 };
}
