// A bundle's bytes as blocks of whole lines, and the records in them (AUD-5, AUD-7): for the verifier, and for whoever opens
// an archived bundle again to search it. Bounded memory: one block at a time. Proves nothing; verify-bundle.ts does.
import { recordLineStart } from './bundle-lines.ts';
import { maximumRecordBytes } from './record.ts';

/** No line is longer: a record, or a line of the file's own, which are all shorter. */
export const longestLine = maximumRecordBytes + 1024;
const newline = 0x0a;
const start = Buffer.from(recordLineStart);

/** Whether a record's line begins at `from`. */
export function isRecordLine(line: Uint8Array, from = 0): boolean {
  for (let index = 0; index < start.length; index += 1) if (line[from + index] !== start[index]) return false;
  return true;
}

/**
 * As many whole lines as a piece of the file completes, in memory of their own; null, as the last of all, where a line
 * is longer than any can be, or the file ends within one.
 */
export async function* bundleBlocks(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer> | null> {
  /** The line that is under way. */
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of file) {
    const whole = piece.lastIndexOf(newline) + 1;
    if (whole > 0) {
      const block = new Uint8Array(length + whole);
      let at = 0;
      for (const before of pieces) {
        block.set(before, at);
        at += before.length;
      }
      block.set(piece.subarray(0, whole), at);
      yield block;
      pieces = [];
      length = 0;
    }
    if (whole < piece.length) pieces.push(piece.slice(whole));
    length += piece.length - whole;
    if (length > longestLine) break;
  }
  if (length > 0) yield null;
}

/** No line of a bundle is shorter. */
export const shortestLine = recordLineStart.length;

/** Where each line of a block ends: the place of its newline. Goes no further than the first line shorter than `shortest`. */
export function lineEnds(block: Uint8Array, shortest = 0): readonly number[] {
  const ends: number[] = [];
  let from = 0;
  for (let end = block.indexOf(newline); end >= 0; end = block.indexOf(newline, from)) {
    ends.push(end);
    if (end - from < shortest) break;
    from = end + 1;
  }
  return ends;
}

/** The canonical bytes of each record, in order. What stands in them is not verified. */
export async function* recordsOfBundle(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const block of bundleBlocks(file)) {
    if (block === null) return;
    let from = 0;
    for (const end of lineEnds(block)) {
      if (end - from > longestLine) return;
      if (isRecordLine(block, from)) yield block.subarray(from, end);
      from = end + 1;
    }
  }
}
