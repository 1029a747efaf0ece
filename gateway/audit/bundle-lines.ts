// The lines of an audit bundle (AUD-5), one file that proves itself to whoever holds the log's key: docs/audit-format.md
// says it byte by byte. Written by postgres-bundle.ts, read by verify-bundle.ts and whoever opens an archive. Pure.
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Json } from '../contract/canonical.ts';
import type { Hash } from './merkle.ts';

export const bundleFormat = 'countersign-audit-bundle/1';

/** A record's line begins so, because `actor` is every record's first member in canonical order; no other line does. */
export const recordLineStart = '{"actor":';
/** Records between two lines of leaf hashes, at most. */
export const leavesAtOnce = 256;

const sizeSchema = z.int().nonnegative();
/** 32 bytes in the one way that base64 writes them: the last digit holds four bits of theirs, and no others. */
const hashSchema = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/);

/** The first line. What it says is nobody's word but the file's own: for people, and to find the first record by. */
export const bundleHeaderSchema = z.strictObject({
  format: z.literal(bundleFormat),
  origin: z.string(),
  /** Records of the log that the last checkpoint is over. */
  size: sizeSchema,
  madeAt: z.string(),
  /** What was asked for; null: the whole log. */
  selection: z.record(z.string(), z.json()).nullable(),
});
export type BundleHeader = Omit<z.infer<typeof bundleHeaderSchema>, 'selection'> & {
  readonly selection: { readonly [name: string]: Json } | null;
};

/** Records that are left out, up to `to`: roots of the complete subtrees that cover them, in order. */
const gapSchema = z.strictObject({ hashes: z.array(hashSchema), to: sizeSchema });
/** Leaf hashes of the records right before this line, from number `from` on: to name the one that is wrong. */
const leavesSchema = z.strictObject({ from: sizeSchema, hashes: z.string() });

const lineSchema = z.union([
  z.strictObject({ bundle: bundleHeaderSchema }),
  z.strictObject({ gap: gapSchema }),
  z.strictObject({ leaves: leavesSchema }),
  z.strictObject({ checkpoint: z.string() }),
]);
/** Every line that is no record. */
export type BundleLine = z.infer<typeof lineSchema>;

/**
 * Null for what is no line of a bundle. Only what JSON.stringify writes is one: a member that stands twice, or white space,
 * would let two readers see two things in the same file.
 */
export function parseBundleLine(line: Uint8Array): BundleLine | null {
  if (!isUtf8(line)) return null;
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? (lineSchema.safeParse(value).data ?? null) : null;
  } catch {
    return null;
  }
}

export function headerLine(header: Omit<BundleHeader, 'format'>): string {
  return `${JSON.stringify({ bundle: { format: bundleFormat, ...header } })}\n`;
}

export function gapLine(to: number, hashes: readonly Hash[]): string {
  return `${JSON.stringify({ gap: { hashes: hashes.map(toBase64), to } })}\n`;
}

export function leavesLine(from: number, leaves: readonly Hash[]): string {
  return `${JSON.stringify({ leaves: { from, hashes: Buffer.concat(leaves).toString('base64') } })}\n`;
}

export function checkpointLine(note: string): string {
  return `${JSON.stringify({ checkpoint: note })}\n`;
}

function toBase64(hash: Hash): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('base64');
}
