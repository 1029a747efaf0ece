// `GET /health`: liveness with the state of each part.
import { z } from 'zod';

/**
 * `starting`: not asked yet. `lost`: does not answer. `refusing`: does not know the log or its key. `conflict`: has
 * cosigned another log than the one that is here.
 */
export const witnessStates = ['starting', 'cosigning', 'lost', 'refusing', 'conflict'] as const;
export type WitnessState = (typeof witnessStates)[number];

export const healthSchema = z.object({
  status: z.enum(['ready', 'starting', 'degraded', 'stopping']),
  version: z.string(),
  demo: z.boolean(),
  parts: z.object({
    database: z.enum(['up', 'down']),
    /** `checkpointTime`: of the newest record that stands under a flushed checkpoint, UTC; null in an empty log. */
    log: z.object({ state: z.enum(['writing', 'unavailable']), size: z.int(), checkpointTime: z.string().nullable() }),
    connections: z.record(z.string(), z.enum(['connecting', 'connected', 'lost', 'stopped'])),
    /** Receivers of forwarded records (AUD-10); `behind`: records that they have still to acknowledge. */
    forwarding: z
      .record(
        z.string(),
        z.object({ state: z.enum(['starting', 'delivering', 'lost']), behind: z.int().nonnegative() }),
      )
      .optional(),
    /** Witnesses of the log's checkpoints (AUD-3); `behind`: records that they have still to cosign. */
    witnesses: z
      .record(z.string(), z.object({ state: z.enum(witnessStates), behind: z.int().nonnegative() }))
      .optional(),
    /** The gateway's own check of its log (AUD-5): `altered` where a record is not what was recorded. */
    verification: z.enum(['starting', 'good', 'altered', 'unavailable']).optional(),
    /** The copy of the checkpoint in a folder elsewhere (AUD-3). */
    checkpointCopies: z.enum(['written', 'lost']).optional(),
  }),
});
export type Health = z.infer<typeof healthSchema>;
