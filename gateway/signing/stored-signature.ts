// The offline look at a signature that the log holds (AUD-5): well-formed, and made by the key that it names.
// Called by audit verify and by exports' readers; it needs no gateway, no clock and no password.
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { PublicKey } from '../contract/session.ts';
import { certificationType, statementType } from '../contract/statement.ts';
import { es256Verifies, type JwsPayload, readCompactJws } from './compact-jws.ts';

export type StoredSignature =
  | { readonly ok: true; readonly payload: JwsPayload }
  | { readonly ok: false; readonly why: string };

/** `publicKey` is that of the terminal record which the signature's record stands on. */
export async function checkStoredSignature(jws: string, publicKey: PublicKey): Promise<StoredSignature> {
  const statement = readCompactJws(jws, statementType);
  const read = statement.ok ? statement : readCompactJws(jws, certificationType);
  if (!read.ok) return { ok: false, why: read.detail };
  if (read.kid !== (await calculateJwkThumbprint({ ...publicKey })))
    return { ok: false, why: 'the signature names another terminal’s key' };
  if (read.payload.terminal !== read.kid) return { ok: false, why: 'the statement was made for another terminal' };
  if (!(await es256Verifies(jws, publicKey))) return { ok: false, why: 'the signature does not verify' };
  return { ok: true, payload: read.payload };
}

/** What a countersignature's `countersigns` must hold: base64url SHA-256 of the preceding compact JWS. */
export function signatureDigest(jws: string): string {
  return createHash('sha256').update(jws, 'ascii').digest('base64url');
}
