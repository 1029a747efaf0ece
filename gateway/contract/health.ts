// `GET /health`: liveness with the state of each part.
import { z } from 'zod';

export const healthSchema = z.object({
  status: z.enum(['ready', 'starting', 'degraded', 'stopping']),
  version: z.string(),
  demo: z.boolean(),
  parts: z.object({
    database: z.enum(['up', 'down']),
    log: z.object({ state: z.enum(['writing', 'unavailable']), size: z.int(), checkpointTime: z.string().nullable() }),
    connections: z.record(z.string(), z.enum(['connecting', 'connected', 'lost', 'stopped'])),
    /** Receivers of forwarded records (AUD-10); `behind`: records that they have still to acknowledge. */
    forwarding: z
      .record(
        z.string(),
        z.object({ state: z.enum(['starting', 'delivering', 'lost']), behind: z.int().nonnegative() }),
      )
      .optional(),
  }),
});
export type Health = z.infer<typeof healthSchema>;
