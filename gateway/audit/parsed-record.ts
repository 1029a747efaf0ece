// A record read back from its canonical bytes, as whoever verifies, searches or follows a log sees it. Only what has been
// compared with the tree may be believed, and none of its members has been looked at: hence `sound`. Pure.
import { isUtf8 } from 'node:buffer';
import { objectEnd } from './canonical-reader.ts';

/** The parsed canonical bytes; only what has been compared with the tree may be believed. */
export type ParsedRecord = {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly actor: { readonly id: string; readonly printedName?: string } | null;
  readonly subject: string;
  readonly terminal: { readonly id: string } | null;
  readonly command?: string;
  readonly old?: unknown;
  readonly new?: unknown;
  readonly meaning?: string;
  readonly reason?: { readonly code: string | null; readonly comment: string | null };
  readonly signature?: { readonly jws: string; readonly assertion?: unknown };
  readonly chain?: { readonly commit: number; readonly standing: number | null };
  readonly detail?: { readonly [name: string]: unknown };
};

export const notARecord = 'its bytes are not the canonical JSON of a record';

/** What the bytes say; a text where they are not the RFC 8785 bytes of an object with a number and a time. */
export function parseRecord(body: Uint8Array): ParsedRecord | string {
  // Every record of a log comes by here: this is five times as fast as a decoder of its own for each.
  if (!isUtf8(body) || objectEnd(body, 0, null) !== body.length) return notARecord;
  const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  if (typeof value !== 'object' || value === null || !('seq' in value) || !('time' in value)) return notARecord;
  return value as ParsedRecord;
}

/** Bytes that are JSON and no record lack a member somewhere: that is the record's trouble, not the verifier's. */
export function sound<Answer>(check: () => Answer): Answer | string {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError)
      return 'its bytes are not those of a record';
    throw error;
  }
}
