// Tags, areas and connections as the HMI and API see them: definition and latest value.
import { z } from 'zod';
import { areaIdSchema, commandIdSchema, connectionIdSchema, tagIdSchema, timeSchema } from './ids.ts';
import { requiresSchema } from './statement.ts';
import { dataTypes, qualityReasonSchema, qualitySchema, tagValueSchema } from './values.ts';

export const latestSchema = z.object({
  value: tagValueSchema,
  quality: qualitySchema,
  reason: qualityReasonSchema,
  /** When the source took it; null when nothing was ever read. */
  sourceTime: timeSchema.nullable(),
  /** When the source last vouched for it, changed or not (DRV-5). */
  vouchedAt: timeSchema.nullable(),
});
export type Latest = z.infer<typeof latestSchema>;

/** A condition on other tags for a setpoint to be changed (CMD-2), as it stands now. */
export const permissiveStateSchema = z.object({
  name: z.string(),
  /** Null: it cannot be judged now (a tag without a good value, or the new value is not known yet). Not met, then. */
  met: z.boolean().nullable(),
  /** The tags it rests on with their present values: `BR101.TIC.MODE: Automatic`. */
  present: z.string(),
  /** What to do where it is not met; may be empty. */
  remedy: z.string(),
});
export type PermissiveState = z.infer<typeof permissiveStateSchema>;

/** A command whose outcome nobody knows, and that nobody has resolved yet (CMD-6). `time`: since when. */
export const unresolvedOutcomeSchema = z.object({ command: commandIdSchema, value: tagValueSchema, time: timeSchema });
export type UnresolvedOutcome = z.infer<typeof unresolvedOutcomeSchema>;

export const tagViewSchema = z.object({
  id: tagIdSchema,
  area: areaIdSchema,
  connection: connectionIdSchema,
  description: z.string(),
  dataType: z.enum(dataTypes),
  unit: z.string(),
  /** Decimals to show. */
  decimals: z.int().min(0).max(10),
  /** Names of discrete states: `{"0": "Stopped", "1": "Running"}`. */
  states: z.record(z.string(), z.string()).nullable(),
  /** Range of the instrument, for scales. */
  range: z.object({ min: z.number(), max: z.number() }).nullable(),
  /** Null for what nobody can write. */
  setpoint: z
    .object({
      min: z.number().nullable(),
      max: z.number().nullable(),
      maxStep: z.number().nullable(),
      resolution: z.number().nullable(),
      tolerance: z.number(),
      /** What will happen in the plant, in the operator's words. */
      consequence: z.string(),
      signatures: z.int().min(1).max(4),
      /** The measured value that follows it. */
      follows: tagIdSchema.nullable(),
      /** May the session that asks change it, here, now? The reason if not. */
      allowed: z.boolean(),
      refusal: z.string().nullable(),
      /** CMD-13: the policy lets it be carried out on one signature, the others to follow. */
      breakGlass: z.boolean().optional(),
      /** Absent or empty: it has none. Whoever may view a setpoint sees what its permissives rest on. */
      permissives: z.array(permissiveStateSchema).optional(),
      /** At most `max` from any value of the last `withinSeconds`; null or absent: no such limit. */
      rate: z.object({ max: z.number(), withinSeconds: z.number() }).nullish(),
      minIntervalSeconds: z.number().nullish(),
      /** In single answers: what the first signature must bring in this session, so that it can be filled in at once. */
      signing: requiresSchema.optional(),
      /** The same for break-glass, where the policy allows it. */
      signingAlone: requiresSchema.optional(),
    })
    .nullable(),
  latest: latestSchema,
  /** Newest first; absent: none. They block no further command. */
  unresolved: z.array(unresolvedOutcomeSchema).optional(),
});
export type TagView = z.infer<typeof tagViewSchema>;
export const tagListSchema = z.object({ tags: z.array(tagViewSchema) });

export const areaViewSchema = z.object({
  id: areaIdSchema,
  name: z.string(),
  parent: areaIdSchema.nullable(),
  /** Name of the process screen, served at `/api/v1/screens/<name>.svg`. */
  screen: z.string().nullable(),
});
export type AreaView = z.infer<typeof areaViewSchema>;
export const areaListViewSchema = z.object({ areas: z.array(areaViewSchema) });

export const connectionStates = ['connecting', 'connected', 'lost', 'stopped'] as const;
export const connectionViewSchema = z.object({
  id: connectionIdSchema,
  protocol: z.string(),
  endpoint: z.string(),
  state: z.enum(connectionStates),
  since: timeSchema,
  /** Last error in plain words, where there is one. */
  error: z.string().nullable(),
});
export type ConnectionView = z.infer<typeof connectionViewSchema>;
export const connectionListSchema = z.object({ connections: z.array(connectionViewSchema) });

/** The last minutes of a tag as kept in memory for small trends; columns of one length, oldest first. */
export const recentSchema = z.object({
  tags: z.array(
    z.object({
      id: tagIdSchema,
      timesMs: z.array(z.number()),
      values: z.array(z.number().nullable()),
      qualities: z.array(z.int()),
    }),
  ),
});
export type Recent = z.infer<typeof recentSchema>;
