// A bundle's bytes as lines, and the records in it (AUD-5, AUD-7): for the verifier, and for whoever opens an archived
// bundle again to search it. Bounded memory: one line at a time. Proves nothing; verify-bundle.ts does.
import { recordLineStart } from './bundle-lines.ts';
import { maximumRecordBytes } from './record.ts';

/** No line is longer: a record, or a line of the file's own, which are all shorter. */
const longestLine = maximumRecordBytes + 1024;
const newline = 0x0a;
const start = Buffer.from(recordLineStart);

export function isRecordLine(line: Uint8Array): boolean {
  for (let index = 0; index < start.length; index += 1) if (line[index] !== start[index]) return false;
  return true;
}

/**
 * Lines without their newline, as many at once as a piece of the file holds; null, as the last of all, for one that is too
 * long or has no newline. What is yielded lasts until the next is asked for.
 */
export async function* bundleLines(file: AsyncIterable<Uint8Array>): AsyncGenerator<readonly (Uint8Array | null)[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of file) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let end = all.indexOf(newline); end >= 0; end = all.indexOf(newline, from)) {
      if (end - from > longestLine) {
        yield [...lines, null];
        return;
      }
      lines.push(all.subarray(from, end));
      from = end + 1;
    }
    if (lines.length > 0) yield lines;
    rest = all.subarray(from);
    if (rest.length > longestLine) break;
  }
  if (rest.length > 0) yield [null];
}

/** The canonical bytes of each record, in order. What stands in them is not verified. */
export async function* recordsOfBundle(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const lines of bundleLines(file))
    for (const line of lines) if (line !== null && isRecordLine(line)) yield line;
}
