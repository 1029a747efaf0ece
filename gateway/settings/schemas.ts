// What each file of the configuration folder may hold (interfaces.md, "Configuration"). The JSON Schemas for editors in
// config/schemas are made from these, so that both always say the same.
import { z } from 'zod';
import { areaIdSchema, connectionIdSchema, tagIdSchema, userIdSchema } from '../contract/ids.ts';
import { signingComponents } from '../contract/passkey.ts';
import { permissionSchema } from '../contract/session.ts';
import { meaningSchema } from '../contract/statement.ts';
import { dataTypes } from '../contract/values.ts';
import { checkpointsSchema } from './checkpoints.ts';
import { forwardingSchema } from './forwarding.ts';
import { reviewSettingsSchema } from './review.ts';
import { verificationSchema } from './verification.ts';

const shortText = z.string().trim().min(1).max(200);
const groupIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const gatewayFileSchema = z.strictObject({
  plant: z.strictObject({
    name: shortText,
    /** IANA name; times are shown with this offset (§11.50). */
    timeZone: z.string().refine(isTimeZone, { error: 'is not an IANA time zone such as Europe/Berlin' }),
  }),
  /** Only for the demo: accounts made at the first start, loopback terminals enrolled by themselves. */
  demo: z
    .strictObject({
      accounts: z
        .array(
          z.strictObject({
            name: userIdSchema,
            printedName: shortText,
            groups: z.array(groupIdSchema).min(1),
            may: shortText,
          }),
        )
        .min(1),
    })
    .optional(),
  http: z.strictObject({
    host: z.string().min(1),
    port: z.int().min(0).max(65535),
    /** Addresses under which browsers reach the gateway: `https://hmi.plant.example`. Default: the listening address. */
    origins: z.array(z.url({ protocol: /^https?$/ })).optional(),
  }),
  sessions: z
    .strictObject({
      idleMinutes: z.number().min(1).max(240).default(20),
      longestHours: z.number().min(1).max(24).default(12),
    })
    .prefault({}),
  passwords: z
    .strictObject({
      shortest: z.int().min(12).max(64).default(12),
      history: z.int().min(0).max(24).default(5),
      expireAfterDays: z.int().min(1).max(365).default(90),
    })
    .prefault({}),
  lockout: z
    .strictObject({
      atTerminalAfter: z.int().min(3).max(10).default(5),
      everywhereAfter: z.int().min(5).max(50).default(15),
    })
    .prefault({}),
  /** Who else gets the log's records (AUD-10). */
  forwarding: forwardingSchema.optional(),
  /** What a review of the trail looks at (AUD-8). */
  review: reviewSettingsSchema.prefault({}),
  checkpoints: checkpointsSchema.optional(),
  /** How the log is read again in the background (AUD-5). */
  verification: verificationSchema.prefault({}),
  /** How long records stay in the database, by class; older ones may be archived, signed (AUD-7). */
  retention: z
    .strictObject({
      commandsDays: z.int().min(1).max(36_500).default(3_650),
      accessDays: z.int().min(1).max(36_500).default(3_650),
      operationDays: z.int().min(1).max(36_500).default(3_650),
    })
    .prefault({}),
  groups: z
    .array(
      z.strictObject({
        id: groupIdSchema,
        name: shortText,
        grants: z
          .array(
            z.strictObject({
              area: areaIdSchema,
              allow: z.array(permissionSchema).default([]),
              deny: z.array(permissionSchema).default([]),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

export const areasFileSchema = z.strictObject({
  areas: z
    .array(
      z.strictObject({
        id: areaIdSchema,
        name: shortText,
        parent: areaIdSchema.optional(),
        /** Name of a file in screens/, without `.svg`. */
        screen: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
          .optional(),
      }),
    )
    .min(1)
    .max(1000),
});

export const connectionsFileSchema = z.strictObject({
  connections: z
    .array(
      z.strictObject({
        id: connectionIdSchema,
        protocol: z.string(),
        /** A connection silent for this long turns its values bad (DRV-5). */
        lostAfterMs: z.int().min(500).max(60_000).default(3000),
        /** As the protocol wants them. */
        options: z.record(z.string(), z.unknown()),
      }),
    )
    .min(1)
    .max(200),
});

export const signingFileSchema = z.strictObject({
  reasons: z
    .array(z.strictObject({ code: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), text: shortText }))
    .min(1)
    .max(200),
  policies: z
    .array(
      z.strictObject({
        name: groupIdSchema,
        reasons: z.array(z.string()).default([]),
        reason: z.enum(['required', 'optional']).default('required'),
        comment: z.enum(['required', 'optional', 'none']).default('optional'),
        meanings: z.array(meaningSchema).min(1),
        countersignMeanings: z.array(meaningSchema).default([]),
        signatures: z.int().min(1).max(4).default(1),
        timeLimitSeconds: z.int().min(15).max(86_400).default(300),
        /** SIG-7: what makes a signature, besides the user name; absent: the password. */
        components: z.enum(signingComponents).optional(),
        /** CMD-13: off unless it is allowed here. */
        breakGlass: z.strictObject({ allowed: z.boolean(), dueMinutes: z.int().min(1).max(10_080) }).optional(),
        /** CMD-10: how long a machine's proposal waits for a person. */
        proposalMinutes: z.int().min(1).max(10_080).optional(),
      }),
    )
    .min(1),
});

const rangeSchema = z.strictObject({ min: z.number(), max: z.number() });

export const tagsFileSchema = z.strictObject({
  tags: z
    .array(
      z.strictObject({
        id: tagIdSchema,
        area: areaIdSchema,
        connection: connectionIdSchema,
        description: shortText,
        dataType: z.enum(dataTypes),
        unit: z.string().max(32).default(''),
        decimals: z.int().min(0).max(10).default(2),
        states: z.record(z.string(), shortText).optional(),
        range: rangeSchema.optional(),
        scaling: z
          .strictObject({
            factor: z.number().refine((factor) => factor !== 0, { error: 'cannot be 0' }),
            offset: z.number().default(0),
          })
          .optional(),
        /** As the connection's protocol wants it. */
        address: z.record(z.string(), z.unknown()),
        /** Present: the tag can be changed, with a signature. */
        setpoint: z
          .strictObject({
            policy: z.string(),
            min: z.number().optional(),
            max: z.number().optional(),
            maxStep: z.number().positive().optional(),
            resolution: z.number().positive().optional(),
            tolerance: z.number().min(0),
            settleMs: z.int().min(0).max(60_000).default(0),
            confirmWithinMs: z.int().min(0).max(60_000).default(2000),
            freshnessMs: z.int().min(250).max(600_000).default(5000),
            consequence: z.string().trim().min(1).max(500),
            follows: tagIdSchema.optional(),
            /** What must hold in the plant for the value to be written (CMD-2). */
            permissives: z
              .array(
                z.strictObject({
                  name: shortText,
                  /** Words of the condition and the tags that they stand for: `{ mode: BR101.TIC.MODE }`. */
                  reads: z
                    .record(z.string().regex(/^[a-z][A-Za-z0-9_]{0,31}$/), tagIdSchema)
                    .refine((reads) => Object.keys(reads).length <= 8, { error: 'names more than 8 tags' })
                    .refine((reads) => Object.keys(reads).length > 0, { error: 'names no tag' }),
                  /** CEL over those words and `value`, the value asked for; absent: all of them are good. */
                  when: z.string().trim().min(1).max(500).optional(),
                  remedy: z.string().trim().max(200).default(''),
                }),
              )
              .max(16)
              .default([]),
            /** At most so far, in engineering units, from any value of the last so many seconds. */
            rate: z.strictObject({ max: z.number().positive(), withinSeconds: z.int().min(1).max(604_800) }).optional(),
            minIntervalSeconds: z.int().min(1).max(86_400).optional(),
            /** Changes in the PLC that no command made (CMD-11), and when they are the plant's own. */
            unattributed: z
              .strictObject({
                /** CEL over these words: while it holds, the plant moves the setpoint itself (tracking, interlocks). */
                exceptWhen: z.strictObject({
                  reads: z
                    .record(z.string().regex(/^[a-z][A-Za-z0-9_]{0,31}$/), tagIdSchema)
                    .refine((reads) => Object.keys(reads).length <= 8, { error: 'names more than 8 tags' })
                    .refine((reads) => Object.keys(reads).length > 0, { error: 'names no tag' }),
                  when: z.string().trim().min(1).max(500),
                }),
              })
              .optional(),
            /** What confirms a write, beside or in place of the point holding the value (CMD-5). */
            confirm: z
              .strictObject({
                feedback: tagIdSchema.optional(),
                /** CEL over `value` and `feedback`; absent: both are equal, within the tolerance. */
                expect: z.string().trim().min(1).max(500).optional(),
                tolerance: z.number().min(0).optional(),
                /** A pulse: the point returns to this value by itself. */
                rest: z.union([z.number(), z.boolean(), z.string()]).optional(),
              })
              .optional(),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(100_000),
});

export type GatewayFile = z.infer<typeof gatewayFileSchema>;
export type AreasFile = z.infer<typeof areasFileSchema>;
export type ConnectionsFile = z.infer<typeof connectionsFileSchema>;
export type SigningFile = z.infer<typeof signingFileSchema>;
export type TagsFile = z.infer<typeof tagsFileSchema>;
