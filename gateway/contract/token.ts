// Access tokens of machines on the wire (CMD-10): what they may do, how an administrator issues and revokes them. A token
// is shown once; what the gateway keeps of it is a digest. No token can sign, or ask for a command.
import { z } from 'zod';
import { areaIdSchema, lineSchema, timeSchema } from './ids.ts';

export const tokenScopes = ['read-history', 'read-audit', 'propose', 'post-events'] as const;
export const tokenScopeSchema = z.enum(tokenScopes);
export type TokenScope = (typeof tokenScopes)[number];

export const tokenIdSchema = z
  .string()
  .regex(/^[a-f0-9]{16}$/)
  .brand<'TokenId'>();
export type TokenId = z.infer<typeof tokenIdSchema>;

/** What is signed when one is issued. `areas` bound what it may propose or post for, with all that lies within them. */
export const tokenTermsSchema = z.strictObject({
  name: lineSchema(80),
  scopes: z.array(tokenScopeSchema).min(1).max(tokenScopes.length),
  areas: z.array(areaIdSchema).min(1).max(1000),
  /** CIDR blocks that it may be used from; absent: any. */
  networks: z.array(z.string().max(64)).min(1).max(100).optional(),
  expiresInDays: z.int().min(1).max(366),
});
export type TokenTerms = z.infer<typeof tokenTermsSchema>;

/** Body of `POST /tokens/statements`. */
export const tokenIssueBodySchema = z.strictObject({ change: tokenTermsSchema });
/** Body of `POST /tokens/:id/statements`. */
export const tokenStatementBodySchema = z.strictObject({ action: z.enum(['revoke']) });

export const tokenViewSchema = z.object({
  id: tokenIdSchema,
  name: z.string(),
  scopes: z.array(tokenScopeSchema),
  areas: z.array(areaIdSchema),
  networks: z.array(z.string()),
  status: z.enum(['active', 'revoked']),
  issuedAt: timeSchema,
  expiresAt: timeSchema,
});
export type TokenView = z.infer<typeof tokenViewSchema>;
export const tokenListSchema = z.object({ tokens: z.array(tokenViewSchema) });
/** 201 of `POST /tokens/signatures`: `token` is shown here and never again. */
export const tokenIssuedSchema = z.object({ id: tokenIdSchema, token: z.string(), expiresAt: timeSchema });
