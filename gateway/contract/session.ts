// Sign-in, session, terminals, accounts on the wire.
import { z } from 'zod';
import { areaIdSchema, lineSchema, terminalIdSchema, timeSchema } from './ids.ts';

export const permissions = [
  'view',
  'command',
  'verify',
  'resolve',
  'read-audit',
  'export-audit',
  'administer',
  'review',
] as const;
export const permissionSchema = z.enum(permissions);
export type Permission = (typeof permissions)[number];

export const publicKeySchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  y: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type PublicKey = z.infer<typeof publicKeySchema>;

/** The same as clients bring it: with what WebCrypto and key stores add, which is left out. Private members are refused. */
export const givenPublicKeySchema = publicKeySchema
  .extend({
    kid: z.string().optional(),
    use: z.string().optional(),
    alg: z.string().optional(),
    key_ops: z.array(z.string()).optional(),
    ext: z.boolean().optional(),
  })
  .transform(({ kty, crv, x, y }): PublicKey => ({ kty, crv, x, y }));

export const terminalStates = ['active', 'pending', 'revoked'] as const;
export const terminalBodySchema = z.strictObject({
  name: lineSchema(80),
  publicKey: givenPublicKeySchema,
  code: z.string().min(1).max(64).optional(),
});
export const terminalViewSchema = z.object({
  id: terminalIdSchema,
  name: z.string(),
  status: z.enum(terminalStates),
  location: z.string(),
  areas: z.array(areaIdSchema),
  networks: z.array(z.string()),
  enrolledAt: timeSchema,
});
export type TerminalView = z.infer<typeof terminalViewSchema>;
export const terminalCreatedSchema = z.object({ id: terminalIdSchema, status: z.enum(terminalStates) });
export const terminalListSchema = z.object({ terminals: z.array(terminalViewSchema) });

export const signInBodySchema = z.strictObject({
  username: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
  otp: z.string().max(16).optional(),
});
export const sessionViewSchema = z.object({
  user: z.object({ id: z.string(), name: z.string(), printedName: z.string(), groups: z.array(z.string()) }),
  terminal: z.object({ id: terminalIdSchema, name: z.string(), location: z.string(), areas: z.array(areaIdSchema) }),
  /** What this session may do, by area, descendants spelled out. */
  permissions: z.array(z.object({ area: areaIdSchema, permissions: z.array(permissionSchema) })),
  certified: z.boolean(),
  /** Days until the password expires; null when it does not. Warned of from 14 on. */
  passwordExpiresInDays: z.int().nullable(),
  idleTimeoutSeconds: z.int(),
  /** What the next signing by this person needs (SIG-3). */
  signingComponents: z.array(z.enum(['username', 'password', 'passkey'])),
  plant: z.object({ name: z.string(), timeZone: z.string(), demo: z.boolean() }),
});
export type SessionView = z.infer<typeof sessionViewSchema>;

export const accountStates = ['active', 'locked', 'deactivated'] as const;
export const accountViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  printedName: z.string(),
  groups: z.array(z.string()),
  status: z.enum(accountStates),
  certified: z.boolean(),
  lockedAtTerminals: z.array(z.string()),
  /** Those that sign (SIG-7); an administrator can take one away. */
  passkeys: z.array(z.object({ id: z.string(), name: z.string() })),
});
export type AccountView = z.infer<typeof accountViewSchema>;
export const accountListSchema = z.object({ users: z.array(accountViewSchema) });

/** Anyone may ask: what the sign-in page needs before anybody is known. */
export const plantViewSchema = z.object({
  name: z.string(),
  timeZone: z.string(),
  demo: z.boolean(),
  version: z.string(),
  demoAccounts: z.array(z.object({ name: z.string(), printedName: z.string(), may: z.string() })),
});
export type PlantView = z.infer<typeof plantViewSchema>;

/** Body of `POST /terminals/:id/statements`. `change` of an approval: where the terminal stands and what it may do. */
export const terminalStatementBodySchema = z.strictObject({
  action: z.enum(['approve', 'revoke']),
  change: z
    .strictObject({
      name: z.string().optional(),
      location: z.string().optional(),
      areas: z.array(z.string()).optional(),
      /** CIDR blocks: `10.1.0.0/16`. */
      networks: z.array(z.string()).optional(),
    })
    .optional(),
});
/** Body of `POST /users/:id/statements`. */
export const userStatementBodySchema = z.strictObject({
  action: z.enum(['unlock']),
  /** What was done about it, for the record (IDN-3); the explanation is the signature's comment. */
  change: z.strictObject({ actionTaken: z.string().optional() }).optional(),
});
/** Body of `POST /enrolment-codes/statements`: what a terminal that brings the code will be given (TRM-1). */
export const enrolmentCodeBodySchema = z.strictObject({
  change: z.strictObject({ location: z.string(), areas: z.array(z.string()), networks: z.array(z.string()) }),
});
/** 201 of `POST /enrolment-codes/signatures`: shown once, works once. */
export const enrolmentCodeSchema = z.object({ code: z.string(), expiresAt: timeSchema });

export const sessionEntrySchema = z.object({
  id: z.string(),
  user: z.object({ id: z.string(), printedName: z.string() }),
  terminal: z.object({ id: z.string(), name: z.string() }),
  address: z.string(),
  startedAt: timeSchema,
  lastActivityAt: timeSchema,
});
export const sessionListSchema = z.object({ sessions: z.array(sessionEntrySchema) });

/** Body of `POST /password`: a person changes his own, also one that has expired (IDN-2). */
export const passwordBodySchema = z.strictObject({
  username: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
  newPassword: z.string().min(1).max(1024),
});
