// The next commit of the log as it grows (AUD-3): waiting drafts get their number, time, salt, bytes and tree nodes as they
// come, while the commit before is still under way in the database. Pure; held by the writer, ended by postgres-commit.ts.
import { randomFillSync } from 'node:crypto';
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import type { Now, StateChange } from '../identity/ports.ts';
import { signCheckpoint } from './checkpoint.ts';
import { appendLeaf, rootOf, type Tree } from './merkle.ts';
import { type MadeRecord, makeRecord, projectionOf } from './record.ts';
import type { NoteSigner } from './signed-note.ts';

/**
 * Records in one transaction. With more waiting than that one commit is made while another is written, which gains more
 * than sharing its flush with still more; a thousand would also hold up the event loop for tens of milliseconds.
 */
export const mostRecords = 250;
/** Canonical bytes in one transaction; what goes beyond waits for the next. */
const mostBytes = 4 * 1024 * 1024;
const saltBytes = 16;

/** With this record the log's key changes: from its own checkpoint on, `next` signs. It has a commit to itself. */
export type HandOver = {
  readonly next: NoteSigner;
  /** The key before it, where it signs that checkpoint too. */
  readonly former: NoteSigner | undefined;
};

export type Waiting = {
  readonly draft: RecordDraft;
  readonly change: StateChange | undefined;
  readonly handOver?: HandOver;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
};

/** Where the log ends. */
export type Head = {
  readonly tree: Tree;
  /** Time of the last record, µs. */
  readonly timeUs: number;
  /** Newest record that a projection stands on. */
  readonly standing: number | null;
  /** The last commit's signed checkpoint; null for an empty log. */
  readonly note: string | null;
};

export type Entry = { readonly waiting: Waiting; readonly made: MadeRecord; readonly hashes: Buffer };

export class CommitInMaking {
  /** Where the log ends before it: it is worth nothing on any other head. */
  readonly before: Head;
  readonly #now: Now;
  readonly #entries: Entry[] = [];
  #tree: Tree;
  #timeUs: number;
  #standing: number | null;
  #bytes = 0;

  constructor(before: Head, now: Now) {
    this.before = before;
    this.#now = now;
    this.#tree = before.tree;
    this.#timeUs = before.timeUs;
    this.#standing = before.standing;
  }

  /** In the order of their numbers. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get isFull(): boolean {
    return this.#entries.length >= mostRecords || this.#bytes > mostBytes;
  }

  /** The record as it would be the next one; take() makes it that. Throws as makeRecord does. */
  place(draft: RecordDraft): MadeRecord {
    const clockUs = Math.round(this.#now() * 1000);
    const behindUs = this.#timeUs - clockUs;
    return makeRecord(draft, {
      seq: this.#tree.size,
      timeUs: behindUs > 0 ? this.#timeUs + 1 : clockUs,
      salt: newSalt(),
      chain: { commit: this.before.tree.size, standing: this.#standing },
      // Less than the clock's own step is no step back: records of one millisecond that follow a corrected one.
      clockBehindUs: behindUs > 1000 ? behindUs : 0,
    });
  }

  /** `made` is what place() gave last. */
  take(waiting: Waiting, made: MadeRecord): void {
    const grown = appendLeaf(this.#tree, made.leaf);
    this.#entries.push({ waiting, made, hashes: Buffer.concat(grown.completed) });
    this.#tree = grown.tree;
    this.#timeUs = made.timeUs;
    if (projectionOf(waiting.draft) !== null) this.#standing = made.columns.seq;
    this.#bytes += made.bytes.length;
  }

  /** The log's end once it stands, its checkpoint signed. */
  end(signer: NoteSigner, former?: NoteSigner): Head & { readonly note: string } {
    const note = signCheckpoint(this.#tree.size, rootOf(this.#tree), signer, former);
    return { tree: this.#tree, timeUs: this.#timeUs, standing: this.#standing, note };
  }
}

const salts = Buffer.alloc(saltBytes * 256);
let nextSalt = salts.length;

/** base64url of 16 random bytes, each used once; asked of the system 256 at a time. */
function newSalt(): string {
  if (nextSalt === salts.length) {
    randomFillSync(salts);
    nextSalt = 0;
  }
  nextSalt += saltBytes;
  return salts.toString('base64url', nextSalt - saltBytes, nextSalt);
}
