// Checks what the HMI proves and signs, with jose and nothing of the HMI's or the gateway's own code: the other side of
// RFC 9449 and of the statement's JWS, for the scripted gateway of the browser tests.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { calculateJwkThumbprint, compactVerify, EmbeddedJWK, importJWK, type JWK, jwtVerify } from 'jose';

export type ProofAnswer = { ok: true; terminal: string; jwk: JWK } | { ok: false; code: string };

export function proofChecker(origin: () => string) {
  const used = new Set<string>();
  const nonces = new Set<string>();
  return {
    issueNonce: (): string => {
      const nonce = randomBytes(12).toString('base64url');
      nonces.add(nonce);
      return nonce;
    },
    forgetNonces: () => nonces.clear(),
    check: async (proof: unknown, method: string, path: string, body: Buffer): Promise<ProofAnswer> => {
      if (typeof proof !== 'string') return { ok: false, code: 'proof-missing' };
      try {
        const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
          typ: 'dpop+jwt',
          algorithms: ['ES256'],
        });
        const digest = body.length === 0 ? undefined : createHash('sha256').update(body).digest('base64url');
        if (payload.htm !== method || payload.htu !== origin() + path || payload.bodyDigest !== digest)
          return { ok: false, code: 'proof-invalid' };
        if (typeof payload.nonce !== 'string' || !nonces.has(payload.nonce))
          return { ok: false, code: 'use_dpop_nonce' };
        if (typeof payload.jti !== 'string' || used.has(payload.jti)) return { ok: false, code: 'proof-replayed' };
        used.add(payload.jti);
        const jwk = protectedHeader.jwk as JWK;
        return { ok: true, terminal: await calculateJwkThumbprint(jwk), jwk };
      } catch {
        return { ok: false, code: 'proof-invalid' };
      }
    },
  };
}

/** Payload text and parsed payload of a statement that this key really signed under exactly this header; else throws. */
export async function openStatement(
  jws: string,
  jwk: JWK,
  kid: string,
  typ: string,
): Promise<{ text: string; value: Record<string, unknown> }> {
  const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwk, 'ES256'));
  const expected = JSON.stringify({ alg: 'ES256', kid, typ });
  if (JSON.stringify(protectedHeader) !== expected) throw new Error(`header is not ${expected}`);
  const text = new TextDecoder().decode(payload);
  return { text, value: JSON.parse(text) as Record<string, unknown> };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
