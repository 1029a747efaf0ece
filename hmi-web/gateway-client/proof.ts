// DPoP proofs (RFC 9449, TRM-2): one for every request and for the live socket. Called by request.ts and live-link.ts.
// Holds the last nonce that the gateway gave; the gateway judges freshness by it, so this terminal's clock may be wrong.
import { randomBase64url, sha256Base64url } from './encoding.ts';
import { compactJws } from './jws.ts';
import type { TerminalKey } from './terminal-key.ts';

export type Prover = {
  /** `path` without query; `body` are the exact bytes that are sent, where there are any. */
  readonly prove: (method: string, path: string, body?: Uint8Array<ArrayBuffer>) => Promise<string>;
  readonly keepNonce: (nonce: string) => void;
  readonly hasNonce: () => boolean;
};

export function createProver(key: TerminalKey, origin: string, now: () => number = Date.now): Prover {
  let nonce: string | undefined;
  return {
    prove: async (method, path, body) =>
      compactJws(
        key,
        { typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicKey },
        {
          jti: randomBase64url(16),
          htm: method,
          htu: `${origin}${path}`,
          iat: Math.floor(now() / 1000),
          nonce,
          bodyDigest: body === undefined ? undefined : await sha256Base64url(body),
        },
      ),
    keepNonce: (fresh) => {
      nonce = fresh;
    },
    hasNonce: () => nonce !== undefined,
  };
}
