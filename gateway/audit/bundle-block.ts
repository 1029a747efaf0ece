// A block of a bundle's lines with what can be told of each by itself: which kind it is, and of a record its leaf hash, number,
// time and chain. It is most of a verification's work and needs no other line, so it may be done in any thread
// (worker-bundle-readers.ts). Pure. What lines say together is verify-bundle.ts's.
import { isUtf8 } from 'node:buffer';
import { bundleBlocks, isRecordLine, lineEnds, longestLine, shortestLine } from './bundle-file.ts';
import { hashBytes, leafHash } from './merkle.ts';
import { RecordLineReader } from './record-line.ts';

export const lineKinds = { other: 0, record: 1, recordThatMatters: 2, noRecord: 3, overlong: 4 } as const;

export type BundleBlock = {
  /** Whole lines; where one is shorter than any line of a bundle, `ends` and all else tell of none behind it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** By line: the place of its newline; its kind, one of lineKinds. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly kinds: Uint8Array<ArrayBuffer>;
  /** By line, for records: the leaf hash, 32 bytes; what record-line.ts reads, numbersALine numbers. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  readonly numbers: Float64Array<ArrayBuffer>;
};

/** seq, time in µs, chain.commit, chain.standing. */
export const numbersALine = 4;

/** Reads a block; `BlockReaders` that do it elsewhere answer the same. */
export type ReadBlock = (bytes: Uint8Array<ArrayBuffer>) => BundleBlock | Promise<BundleBlock>;
export type BlockReaders = {
  readonly read: ReadBlock;
  /** Blocks that may be asked for before the first of them is taken. */
  readonly atOnce: number;
};

export function blockReader(): (bytes: Uint8Array<ArrayBuffer>) => BundleBlock {
  const reader = new RecordLineReader();
  return (bytes) => {
    // Verification ends at a line that is none: what follows it, a megabyte of newlines say, would take memory for nothing.
    const ends = Uint32Array.from(lineEnds(bytes, shortestLine));
    const kinds = new Uint8Array(ends.length);
    const leaves = new Uint8Array(ends.length * hashBytes);
    const numbers = new Float64Array(ends.length * numbersALine);
    const allUtf8 = isUtf8(bytes);
    let from = 0;
    for (const [line, end] of ends.entries()) {
      const length = end - from;
      if (length > longestLine) kinds[line] = lineKinds.overlong;
      else if (isRecordLine(bytes, from)) {
        const found = allUtf8 || isUtf8(bytes.subarray(from, end)) ? reader.read(bytes, from, end) : null;
        kinds[line] = lineKinds.noRecord;
        if (found !== null) {
          kinds[line] = found.matters ? lineKinds.recordThatMatters : lineKinds.record;
          const at = line * numbersALine;
          numbers[at] = found.seq;
          numbers[at + 1] = found.timeUs;
          numbers[at + 2] = found.commit;
          numbers[at + 3] = found.standing;
        }
        leaves.set(leafHash(bytes.subarray(from, end)), line * hashBytes);
      }
      from = end + 1;
    }
    return { bytes, ends, kinds, leaves, numbers };
  };
}

/** All of it in this thread. */
export function readHere(): BlockReaders {
  return { read: blockReader(), atOnce: 1 };
}

/** A file's blocks in their order, whoever is done first; null, as the last, where bundleBlocks says so; as many are under way as the readers take at once. */
export async function* blocksOf(
  file: AsyncIterable<Uint8Array>,
  { read, atOnce }: BlockReaders,
): AsyncGenerator<BundleBlock | null> {
  const underWay: Promise<BundleBlock>[] = [];
  let whole = true;
  for await (const bytes of bundleBlocks(file)) {
    whole = bytes !== null;
    if (bytes === null) break;
    const asked = Promise.resolve(read(bytes));
    // Whoever stops at a trouble takes no more: a fault of theirs is nobody's then.
    asked.catch(() => {});
    underWay.push(asked);
    const first = underWay.length < atOnce ? undefined : underWay.shift();
    if (first !== undefined) yield await first;
  }
  for (const asked of underWay) yield await asked;
  if (!whole) yield null;
}
