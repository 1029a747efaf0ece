// One DPoP proof (RFC 9449 §4), verified: the terminal's key signed this method, address, nonce and body. Used by
// guard.ts for requests and for the live socket. It keeps nothing and judges no time: iat is handed on for the clock check.
import { createHash, timingSafeEqual } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { terminalIdSchema } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { publicKeySchema } from '../contract/session.ts';
import { importedKey } from '../identity/imported-key.ts';
import type { ProvenKey } from './route-access.ts';

const maxProofLength = 4096;

/** Private members are refused (§4.3 check 7); harmless ones that key stores add are ignored. */
const headerSchema = z.strictObject({
  typ: z.literal('dpop+jwt'),
  alg: z.literal('ES256'),
  jwk: z.looseObject({ ...publicKeySchema.shape, d: z.undefined().optional() }),
});
const claimsSchema = z.looseObject({
  htm: z.string().max(16),
  htu: z.string().max(2048),
  iat: z.number(),
  jti: z.string().min(8).max(128),
  nonce: z.string().max(256).optional(),
  bodyDigest: z.string().max(64).optional(),
});

export type ProofRequest = {
  readonly method: string;
  /** As in the request line; the query does not count. */
  readonly path: string;
  /** Public origins, any of which the proof may name: `http://localhost:8080`. */
  readonly origins: readonly string[];
};
export type Proof = {
  readonly ok: true;
  readonly key: ProvenKey;
  readonly id: string;
  readonly nonce: string | undefined;
  readonly bodyDigest: string | undefined;
  /** Seconds since the epoch by the terminal's clock. */
  readonly issuedAtSeconds: number;
};

/** Header and claims by §4.3, checks 2 to 9 and 12's key; nonce freshness and replay are the caller's. */
export async function verifyProof(proof: string, request: ProofRequest): Promise<Proof | Refusal> {
  if (proof.length > maxProofLength) return invalid('it is too long');
  let header: z.infer<typeof headerSchema>;
  try {
    const parsed = headerSchema.safeParse(decodeProtectedHeader(proof));
    if (!parsed.success) return invalid('its header must be {typ: "dpop+jwt", alg: "ES256", jwk: <P-256 public key>}');
    header = parsed.data;
  } catch {
    return invalid('it is no compact JWS');
  }
  const publicKey = publicKeySchema.parse({
    kty: header.jwk.kty,
    crv: header.jwk.crv,
    x: header.jwk.x,
    y: header.jwk.y,
  });
  const imported = importedKey(publicKey);
  if (imported === null) return invalid('its key is no point of P-256');
  let payload: Uint8Array;
  try {
    const verified = await compactVerify(proof, imported.key, { algorithms: ['ES256'] });
    payload = verified.payload;
  } catch {
    return invalid('its signature does not verify');
  }
  const claims = parseClaims(payload);
  if (claims === null) return invalid('its claims must be htm, htu, iat, jti, nonce and, with a body, bodyDigest');
  if (claims.htm !== request.method) return invalid('htm is not the request’s method');
  if (!namesAddress(claims.htu, request)) return invalid('htu is not the request’s address');
  return {
    ok: true,
    key: { id: terminalIdSchema.parse(imported.thumbprint), publicKey },
    id: claims.jti,
    nonce: claims.nonce,
    bodyDigest: claims.bodyDigest,
    issuedAtSeconds: claims.iat,
  };
}

/** True when the proof's bodyDigest is the base64url SHA-256 of the body, or neither is there. */
export function digestMatches(bodyDigest: string | undefined, body: Uint8Array | null): boolean {
  if (body === null || body.length === 0)
    return bodyDigest === undefined || sameText(bodyDigest, digest(new Uint8Array()));
  // Some encoders pad base64url (RFC 4648 §5): the same digest.
  return bodyDigest !== undefined && sameText(bodyDigest.replace(/=$/, ''), digest(body));
}

function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url');
}

function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

function parseClaims(payload: Uint8Array): z.infer<typeof claimsSchema> | null {
  try {
    const parsed = claimsSchema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function namesAddress(htu: string, request: ProofRequest): boolean {
  const named = URL.parse(htu);
  if (named === null || named.username !== '' || named.password !== '') return false;
  return request.origins.some((origin) => {
    const asked = URL.parse(request.path, origin);
    return (
      asked !== null &&
      asked.origin === new URL(origin).origin &&
      named.origin === asked.origin &&
      named.pathname === asked.pathname
    );
  });
}

function invalid(why: string): Refusal {
  return refuse('proof-invalid', `The DPoP proof is not valid: ${why}.`);
}
