// Whom a bundle's reader trusts, and how far they vouch for it (AUD-5): the log's key with the keys that it handed over
// to, the witnesses, a checkpoint known from elsewhere. Trust comes from here alone, never from the file. Used by
// verify-bundle.ts. Pure.
import type { Checkpoint } from './checkpoint.ts';
import { openCosignatures, type WitnessKey } from './cosignature.ts';
import { type KeyRecord, LogKeys } from './log-keys.ts';
import { type Hash, sameHash } from './merkle.ts';
import { type NoteVerifier, splitNote } from './signed-note.ts';
import type { BadRecord } from './verify.ts';

export type TrustedKeys = {
  /** Null: nobody vouches for the log's own signature. */
  readonly log: NoteVerifier | null;
  readonly witnesses: readonly WitnessKey[];
  /** How many of the witnesses must have cosigned; at most as many as there are. */
  readonly quorum: number;
  /** A checkpoint kept elsewhere, opened by its keys: the bundle must hold this state of the log. */
  readonly known: Checkpoint | null;
};
export const trustNobody: TrustedKeys = { log: null, witnesses: [], quorum: 0, known: null };

/** `size`: of the newest checkpoint in the bundle that the witness cosigned; `timeS`: when, s since the epoch. */
export type WitnessWord = { readonly witness: string; readonly size: number; readonly timeS: number };
export type Vouched = {
  /** Whether the log's key that is trusted, or one that it handed over to, signed the last checkpoint. */
  readonly byLog: boolean;
  readonly byWitnesses: readonly WitnessWord[];
  /** Whether the checkpoint known from elsewhere was met: not where it lies among records that are left out. */
  readonly knownMet: boolean;
};

export class BundleTrustWalk {
  readonly #trust: TrustedKeys;
  readonly #keys: LogKeys;
  readonly #words = new Map<string, WitnessWord>();
  #knownMet = false;

  constructor(trust: TrustedKeys) {
    this.#trust = trust;
    this.#keys = new LogKeys(trust.log);
  }

  get vouched(): Vouched {
    return {
      byLog: this.#trust.log !== null && this.#keys.unvouched() === null,
      byWitnesses: [...this.#words.values()],
      knownMet: this.#knownMet,
    };
  }

  /** The size at which meetKnown must be asked. */
  get knownSize(): number | null {
    return this.#trust.known?.size ?? null;
  }

  /** Each record: why one that names a key does not stand, or null. */
  take(record: KeyRecord): string | null {
    return this.#keys.take(record);
  }

  /** The same for a record that names no key, by its number and commit. */
  takePlain(seq: number, commit: number): string | null {
    return this.#keys.takePlain(seq, commit);
  }

  /** The checkpoint over `size` records, its log's signature checked; a text where it does not stand. */
  open(note: string, size: number): Checkpoint | string {
    const split = splitNote(note);
    if (typeof split === 'string') return split;
    const wrong = openCosignatures(note, this.#trust.witnesses).wrong[0];
    if (wrong !== undefined) return `its cosignature by ${wrong} is wrong`;
    const origin = split.text.slice(0, split.text.indexOf('\n'));
    const own = split.signatures.filter((line) => line.name === origin).map(({ line }) => line);
    const opened = this.#keys.open(`${split.text}\n${own.join('')}`);
    if (!opened.ok) return opened.why;
    return opened.checkpoint.size === size ? opened.checkpoint : `it is that of ${opened.checkpoint.size} records`;
  }

  /** A checkpoint whose root is the tree's. */
  accept(note: string, size: number): void {
    for (const { witness, timeS } of openCosignatures(note, this.#trust.witnesses).good)
      this.#words.set(witness, { witness, size, timeS });
  }

  /** Whether the tree is the one of the checkpoint known from elsewhere; asked where it has that size. */
  meetKnown(root: Hash): boolean {
    this.#knownMet = this.#trust.known !== null && sameHash(this.#trust.known.root, root);
    return this.#knownMet;
  }

  end(size: number): BadRecord | null {
    const { known } = this.#trust;
    if (known !== null && known.size > size)
      return {
        seq: size,
        through: known.size - 1,
        why: `missing: the bundle ends after ${size} records of the log, the checkpoint given proves that there were ${known.size}`,
      };
    return this.#keys.unvouched();
  }
}
