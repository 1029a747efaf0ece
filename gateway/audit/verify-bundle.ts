// Verifies a bundle (AUD-5, docs/audit-format.md) with nothing but the file and the keys that its reader trusts: places,
// hashes, tree, checkpoints, cosignatures, signatures and their standing. Names the first record that is wrong.
// Used by `countersign audit verify BUNDLE` and by whoever keeps or opens an archive. Pure; one walk, bounded memory.

import { type BlockReaders, type BundleBlock, blocksOf, lineKinds, numbersALine, readHere } from './bundle-block.ts';
import { type BundleHeader, type BundleLine, parseBundleLine } from './bundle-lines.ts';
import { BundleOrder, type OrderedRecord } from './bundle-order.ts';
import { BundleRun } from './bundle-run.ts';
import { BundleTree } from './bundle-tree.ts';
import { BundleTrustWalk, type TrustedKeys, type Vouched } from './bundle-trust.ts';
import { hashBytes, sameHash } from './merkle.ts';
import { notARecord, parseRecord, sound } from './parsed-record.ts';
import { formatTime, projectionOf } from './record.ts';
import { type BadRecord, misplaced } from './verify.ts';
import { RecordChecks, type RecordCounts } from './verify-records.ts';

export type BundleVerification = {
  readonly bad: BadRecord | null;
  readonly header: BundleHeader | null;
  /** Records met, whose bytes and place were checked; those that the bundle leaves out, and in how many stretches. */
  readonly records: number;
  readonly leftOut: number;
  readonly gaps: number;
  /** Times of the first and the last record in it. */
  readonly from: string | null;
  readonly to: string | null;
  /** Size of the log that the last checkpoint is over, and its root. */
  readonly size: number;
  readonly root: Uint8Array;
  readonly checkpoints: number;
  readonly counts: RecordCounts;
  /** Who of those trusted vouches for how many records, from 0. */
  readonly vouched: Vouched;
};

/** Takes a bundle block by block; answers the first trouble, then takes no more. */
export class BundleWalk {
  readonly #checks = new RecordChecks();
  readonly #trust: BundleTrustWalk;
  readonly #tree = new BundleTree();
  readonly #order = new BundleOrder();
  readonly #run = new BundleRun();
  /** The tree as it was before the run. */
  #beforeRun = new BundleTree();
  /** The tree of the leaf hashes that the file states, from the first that differs on: it shows which side is true. */
  #stated: BundleTree | null = null;
  #firstOdd: number | null = null;
  /** Trouble with a record, until the hashes behind it tell whether one before it was altered. */
  #suspect: BadRecord | null = null;
  /** Whether the suspect does not stand in its place, so that those behind it have none. */
  #displaced = false;
  #header: BundleHeader | null = null;
  #lines = 0;
  #records = 0;
  #gaps = 0;
  #leftOut = 0;
  #checkpoints = 0;
  #provenSize = 0;
  /** That of the newest checkpoint. */
  #origin = '';
  /** Of the first and the last record, µs. */
  #fromUs: number | null = null;
  #toUs: number | null = null;

  constructor(trust: TrustedKeys) {
    this.#trust = new BundleTrustWalk(trust);
  }

  async take(block: BundleBlock): Promise<BadRecord | null> {
    let from = 0;
    for (const [line, end] of block.ends.entries()) {
      const found = this.#takeLine(block, line, from, end);
      const bad = found instanceof Promise ? await found : found;
      if (bad !== null) return bad;
      from = end + 1;
    }
    return null;
  }

  /** For a line that no bundle has: too long, or cut off. */
  overlong(): BadRecord {
    return this.#suspect ?? this.#bad('the file was cut off within a line, or has one longer than any record');
  }

  /** After the last line. */
  end(): BadRecord | null {
    if (this.#suspect !== null) return this.#suspect;
    const { size } = this.#tree;
    if (this.#header === null) return this.#bad('the file is empty');
    if (this.#provenSize !== size || size === 0)
      return this.#bad('the file ends without a checkpoint: it was cut off here');
    if (this.#header.size !== size)
      return {
        seq: size,
        through: this.#header.size - 1,
        why: `missing: the file was cut off after ${size} records of the log, its beginning says that there were ${this.#header.size}`,
      };
    if (this.#header.origin !== this.#origin)
      return this.#bad(`the file’s beginning names the log ${this.#header.origin}, its checkpoints ${this.#origin}`, 0);
    return this.#trust.end(size);
  }

  report(bad: BadRecord | null): BundleVerification {
    return {
      bad,
      header: this.#header,
      records: this.#records,
      leftOut: this.#leftOut,
      gaps: this.#gaps,
      from: this.#fromUs === null ? null : formatTime(this.#fromUs),
      to: this.#toUs === null ? null : formatTime(this.#toUs),
      size: this.#tree.size,
      root: this.#tree.root(),
      checkpoints: this.#checkpoints,
      counts: this.#checks.counts,
      vouched: this.#trust.vouched,
    };
  }

  #bad(why: string, seq = this.#tree.size): BadRecord {
    return { seq, why };
  }

  #takeLine(block: BundleBlock, line: number, from: number, end: number): BadRecord | null | Promise<BadRecord | null> {
    this.#lines += 1;
    const kind = block.kinds[line];
    if (kind === lineKinds.overlong) return this.overlong();
    if (kind !== lineKinds.other && this.#lines > 1) return this.#takeRecord(block, line, from, end);
    const parsed = parseBundleLine(block.bytes.subarray(from, end));
    if (parsed === null) return this.#suspect ?? this.#bad(`line ${this.#lines} of the file is no line of a bundle`);
    return this.#takeParsed(parsed);
  }

  #takeParsed(line: BundleLine): BadRecord | null {
    if (this.#suspect !== null && !('leaves' in line)) return this.#suspect;
    if ('bundle' in line) {
      if (this.#header !== null) return this.#bad('a second beginning of a bundle stands in the file');
      this.#header = line.bundle as BundleHeader;
      return null;
    }
    if (this.#header === null) return this.#bad('the file does not begin as a bundle');
    if ('gap' in line) return this.#takeGap(line.gap);
    if ('leaves' in line) return this.#takeLeaves(line.leaves);
    return this.#takeCheckpoint(line.checkpoint);
  }

  #takeRecord(
    block: BundleBlock,
    line: number,
    from: number,
    end: number,
  ): BadRecord | null | Promise<BadRecord | null> {
    const seq = this.#tree.size;
    if (this.#displaced) return null;
    if (this.#header === null) return this.#bad('the file does not begin as a bundle');
    const said = recordAt(block, line);
    const read = block.kinds[line] !== lineKinds.noRecord;
    if (read && said.seq !== seq) {
      this.#displaced = true;
      return this.#wrong(seq, misplaced(said.seq, seq));
    }
    const leaf = block.leaves.subarray(line * hashBytes, (line + 1) * hashBytes);
    if (!this.#run.push(leaf)) return this.#suspect ?? this.#closeRun();
    this.#tree.append(leaf);
    if (!read) return this.#wrong(seq, notARecord);
    this.#records += 1;
    if (this.#suspect !== null) return null;
    const matters = block.kinds[line] === lineKinds.recordThatMatters;
    const record = matters ? parseRecord(block.bytes.subarray(from, end)) : null;
    if (typeof record === 'string') return this.#wrong(seq, record);
    const why =
      this.#order.check(said) ??
      (record === null ? this.#trust.takePlain(seq, said.commit) : sound(() => this.#trust.take(record)));
    if (why !== null) return this.#wrong(seq, why);
    this.#order.learn(said, record !== null && projectionOf(record) !== null);
    this.#fromUs ??= said.timeUs;
    this.#toUs = said.timeUs;
    if (this.#trust.knownSize === this.#tree.size && !this.#trust.meetKnown(this.#tree.root()))
      return this.#blame(this.#tree.root(), 'the checkpoint given');
    // What follows a record that was replaced is judged by the tree alone.
    if (this.#firstOdd !== null) return null;
    if (record === null) return null;
    const checked = sound(() => this.#checks.take(record));
    return checked instanceof Promise ? checked.then((found) => this.#judged(seq, found)) : this.#judged(seq, checked);
  }

  #judged(seq: number, why: string | null): BadRecord | null {
    return why === null
      ? null
      : this.#wrong(seq, this.#gaps > 0 ? `${why} (or the bundle leaves out what it stands on)` : why);
  }

  /** Of two troubles the earlier one counts, so the hashes of the records before are looked at first. */
  #wrong(seq: number, why: string): BadRecord | null {
    if (this.#firstOdd !== null) return this.#bad(replaced, this.#firstOdd);
    this.#suspect ??= this.#bad(why, seq);
    return null;
  }

  #takeGap({ hashes, to }: { readonly hashes: readonly string[]; readonly to: number }): BadRecord | null {
    const trouble = this.#closeRun();
    if (trouble !== null) return trouble;
    const from = this.#tree.size;
    if (from === 0) return this.#bad('it is left out, and it names the key that the log was opened with');
    const roots = hashes.map((hash) => Buffer.from(hash, 'base64'));
    if (!this.#tree.appendGap(to, roots))
      return this.#bad(`line ${this.#lines} of the file does not cover the records that it says are left out`);
    this.#stated?.appendGap(to, roots);
    this.#beforeRun = this.#tree.copy();
    this.#gaps += 1;
    this.#leftOut += to - from;
    this.#order.gap();
    return null;
  }

  #takeLeaves({ from, hashes }: { readonly from: number; readonly hashes: string }): BadRecord | null {
    const first = this.#tree.size - this.#run.length;
    const stated = Buffer.from(hashes, 'base64');
    const fits = from === first && stated.toString('base64') === hashes;
    const expected = this.#run.length * hashBytes;
    if (this.#suspect !== null) {
      const odd = fits && stated.length >= expected ? this.#run.firstOdd(stated) : -1;
      return odd >= 0 && first + odd < this.#suspect.seq ? this.#bad(replaced, first + odd) : this.#suspect;
    }
    if (!fits || stated.length !== expected || expected === 0)
      return this.#bad(`line ${this.#lines} of the file does not hold the hashes of the records before it`);
    const odd = this.#run.firstOdd(stated);
    if (odd >= 0 && this.#firstOdd === null) {
      this.#firstOdd = first + odd;
      this.#stated = this.#beforeRun.copy();
    }
    for (let at = 0; this.#stated !== null && at < expected; at += hashBytes)
      this.#stated.append(stated.subarray(at, at + hashBytes));
    this.#run.clear();
    this.#beforeRun = this.#tree.copy();
    return null;
  }

  /** Records without a line of their hashes before a gap or a checkpoint, or too many of them: the line was taken out. */
  #closeRun(): BadRecord | null {
    return this.#run.length === 0
      ? null
      : this.#bad(`the line with the hashes of the records up to ${this.#tree.size - 1} is missing`);
  }

  #takeCheckpoint(note: string): BadRecord | null {
    const trouble = this.#closeRun();
    if (trouble !== null) return trouble;
    const { size } = this.#tree;
    const opened = this.#trust.open(note, size);
    if (typeof opened === 'string')
      return this.#bad(`the checkpoint over ${size} records does not stand: ${opened}`, Math.max(size - 1, 0));
    if (!sameHash(opened.root, this.#tree.root())) return this.#blame(opened.root);
    if (this.#firstOdd !== null)
      return this.#bad('its hash in the list behind it was changed; the record itself is as it was', this.#firstOdd);
    this.#checkpoints += 1;
    this.#provenSize = size;
    this.#origin = opened.origin;
    this.#trust.accept(note, size);
    return null;
  }

  /** The root is not what was signed: the stated hashes tell which record was replaced, where they are the true ones. */
  #blame(signed: Uint8Array, by = 'the checkpoint'): BadRecord {
    const { size } = this.#tree;
    if (this.#firstOdd !== null && this.#stated !== null && sameHash(this.#stated.root(), signed))
      return this.#bad(replaced, this.#firstOdd);
    const first = Math.min(this.#firstOdd ?? this.#provenSize, this.#provenSize);
    return {
      seq: first,
      through: size - 1,
      why: `not what was recorded: the tree over the records up to ${size - 1} is not the one that ${by} was signed for`,
    };
  }
}

function recordAt({ numbers }: BundleBlock, line: number): OrderedRecord {
  const at = line * numbersALine;
  return {
    seq: numbers[at] ?? Number.NaN,
    timeUs: numbers[at + 1] ?? Number.NaN,
    commit: numbers[at + 2] ?? Number.NaN,
    standing: numbers[at + 3] ?? Number.NaN,
  };
}

const replaced = 'not what was recorded: its bytes are not those that the log’s tree holds';

/** The whole file, in any pieces. `readers`: who does the reading of blocks, where it is not to be this thread. */
export async function verifyBundle(
  file: AsyncIterable<Uint8Array>,
  trust: TrustedKeys,
  readers: BlockReaders = readHere(),
): Promise<BundleVerification> {
  const walk = new BundleWalk(trust);
  return walk.report(await firstTrouble(walk, blocksOf(file, readers)));
}

async function firstTrouble(walk: BundleWalk, blocks: AsyncIterable<BundleBlock | null>): Promise<BadRecord | null> {
  for await (const block of blocks) {
    const bad = block === null ? walk.overlong() : await walk.take(block);
    if (bad !== null) return bad;
  }
  return walk.end();
}
