// base64url and SHA-256 for proofs, thumbprints and statements. Called within gateway-client only; keeps nothing.

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** base64url of the SHA-256 of the bytes, 43 characters. */
export async function sha256Base64url(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** base64url of `count` random bytes. */
export function randomBase64url(count: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(count)));
}
