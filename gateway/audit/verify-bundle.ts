// Verifies a bundle (AUD-5, docs/audit-format.md) with nothing but the file and the keys that its reader trusts: places,
// hashes, tree, checkpoints, cosignatures, signatures and their standing. Names the first record that is wrong.
// Used by `countersign audit verify BUNDLE` and by whoever keeps or opens an archive. Pure; one walk, bounded memory.

import { bundleLines, isRecordLine } from './bundle-file.ts';
import { type BundleHeader, type BundleLine, parseBundleLine } from './bundle-lines.ts';
import { BundleTree } from './bundle-tree.ts';
import { BundleTrustWalk, type TrustedKeys, type Vouched } from './bundle-trust.ts';
import { hashBytes, leafHash, sameHash } from './merkle.ts';
import { projectionOf, timeOfRecord } from './record.ts';
import { type BadRecord, misplaced, type ParsedRecord, parseRecord } from './verify.ts';
import { RecordChecks, type RecordCounts } from './verify-records.ts';

export type BundleVerification = {
  readonly bad: BadRecord | null;
  readonly header: BundleHeader | null;
  /** Records found good; those that the bundle leaves out, and in how many stretches. */
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

/** Takes a bundle line by line (without their newlines); answers the first trouble, then takes no more. */
export class BundleWalk {
  readonly #checks = new RecordChecks();
  readonly #trust: BundleTrustWalk;
  readonly #tree = new BundleTree();
  /** The tree of the leaf hashes that the file states, from the first that differs on: it shows which side is true. */
  #stated: BundleTree | null = null;
  #firstOdd: number | null = null;
  /** Trouble with a record that stands in its place, until the hashes behind it tell whether one before it was altered. */
  #suspect: BadRecord | null = null;
  /** Leaf hashes since the last line of them, and the tree as it was before. */
  #run: Uint8Array[] = [];
  #beforeRun = new BundleTree();
  #header: BundleHeader | null = null;
  #lines = 0;
  #records = 0;
  #gaps = 0;
  #leftOut = 0;
  #checkpoints = 0;
  #provenSize = 0;
  /** That of the newest checkpoint. */
  #origin = '';
  #from: string | null = null;
  #latest: ParsedRecord | null = null;
  /** Of the record before, µs. */
  #timeUs = 0;
  #afterGap = false;
  #to: string | null = null;

  constructor(trust: TrustedKeys) {
    this.#trust = new BundleTrustWalk(trust);
  }

  take(line: Uint8Array): BadRecord | null | Promise<BadRecord | null> {
    this.#lines += 1;
    if (this.#lines > 1 && isRecordLine(line)) return this.#takeRecord(line);
    const parsed = parseBundleLine(line);
    if (parsed === null) return this.#bad(`line ${this.#lines} of the file is no line of a bundle`);
    return this.#takeLine(parsed);
  }

  /** For a line that no bundle has: too long, or cut off. */
  overlong(): BadRecord {
    return this.#bad('the file was cut off within a line, or has one longer than any record');
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
      from: this.#from,
      to: this.#to,
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

  #takeLine(line: BundleLine): BadRecord | null {
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

  #takeRecord(line: Uint8Array): BadRecord | null | Promise<BadRecord | null> {
    const seq = this.#tree.size;
    if (this.#header === null) return this.#bad('the file does not begin as a bundle');
    const record = parseRecord(line);
    if (typeof record === 'string') return this.#wrong(seq, record);
    if (record.seq !== seq) return this.#wrong(seq, misplaced(record.seq, seq));
    const why = this.#suspect === null ? sound(() => this.#outOfOrder(record, seq) ?? this.#trust.take(record)) : null;
    if (why !== null && this.#firstOdd !== null) return this.#wrong(seq, why);
    if (why !== null) this.#suspect = this.#bad(why, seq);
    const leaf = leafHash(line);
    this.#run.push(leaf);
    this.#tree.append(leaf);
    this.#records += 1;
    if (this.#suspect !== null) return null;
    this.#learn(record);
    if (this.#trust.knownSize === this.#tree.size && !this.#trust.meetKnown(this.#tree.root()))
      return this.#blame(this.#tree.root(), 'the checkpoint given');
    // What follows a record that was replaced is judged by the tree alone.
    if (this.#firstOdd !== null) return null;
    const checked = sound(() => this.#checks.take(record));
    return checked instanceof Promise ? checked.then((found) => this.#judged(seq, found)) : this.#judged(seq, checked);
  }

  #judged(seq: number, why: string | null): BadRecord | null {
    if (why !== null)
      this.#suspect = this.#bad(this.#gaps > 0 ? `${why} (or the bundle leaves out what it stands on)` : why, seq);
    return null;
  }

  /** A line in a record's place that is none, or is another's: the earlier trouble goes first. */
  #wrong(seq: number, why: string): BadRecord {
    return this.#firstOdd === null ? this.#bad(why) : this.#bad(replaced, Math.min(this.#firstOdd, seq));
  }

  #learn(record: ParsedRecord): void {
    this.#from ??= record.time;
    this.#to = record.time;
    this.#latest = record;
    this.#afterGap = false;
  }

  #outOfOrder(record: ParsedRecord, seq: number): string | null {
    const before = this.#latest;
    const timeUs = timeOfRecord(record.time);
    if (Number.isNaN(timeUs)) return 'its time is none';
    if (timeUs < this.#timeUs) return 'its time is before that of the record before it';
    this.#timeUs = timeUs;
    const { commit, standing } = record.chain ?? { commit: -1, standing: null };
    if (record.chain === undefined || !(commit >= 0 && commit <= seq))
      return 'it does not name the commit it belongs to';
    // Behind a gap a record may name one that was left out, and no other than what the record before the gap tells.
    const leftOut = (named: number | null) =>
      this.#afterGap && named !== null && named > (before?.seq ?? -1) && named < seq;
    if (commit !== seq && commit !== before?.chain?.commit && !leftOut(commit))
      return `it names ${commit} as the first record of its commit, which is ${before?.chain?.commit ?? seq}`;
    return standing === this.#standingBefore() || leftOut(standing)
      ? null
      : 'it names another record as the last that an account or terminal stands on';
  }

  /** What the next record must name, the one before it being in the bundle. */
  #standingBefore(): number | null {
    const before = this.#latest;
    if (before === null) return null;
    return projectionOf(before) === null ? (before.chain?.standing ?? null) : before.seq;
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
    this.#afterGap = true;
    return null;
  }

  #takeLeaves({ from, hashes }: { readonly from: number; readonly hashes: string }): BadRecord | null {
    const stated = Buffer.from(hashes, 'base64');
    const first = this.#tree.size - this.#run.length;
    if (from !== first || stated.length !== this.#run.length * hashBytes || stated.toString('base64') !== hashes)
      return (
        this.#suspect ?? this.#bad(`line ${this.#lines} of the file does not hold the hashes of the records before it`)
      );
    const leaves = this.#run.map((_, index) => stated.subarray(index * hashBytes, (index + 1) * hashBytes));
    const odd = leaves.findIndex((leaf, index) => !sameHash(leaf, this.#run[index] ?? leaf));
    if (this.#suspect !== null)
      return odd >= 0 && first + odd < this.#suspect.seq ? this.#bad(replaced, first + odd) : this.#suspect;
    if (odd >= 0 && this.#firstOdd === null) {
      this.#firstOdd = first + odd;
      this.#stated = this.#beforeRun.copy();
    }
    for (const leaf of leaves) this.#stated?.append(leaf);
    this.#run = [];
    this.#beforeRun = this.#tree.copy();
    return null;
  }

  /** Records without a line of their hashes before a gap or a checkpoint: the line was taken out. */
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

/** Bytes that are JSON and no record lack a member somewhere: that is the record's trouble, not the verifier's. */
function sound<Answer>(check: () => Answer): Answer | string {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return 'its bytes are not those of a record';
    throw error;
  }
}

const replaced = 'not what was recorded: its bytes are not those that the log’s tree holds';

/** The whole file. `lines` in any pieces. */
export async function verifyBundle(file: AsyncIterable<Uint8Array>, trust: TrustedKeys): Promise<BundleVerification> {
  const walk = new BundleWalk(trust);
  return walk.report(await firstTrouble(walk, file));
}

async function firstTrouble(walk: BundleWalk, file: AsyncIterable<Uint8Array>): Promise<BadRecord | null> {
  for await (const lines of bundleLines(file)) {
    for (const line of lines) {
      const found = line === null ? walk.overlong() : walk.take(line);
      const bad = found instanceof Promise ? await found : found;
      if (bad !== null) return bad;
    }
  }
  return walk.end();
}
