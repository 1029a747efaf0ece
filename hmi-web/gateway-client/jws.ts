// Compact JWS (RFC 7515) with the terminal's key. The payload is canonical JSON (RFC 8785), so that what was signed
// can be compared byte for byte. Called by proof.ts and statement-signing.ts.
import { canonicalBytes, type Json } from '../../gateway/contract/canonical.ts';
import { base64url, utf8 } from './encoding.ts';
import type { TerminalKey } from './terminal-key.ts';

type JsonObject = { readonly [name: string]: Json | undefined };

/** Signs `payload` under exactly this protected header; members that are undefined are left out. */
export async function compactJws(key: TerminalKey, header: JsonObject, payload: JsonObject): Promise<string> {
  const head = base64url(utf8(JSON.stringify(header)));
  const body = base64url(canonicalBytes(payload));
  const signature = await key.sign(utf8(`${head}.${body}`));
  return `${head}.${body}.${base64url(signature)}`;
}
