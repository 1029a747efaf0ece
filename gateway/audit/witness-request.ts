// The body of C2SP tlog-witness `add-checkpoint` (AUD-3): a checkpoint with the proof that it continues an earlier size.
// Written by the gateway, read by the witness. Pure.
import { type Hash, hashBytes } from './merkle.ts';

/** A consistency proof has at most so many hashes; a tree that needs more does not exist. */
const longestProof = 63;
/** Size, proof and a checkpoint with its signatures are far below. */
export const longestRequestBytes = 64 * 1024;

export type AddCheckpoint = {
  readonly oldSize: number;
  readonly proof: readonly Hash[];
  /** The checkpoint, a signed note. */
  readonly note: string;
};

export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`);
  return `old ${oldSize}\n${hashes.join('')}\n${note}`;
}

/** Null where the body is none. */
export function parseAddCheckpoint(body: string): AddCheckpoint | null {
  const boundary = body.indexOf('\n\n');
  if (boundary < 0) return null;
  const [first, ...lines] = body.slice(0, boundary).split('\n');
  const oldSize = parseSize(/^old (.+)$/.exec(first ?? '')?.[1] ?? '');
  if (oldSize === null || lines.length > longestProof) return null;
  const proof: Hash[] = [];
  for (const line of lines) {
    const hash = Buffer.from(line, 'base64');
    if (hash.length !== hashBytes || hash.toString('base64') !== line) return null;
    proof.push(hash);
  }
  return { oldSize, proof, note: body.slice(boundary + 2) };
}

/** ASCII decimal without leading zeroes; null for anything else, and beyond 2^53. */
export function parseSize(text: string): number | null {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const size = Number(text);
  return Number.isSafeInteger(size) ? size : null;
}
