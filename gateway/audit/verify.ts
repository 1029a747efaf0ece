// Verifies a whole log from its rows (AUD-5): every leaf from the canonical bytes, every column against the bytes, every
// node, number, order and checkpoint. Names the first record that is wrong. Pure but for the rows it is given to walk;
// called by `countersign audit verify` and tests. Trust comes from the key given to it, never from the rows.
import { LogKeys, type Reopening } from './log-keys.ts';
import { appendLeaf, emptyTree, type Hash, hashBytes, leafHash, rootOf, sameHash, type Tree } from './merkle.ts';
import { type ParsedRecord, parseRecord, sound } from './parsed-record.ts';
import { columnsOf, timeOfRecord } from './record.ts';
import type { NoteVerifier } from './signed-note.ts';
import { StandingRecords } from './standing.ts';

/** A row as it stands in the database. Anything may be in it: whoever verifies does not trust the database. */
export type StoredRow = {
  readonly seq: number | null;
  /** RFC 3339 in UTC, six digits, or whatever the column says instead. */
  readonly time: string | null;
  readonly kind: string | null;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly terminal: string | null;
  readonly command: string | null;
  readonly projection: string | null;
  readonly hashes: Uint8Array | null;
  readonly body: Uint8Array | null;
  readonly checkpoint: string | null;
  /** Only the hashes are left: the record was archived (AUD-7). */
  readonly archived?: true;
};

/** `through`: where only a stretch can be named (one commit), its last record. */
export type BadRecord = { readonly seq: number; readonly through?: number; readonly why: string };

export type Verification = {
  readonly bad: BadRecord | null;
  /** Records found good, from 0; with those that were archived, of which only the hashes are looked at. */
  readonly records: number;
  readonly archived: number;
  readonly checkpoints: number;
  /** Signatures whose JWS was checked. */
  readonly signatures: number;
  readonly root: Hash;
  /** Where the log was opened anew after records were lost (OPS-6). */
  readonly reopenings: readonly Reopening[];
  /** The log's own word on accounts and terminals, for the check of their tables; meaningful where `bad` is null. */
  readonly standing: StandingRecords;
};

export type VerifyOptions = {
  /** Null: checkpoints are compared with the tree, but nobody vouches for them. */
  readonly verifier: NoteVerifier | null;
  /** The checkpoint kept outside the database, read before the rows were. */
  readonly kept: { readonly size: number; readonly root: Hash } | null;
  /** Says why a record's signature does not stand; null where it does. Called for each record, in order. */
  readonly checkSignature?: (record: ParsedRecord) => string | null | Promise<string | null>;
};

export async function verifyLog(rows: AsyncIterable<StoredRow>, options: VerifyOptions): Promise<Verification> {
  const walk = new Walk(options);
  const { checkSignature } = options;
  let bad: BadRecord | null = null;
  for await (const row of rows) {
    bad = walk.take(row);
    const { latest } = walk;
    if (bad === null && latest !== null && checkSignature !== undefined) {
      const why = await sound(() => checkSignature(latest));
      if (why !== null) bad = { seq: latest.seq, why };
      else if (latest.signature !== undefined) walk.signatures += 1;
    }
    if (bad !== null) break;
  }
  bad ??= walk.end();
  return {
    bad,
    records: bad === null ? walk.size : Math.min(bad.seq, walk.size),
    archived: walk.archived,
    checkpoints: walk.checkpoints,
    signatures: walk.signatures,
    root: rootOf(walk.tree),
    reopenings: walk.keys.reopenings,
    standing: walk.standing,
  };
}

class Walk {
  readonly #options: VerifyOptions;
  readonly standing = new StandingRecords();
  readonly keys: LogKeys;
  tree: Tree = emptyTree;
  archived = 0;
  checkpoints = 0;
  signatures = 0;
  latest: ParsedRecord | null = null;
  /** Last archived record met, and the last that a record of the log says was archived. */
  #lastArchived = -1;
  #archivedThrough = -1;
  /** Behind archived records it is not known where a commit began. */
  #commitKnown = true;
  /** First record of the commit that is being walked; the row before the present one and whether it ended a commit. */
  #commit = 0;
  #endedCommit = true;
  #timeUs = 0;
  /** The first stored node of this commit that is not what the records give. */
  #oddNode: { readonly seq: number; readonly level: number } | null = null;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.keys = new LogKeys(options.verifier);
  }

  get size(): number {
    return this.tree.size;
  }

  take(row: StoredRow): BadRecord | null {
    const seq = this.tree.size;
    const found = sound(() => this.#takeRow(row, seq));
    return typeof found === 'string' ? { seq, why: found } : found;
  }

  #takeRow(row: StoredRow, seq: number): BadRecord | null {
    this.latest = null;
    if (row.seq !== seq) return { seq, why: misplaced(row.seq, seq) };
    if (row.archived === true && row.hashes !== null) return this.#takeArchived(seq, row.hashes);
    if (row.body === null || row.hashes === null) return { seq, why: 'its bytes are missing' };
    const leaf = leafHash(row.body);
    const stored = row.hashes.subarray(0, hashBytes);
    if (!sameHash(stored, leaf)) return { seq, why: 'its bytes or its leaf hash were changed: they do not match' };
    const record = parseRecord(row.body);
    if (typeof record === 'string') return { seq, why: record };
    const why = differingColumn(row, record) ?? this.#outOfOrder(record, seq);
    if (why !== null) return { seq, why };
    const chain = this.#checkChain(record, seq);
    if (chain !== null) return chain;
    const odd = this.keys.take(record);
    if (odd !== null) return { seq, why: odd };
    const nodes = this.#grow(seq, leaf, row.hashes);
    if (nodes !== null) return nodes;
    this.#timeUs = timeOfRecord(record.time);
    this.standing.take(record);
    this.latest = record;
    if (record.kind === 'archive.written') this.#archivedThrough = Math.max(this.#archivedThrough, throughOf(record));
    this.#endedCommit = row.checkpoint !== null;
    const bad = row.checkpoint === null ? null : this.#checkCheckpoint(row.checkpoint, seq);
    return bad ?? this.#checkKept(seq);
  }

  #grow(seq: number, leaf: Hash, stored: Uint8Array): BadRecord | null {
    const grown = appendLeaf(this.tree, leaf);
    if (stored.length !== grown.completed.length * hashBytes)
      return { seq, why: 'its tree nodes were changed: their number is wrong' };
    for (const [level, hash] of grown.completed.entries()) {
      const kept = stored.subarray(level * hashBytes, (level + 1) * hashBytes);
      if (this.#oddNode === null && !sameHash(kept, hash)) this.#oddNode = { seq, level };
    }
    this.tree = grown.tree;
    return null;
  }

  #takeArchived(seq: number, hashes: Uint8Array): BadRecord | null {
    const nodes = this.#grow(seq, hashes.subarray(0, hashBytes), hashes);
    if (nodes !== null) return nodes;
    this.archived += 1;
    this.#lastArchived = seq;
    this.#commitKnown = false;
    return this.#checkKept(seq);
  }

  /** What is missing after the last row. */
  end(): BadRecord | null {
    const { kept } = this.#options;
    if (this.#lastArchived > this.#archivedThrough)
      return { seq: this.#lastArchived, why: 'its bytes are missing, and no record says that it was archived' };
    if (kept !== null && kept.size > this.size) {
      return {
        seq: this.size,
        through: kept.size - 1,
        why: `missing: the log was cut off after ${this.size} records, the checkpoint file proves that there were ${kept.size}`,
      };
    }
    if (this.size === 0 && this.#options.verifier !== null) {
      return { seq: 0, why: 'missing: the log is empty, and every log with a key begins with a record' };
    }
    if (!this.#endedCommit) {
      return {
        seq: this.size - 1,
        why: 'the log ends here without a checkpoint: it was removed, or the records after it were cut off',
      };
    }
    return this.keys.unvouched();
  }

  #outOfOrder(record: ParsedRecord, seq: number): string | null {
    if (record.seq !== seq) return `it was put here from place ${record.seq}`;
    const timeUs = timeOfRecord(record.time);
    if (Number.isNaN(timeUs)) return 'its time is none';
    if (timeUs < this.#timeUs) return 'its time is before that of the record before it';
    return null;
  }

  #checkChain(record: ParsedRecord, seq: number): BadRecord | null {
    if (record.chain === undefined) return { seq, why: 'it does not name the commit it belongs to' };
    const { commit, standing } = record.chain;
    if (!this.#commitKnown && commit <= seq) {
      this.#commit = commit;
      this.#commitKnown = true;
    } else if (commit === seq) {
      if (!this.#endedCommit) return { seq: seq - 1, why: 'its checkpoint was removed' };
      this.#commit = seq;
    } else if (commit !== this.#commit)
      return { seq, why: `it names ${commit} as the first record of its commit, which is ${this.#commit}` };
    else if (this.#endedCommit) return { seq: seq - 1, why: 'it carries a checkpoint where the log wrote none' };
    if (standing !== this.standing.newest)
      return { seq, why: 'it names another record as the last that an account or terminal stands on' };
    return null;
  }

  #checkCheckpoint(note: string, seq: number): BadRecord | null {
    const opened = this.keys.open(note);
    if (!opened.ok) return { seq, why: `its checkpoint does not stand: ${opened.why}` };
    if (opened.checkpoint.size !== seq + 1)
      return { seq, why: `its checkpoint is that of ${opened.checkpoint.size} records` };
    if (!sameHash(opened.checkpoint.root, rootOf(this.tree))) return this.#blame(seq, 'its checkpoint');
    if (this.#oddNode !== null) {
      return { seq: this.#oddNode.seq, why: `its tree node of level ${this.#oddNode.level} was changed` };
    }
    this.checkpoints += 1;
    return null;
  }

  #checkKept(seq: number): BadRecord | null {
    const { kept } = this.#options;
    if (kept?.size !== seq + 1 || sameHash(kept.root, rootOf(this.tree))) return null;
    return this.#blame(seq, 'the checkpoint file');
  }

  /**
   * The root is not what was signed, so a record of this commit was replaced together with its own hash. The lowest node
   * that still tells of the former records narrows it down; a commit of one record is exact.
   */
  #blame(last: number, by: string): BadRecord {
    const odd = this.#oddNode;
    const first = odd === null ? this.#commit : Math.max(this.#commit, odd.seq + 1 - 2 ** odd.level);
    const through = odd === null ? last : Math.min(last, odd.seq);
    const why = `not what was recorded: the tree over the records up to ${last} is not the one that ${by} was signed for`;
    return first === through ? { seq: first, why } : { seq: first, through, why };
  }
}

/** The last record of the range that an `archive.written` says is in its bundle. */
function throughOf(record: ParsedRecord): number {
  const { through } = record.detail ?? {};
  return typeof through === 'number' ? through : -1;
}

export function misplaced(found: number | null, expected: number): string {
  if (found === null) return 'a row without a number stands in its place';
  if (found > expected) return `missing: it was removed (the next record found is ${found})`;
  if (found < 0) return `a row was inserted under the number ${found}`;
  return `a second row with the number ${found} was inserted`;
}

function differingColumn(row: StoredRow, record: ParsedRecord): string | null {
  const expected = columnsOf(record);
  for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
    if (name !== 'seq' && row[name] !== expected[name])
      return `its column '${name}' was changed: it is not what the bytes say`;
  }
  return null;
}
