// Terminals' public keys, made ready for verification (TRM-1): importing one costs as much as the verification itself, and
// the same few keys come with every request. Used by the DPoP guard and by the check of statements. Pure but for its memory.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../contract/canonical.ts';
import type { PublicKey } from '../contract/session.ts';

/** `thumbprint`: RFC 7638, base64url; a terminal's id. */
export type ImportedKey = { readonly key: KeyObject; readonly thumbprint: string };

/** Keys remembered; beyond it the one that came first is forgotten and imported anew when it comes again. */
const maxKeys = 2_000;
const imported = new Map<string, ImportedKey>();

/** Null where the coordinates are no point of P-256. What is not a key is never remembered. */
export function importedKey({ kty, crv, x, y }: PublicKey): ImportedKey | null {
  const members = canonicalJson({ crv, kty, x, y });
  const known = imported.get(members);
  if (known !== undefined) return known;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { crv, kty, x, y }, format: 'jwk' });
  } catch {
    return null;
  }
  const made = { key, thumbprint: createHash('sha256').update(members).digest('base64url') };
  if (imported.size >= maxKeys) for (const oldest of imported.keys()) if (imported.delete(oldest)) break;
  imported.set(members, made);
  return made;
}
