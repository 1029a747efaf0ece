// Passkeys on the wire (SIG-7): WebAuthn assertions as signatures carry them, registration, and a person's own list.
// The shapes are those of the WebAuthn JSON serialisation; members that nothing here goes by are left out.
import { z } from 'zod';
import { lineSchema, timeSchema } from './ids.ts';

const base64url = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[A-Za-z0-9_-]+$/);
export const credentialIdSchema = base64url(1400);

/** `PublicKeyCredential.toJSON()` of `navigator.credentials.get`; its challenge is the SHA-256 of the JWS's payload bytes. */
export const assertionSchema = z.object({
  id: credentialIdSchema,
  rawId: credentialIdSchema,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(4096),
    signature: base64url(4096),
    userHandle: base64url(128).optional(),
  }),
});
export type Assertion = z.infer<typeof assertionSchema>;

/** What a signer's authenticator is asked with. `credentialIds` are those of the session's own person. */
export const passkeyRequestSchema = z.strictObject({ rpId: z.string(), credentialIds: z.array(z.string()) });

/** A tag class's answer to "what makes a signature" (signing.yaml). */
export const signingComponents = ['password', 'password-and-passkey', 'passkey'] as const;
export type SigningComponents = (typeof signingComponents)[number];

export const passkeyViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  registeredAt: timeSchema,
  /** The record that it stands on. */
  record: z.int(),
});
export type PasskeyView = z.infer<typeof passkeyViewSchema>;

/** `rpId`: null where this gateway's address allows no passkeys (browsers refuse them on IP addresses). */
export const passkeyListSchema = z.object({ rpId: z.string().nullable(), passkeys: z.array(passkeyViewSchema) });
export type PasskeyList = z.infer<typeof passkeyListSchema>;

/** Options for `navigator.credentials.create`, in their JSON form. */
export const passkeyOptionsSchema = z.record(z.string(), z.json());

export const passkeyBodySchema = z.strictObject({
  name: lineSchema(60),
  password: z.string().min(1).max(1024),
  /** An answer of a passkey that the person has already, to the same challenge; needed where there is one. */
  confirmation: assertionSchema.optional(),
  response: z.object({
    id: credentialIdSchema,
    rawId: credentialIdSchema,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: base64url(8192),
      attestationObject: base64url(65_536),
      transports: z.array(z.string().max(32)).max(8).optional(),
    }),
  }),
});
export type PasskeyBody = z.infer<typeof passkeyBodySchema>;

/** Taking a passkey back: the password is asked for again, and an answer of one of the person's passkeys (it may be this one). */
export const passkeyRemovalBodySchema = z.strictObject({
  password: z.string().min(1).max(1024),
  confirmation: assertionSchema.optional(),
});
export type PasskeyRemovalBody = z.infer<typeof passkeyRemovalBodySchema>;
