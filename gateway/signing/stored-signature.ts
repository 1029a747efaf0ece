// The offline look at a signature that the log holds (AUD-5): well-formed, and made by the key that it names.
// Called by every verification of the log; it needs no gateway, no clock and no password.
import { createHash, verify } from 'node:crypto';
import { certificationType, statementType } from '../contract/statement.ts';
import type { ImportedKey } from '../identity/imported-key.ts';
import { type JwsPayload, readCompactJws } from './compact-jws.ts';

export type StoredSignature =
  | { readonly ok: true; readonly payload: JwsPayload; readonly type: typeof statementType | typeof certificationType }
  | { readonly ok: false; readonly why: string };

/** `key` is that of the terminal record which the signature's record stands on. */
export function checkTerminalSignature(jws: string, key: ImportedKey): StoredSignature {
  const statement = readCompactJws(jws, statementType);
  const read = statement.ok ? statement : readCompactJws(jws, certificationType);
  if (!read.ok) return { ok: false, why: read.detail };
  if (read.kid !== key.thumbprint) return { ok: false, why: 'the signature names another terminal’s key' };
  if (read.payload.terminal !== read.kid) return { ok: false, why: 'the statement was made for another terminal' };
  const end = jws.lastIndexOf('.');
  const signature = Buffer.from(jws.slice(end + 1), 'base64url');
  const signed = Buffer.from(jws.slice(0, end), 'ascii');
  // R and S side by side (RFC 7518 §3.4).
  if (!verify('sha256', signed, { key: key.key, dsaEncoding: 'ieee-p1363' }, signature))
    return { ok: false, why: 'the signature does not verify' };
  return { ok: true, payload: read.payload, type: statement.ok ? statementType : certificationType };
}

/** What a countersignature's `countersigns` must hold: base64url SHA-256 of the preceding compact JWS. */
export function signatureDigest(jws: string): string {
  return createHash('sha256').update(jws, 'ascii').digest('base64url');
}
