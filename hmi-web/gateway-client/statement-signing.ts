// Signs statements with the terminal's key (SIG-6): what the gateway set, unaltered, plus who, why and when; RFC 8785
// bytes; compact JWS with exactly the protected header of interfaces.md. Called by the signing flows of the pages.
import type { SignerPart, Statement } from '../../gateway/contract/statement.ts';
import { sha256Base64url, utf8 } from './encoding.ts';
import { compactJws } from './jws.ts';
import type { TerminalKey } from './terminal-key.ts';

export type Signer = Omit<SignerPart, 'signedAt'>;

/** The signed statement as a compact JWS. `signedAtMs` is this terminal's own clock; the gateway adds its own. */
export function signStatement(
  key: TerminalKey,
  statement: Statement,
  signer: Signer,
  signedAtMs: number,
): Promise<string> {
  return compactJws(key, headerOf(key, 'countersign-statement+jws'), {
    ...statement,
    signer: signer.signer,
    meaning: signer.meaning,
    reasonCode: signer.reasonCode ?? null,
    comment: signer.comment ?? null,
    signedAt: new Date(signedAtMs).toISOString(),
  });
}

/** SIG-9: binds the person to the digest of the very text that this page showed. */
export async function signCertification(
  key: TerminalKey,
  offer: { readonly version: number; readonly text: string; readonly nonce: string },
  signer: string,
  signedAtMs: number,
): Promise<string> {
  return compactJws(key, headerOf(key, 'countersign-certification+jws'), {
    version: offer.version,
    textDigest: await sha256Base64url(utf8(offer.text)),
    signer,
    terminal: key.id,
    nonce: offer.nonce,
    signedAt: new Date(signedAtMs).toISOString(),
  });
}

function headerOf(key: TerminalKey, typ: string): { alg: 'ES256'; kid: string; typ: string } {
  return { alg: 'ES256', kid: key.id, typ };
}
