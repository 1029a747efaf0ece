// The binary block in which one area's changes travel (LIV-1). Encoded once, broadcast to all who may see the area.
// Little-endian; columns, so that a reader can lay typed arrays over it. Described in docs/live-frame.md; golden
// vectors in test/vectors/live-frame.json.
//
//   0  u8   format version (1)        16  u32  n, entries in the columns
//   1  u8   flags, bit 0: snapshot    20  u32  bytes of the text block
//   2  u16  area index
//   4  u32  layout version
//   8  f64  gateway time, ms since the epoch
//  24  f64 × n  value (booleans 0 or 1; null is NaN)
//   …  f64 × n  source time, ms since the epoch (NaN: never read)
//   …  u32 × n  tag index
//   …  u8  × n  quality, index into `qualities`
//   …  u8  × n  reason, index into `qualityReasons`
//   …  text block: UTF-8 JSON `[[tagIndex, string value, quality, reason, sourceTimeMs | null], …]`, may be empty
import { type Quality, type QualityReason, qualities, qualityReasons } from './values.ts';

export const frameFormat = 1;
const headerBytes = 24;
const entryBytes = 8 + 8 + 4 + 1 + 1;

/** Value is a number (booleans as 0 or 1), a string, or null; qualities and reasons are codes. */
export type FrameEntry = {
  readonly tagIndex: number;
  readonly value: number | string | null;
  readonly quality: number;
  readonly reason: number;
  readonly sourceTimeMs: number | null;
};
export type Frame = {
  readonly snapshot: boolean;
  readonly areaIndex: number;
  readonly layoutVersion: number;
  readonly timeMs: number;
  readonly entries: readonly FrameEntry[];
};

/** Encodes one frame. Throws RangeError when an index or version does not fit its field. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const numeric: FrameEntry[] = [];
  const text: (readonly [number, string, number, number, number | null])[] = [];
  for (const entry of frame.entries) {
    if (typeof entry.value === 'string') {
      text.push([entry.tagIndex, entry.value, entry.quality, entry.reason, entry.sourceTimeMs]);
    } else numeric.push(entry);
  }
  if (!(frame.areaIndex >= 0 && frame.areaIndex <= 0xffff)) throw new RangeError('area index');
  if (!(frame.layoutVersion >= 0 && frame.layoutVersion <= 0xffffffff)) throw new RangeError('layout version');
  const textBytes = text.length === 0 ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(text));
  const n = numeric.length;
  const bytes = new Uint8Array(headerBytes + n * entryBytes + textBytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, frameFormat);
  view.setUint8(1, frame.snapshot ? 1 : 0);
  view.setUint16(2, frame.areaIndex, true);
  view.setUint32(4, frame.layoutVersion, true);
  view.setFloat64(8, frame.timeMs, true);
  view.setUint32(16, n, true);
  view.setUint32(20, textBytes.length, true);
  const timeAt = headerBytes + n * 8;
  const indexAt = timeAt + n * 8;
  const qualityAt = indexAt + n * 4;
  const reasonAt = qualityAt + n;
  numeric.forEach((entry, i) => {
    if (!(entry.tagIndex >= 0 && entry.tagIndex <= 0xffffffff)) throw new RangeError('tag index');
    view.setFloat64(headerBytes + i * 8, typeof entry.value === 'number' ? entry.value : Number.NaN, true);
    view.setFloat64(timeAt + i * 8, entry.sourceTimeMs ?? Number.NaN, true);
    view.setUint32(indexAt + i * 4, entry.tagIndex, true);
    view.setUint8(qualityAt + i, entry.quality);
    view.setUint8(reasonAt + i, entry.reason);
  });
  bytes.set(textBytes, reasonAt + n);
  return bytes;
}

/** Decodes one frame; returns null for anything that is not a whole frame of this format. */
export function decodeFrame(bytes: Uint8Array): Frame | null {
  if (bytes.byteLength < headerBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== frameFormat) return null;
  const n = view.getUint32(16, true);
  const textLength = view.getUint32(20, true);
  if (bytes.byteLength !== headerBytes + n * entryBytes + textLength) return null;
  const timeAt = headerBytes + n * 8;
  const indexAt = timeAt + n * 8;
  const qualityAt = indexAt + n * 4;
  const reasonAt = qualityAt + n;
  const entries: FrameEntry[] = [];
  for (let i = 0; i < n; i++) {
    const value = view.getFloat64(headerBytes + i * 8, true);
    const time = view.getFloat64(timeAt + i * 8, true);
    entries.push({
      tagIndex: view.getUint32(indexAt + i * 4, true),
      value: Number.isNaN(value) ? null : value,
      quality: view.getUint8(qualityAt + i),
      reason: view.getUint8(reasonAt + i),
      sourceTimeMs: Number.isNaN(time) ? null : time,
    });
  }
  if (textLength > 0) {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(reasonAt + n)));
    if (!Array.isArray(parsed)) return null;
    for (const row of parsed as [number, string, number, number, number | null][]) {
      entries.push({ tagIndex: row[0], value: row[1], quality: row[2], reason: row[3], sourceTimeMs: row[4] });
    }
  }
  return {
    snapshot: (view.getUint8(1) & 1) === 1,
    areaIndex: view.getUint16(2, true),
    layoutVersion: view.getUint32(4, true),
    timeMs: view.getFloat64(8, true),
    entries,
  };
}

/** The word for a quality code; an unknown code is bad, never good. */
export function qualityOf(code: number): Quality {
  return qualities[code] ?? 'bad';
}
export function reasonOf(code: number): QualityReason {
  return qualityReasons[code] ?? 'source-bad';
}
