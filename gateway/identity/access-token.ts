// Access tokens of machines (CMD-10): the projection of one, making one, and telling whether a text is one. Called by
// signing/token-actions.ts and by the guard of http/. The text itself is kept nowhere: 256 random bits need no slow hash.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Actor } from '../contract/audit-record.ts';
import { type AreaId, areaIdSchema, timeSchema } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { type TokenId, type TokenScope, tokenIdSchema, tokenScopeSchema } from '../contract/token.ts';
import { areaLine } from '../plant/areas.ts';
import type { Area } from '../plant/tag.ts';
import { addressWithin } from './networks.ts';
import type { Now } from './ports.ts';
import type { TrustedRegistry } from './trusted-rows.ts';

export const tokenDocumentSchema = z.strictObject({
  version: z.literal(1),
  id: tokenIdSchema,
  name: z.string().min(1).max(80),
  scopes: z.array(tokenScopeSchema).min(1),
  areas: z.array(areaIdSchema).min(1),
  networks: z.array(z.string()),
  /** base64url SHA-256 of the token's text. */
  digest: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  status: z.enum(['active', 'revoked']),
  issuedAt: timeSchema,
  expiresAt: timeSchema,
});
export type TokenDocument = z.infer<typeof tokenDocumentSchema>;
export type TokenRegistry = TrustedRegistry<TokenId, TokenDocument>;

/** A machine in one request; what it may do is asked of it, and it is nobody's session. */
export type TokenBearer = {
  readonly actor: Actor;
  readonly address: string;
  readonly scopes: readonly TokenScope[];
  readonly mayActIn: (area: AreaId) => boolean;
};

export const anyNetwork: readonly string[] = ['0.0.0.0/0', '::/0'];

/** `cst_<id>_<secret>`: recognisable to secret scanners; the secret has 256 random bits. */
export function newToken(): { readonly id: TokenId; readonly text: string; readonly digest: string } {
  const id = tokenIdSchema.parse(randomBytes(8).toString('hex'));
  const text = `cst_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, digest: digestOf(text) };
}

/**
 * Who shows this `Authorization` header. The row is read and proven anew. Refuses `token-invalid`, with one answer for
 * unknown, revoked and expired tokens and for foreign networks.
 */
export async function tokenBearer(
  tokens: TokenRegistry,
  areas: readonly Area[],
  now: Now,
  header: string,
  address: string,
): Promise<{ readonly ok: true; readonly bearer: TokenBearer } | Refusal> {
  const invalid = refuse(
    'token-invalid',
    'This access token is not accepted: unknown, expired, revoked, or not from here.',
  );
  const [, text, id] = /^Bearer +(cst_([a-f0-9]{16})_[A-Za-z0-9_-]{43})$/i.exec(header) ?? [];
  const tokenId = tokenIdSchema.safeParse(id);
  if (text === undefined || !tokenId.success || tokens.get(tokenId.data) === undefined) return invalid;
  const fresh = await tokens.fresh(tokenId.data);
  if (fresh.kind !== 'trusted') return invalid;
  const token = fresh.held.document;
  const shown = Buffer.from(digestOf(text));
  const kept = Buffer.from(token.digest);
  if (shown.length !== kept.length || !timingSafeEqual(shown, kept)) return invalid;
  // Written so that an unreadable time counts as over.
  if (token.status !== 'active' || !(now() <= Date.parse(token.expiresAt))) return invalid;
  if (!addressWithin(token.networks, address)) return invalid;
  return {
    ok: true,
    bearer: {
      actor: { id: `token:${token.id}`, name: token.name, printedName: token.name },
      address,
      scopes: token.scopes,
      mayActIn: (area) => areaLine(areas, area).some((place) => token.areas.includes(place)),
    },
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}
