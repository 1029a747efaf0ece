// What a signature says (SIG-6). The gateway makes a Statement; the client adds who, why and when, and signs the
// RFC 8785 bytes of the whole as a compact JWS (ES256) with the terminal's key. interfaces.md, "HTTP API".
import { z } from 'zod';
import {
  areaIdSchema,
  commandIdSchema,
  givenTimeSchema,
  tagIdSchema,
  terminalIdSchema,
  textSchema,
  timeSchema,
} from './ids.ts';
import { assertionSchema, passkeyRequestSchema } from './passkey.ts';
import { qualitySchema, tagValueSchema } from './values.ts';

export const statementType = 'countersign-statement+jws';
export const certificationType = 'countersign-certification+jws';

/** § 11.50(a)(3): the meaning associated with the signature. */
export const meanings = ['authorship', 'approval', 'verification', 'review', 'responsibility'] as const;
export const meaningSchema = z.enum(meanings);
export type Meaning = (typeof meanings)[number];

const common = {
  version: z.literal(1),
  terminal: terminalIdSchema,
  /** base64url of 16 random bytes; one statement, one nonce, one use. */
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  expiresAt: timeSchema,
  /** The record of the configuration in force, by number, and its digest (base64url SHA-256). */
  configuration: z.strictObject({ seq: z.int().nonnegative(), digest: z.string() }),
};

export const commandStatementSchema = z.strictObject(common).extend({
  purpose: z.enum(['command', 'countersign', 'decline']),
  command: commandIdSchema,
  tag: tagIdSchema,
  description: z.string(),
  observed: z.strictObject({ value: tagValueSchema, quality: qualitySchema, sourceTime: timeSchema }),
  value: tagValueSchema,
  unit: z.string(),
  /** base64url SHA-256 of the preceding signature's compact JWS; from the second signature on. */
  countersigns: z.string().optional(),
  /** CMD-13: what is signed is carried out on one signature. */
  breakGlass: z.literal(true).optional(),
});
export type CommandStatement = z.infer<typeof commandStatementSchema>;

/** A signed action that is no process command: approving or revoking a terminal, unlocking an account. */
export const actionStatementSchema = z.strictObject(common).extend({
  purpose: z.enum([
    'approve',
    'revoke',
    'unlock',
    'issue-code',
    'resolve',
    'create-account',
    'change-account',
    'issue-token',
    'revoke-token',
    'remove-passkey',
    'review',
    'rotate-log-key',
    'archive',
  ]),
  /** What it is about, as in the audit record's `subject`: `terminal:<id>`, `account:<id>`, `command:<id>`. */
  about: z.string(),
  description: z.string(),
  /** The exact change that is signed: areas, networks and location of a terminal, for instance. */
  change: z.record(z.string(), z.json()),
});
export type ActionStatement = z.infer<typeof actionStatementSchema>;

export const statementSchema = z.union([commandStatementSchema, actionStatementSchema]);
export type Statement = z.infer<typeof statementSchema>;

/** What the client adds. Absent, null and "" all mean "none" for reasonCode and comment. */
export const signerPartSchema = z.strictObject({
  signer: z.string().min(1).max(256),
  meaning: meaningSchema,
  reasonCode: z.string().max(64).nullish(),
  comment: textSchema(2000).nullish(),
  signedAt: givenTimeSchema,
});
export type SignerPart = z.infer<typeof signerPartSchema>;
export const signerPartNames = ['signer', 'meaning', 'reasonCode', 'comment', 'signedAt'] as const;

export const componentNames = ['username', 'password', 'passkey'] as const;
/** What the signer must bring, and what the dialog offers. */
export const requiresSchema = z.strictObject({
  components: z.array(z.enum(componentNames)),
  meanings: z.array(meaningSchema),
  reasonCodes: z.array(z.strictObject({ code: z.string(), text: z.string() })),
  /** Whether one of the listed reason codes must be given. */
  reason: z.enum(['required', 'optional']),
  comment: z.enum(['required', 'optional', 'none']),
  /** Signatures still to come after this one. */
  countersignatures: z.int().min(0).max(3),
  /** SIG-7: where `components` names the passkey, and the gateway has an address that allows one. */
  passkey: passkeyRequestSchema.optional(),
});
export type Requires = z.infer<typeof requiresSchema>;

export const offerSchema = z.strictObject({
  statement: statementSchema,
  expiresAt: timeSchema,
  requires: requiresSchema,
});
export type Offer = z.infer<typeof offerSchema>;

/** Body of every `…/signatures` route. `statement` is the compact JWS. */
export const signatureBodySchema = z.strictObject({
  statement: z.string().min(1).max(16384),
  username: z.string().min(1).max(256).optional(),
  password: z.string().min(1).max(1024).optional(),
  otp: z.string().max(16).optional(),
  /** SIG-7: its challenge is the SHA-256 of the statement's JWS payload bytes. */
  assertion: assertionSchema.optional(),
});
export type SignatureBody = z.infer<typeof signatureBodySchema>;

/** SIG-9: what a person signs once, before the first signature. */
export const certificationStatementSchema = z.strictObject({
  version: z.int(),
  /** base64url SHA-256 of the text's UTF-8 bytes. */
  textDigest: z.string(),
  signer: z.string().min(1).max(256),
  terminal: terminalIdSchema,
  nonce: z.string(),
  signedAt: givenTimeSchema,
});
export const certificationOfferSchema = z.strictObject({
  version: z.int(),
  text: z.string(),
  nonce: z.string(),
});
export const certificationBodySchema = z.strictObject({
  statement: z.string().min(1).max(16384),
  username: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
});
export const certificationResultSchema = z.strictObject({
  certified: z.literal(true),
  certifiedAt: timeSchema,
  record: z.int(),
});

export const areaListSchema = z.array(areaIdSchema);
