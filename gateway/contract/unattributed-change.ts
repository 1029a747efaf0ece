// A setpoint that changed in the PLC without a command from here (CMD-11), as HMIs and the API see it: by live event
// when it is on record, and as a list. Made from the record alone, so that both always say the same.
import { z } from 'zod';
import { areaIdSchema, tagIdSchema, timeSchema } from './ids.ts';
import { qualitySchema, tagValueSchema } from './values.ts';

export const unattributedChangeSchema = z.object({
  /** Number of its record, and when that was made. */
  record: z.int().nonnegative(),
  time: timeSchema,
  tagId: tagIdSchema,
  area: areaIdSchema,
  description: z.string(),
  /** What the log accounts for, and what the device holds instead. */
  old: tagValueSchema,
  new: tagValueSchema,
  unit: z.string(),
  quality: qualitySchema,
  /** The device's own time of the last change. */
  sourceTime: timeSchema,
  /** `outage`: found when the PLC or the gateway came back; when it happened in between is not known. */
  while: z.enum(['live', 'outage']),
  /** Changes in this burst; `min` and `max` are their extremes, null for what is no number. */
  count: z.int().min(1),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
export type UnattributedChange = z.infer<typeof unattributedChangeSchema>;

/** `GET /unattributed-changes`: newest first, as far as the session may view their areas. */
export const unattributedListSchema = z.object({ changes: z.array(unattributedChangeSchema) });
