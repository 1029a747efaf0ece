// Proofs of the audit log as the API gives them (AUD-3): hashes in standard base64, in RFC 6962's order, so that any tool
// for such logs can check them against a checkpoint.
import { z } from 'zod';
import { witnessStates } from './health.ts';
import { timeSchema } from './ids.ts';

const hashSchema = z.base64().length(44);

/** `GET /audit/proofs/inclusion`: RFC 6962 §2.1.1, from the leaf's sibling to the root's child. */
export const inclusionProofSchema = z.object({
  seq: z.int().nonnegative(),
  size: z.int().positive(),
  /** SHA-256(0x00 ‖ the record's canonical bytes). */
  leaf: hashSchema,
  hashes: z.array(hashSchema),
});
export type InclusionProof = z.infer<typeof inclusionProofSchema>;

/** `GET /audit/proofs/consistency`: RFC 6962 §2.1.2. */
export const consistencyProofSchema = z.object({
  from: z.int().nonnegative(),
  to: z.int().positive(),
  hashes: z.array(hashSchema),
});
export type ConsistencyProof = z.infer<typeof consistencyProofSchema>;

/** `GET /audit/witnesses`: who cosigns the log's checkpoints, and how far each has come. */
export const witnessListSchema = z.object({
  witnesses: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      state: z.enum(witnessStates),
      /** Why it does not cosign; null while it does. */
      why: z.string().nullable(),
      /** Records that its newest cosignature covers. */
      size: z.int().nonnegative(),
      /** By its own clock; null before the first in this run of the gateway. */
      cosignedAt: timeSchema.nullable(),
    }),
  ),
});
export type WitnessList = z.infer<typeof witnessListSchema>;
