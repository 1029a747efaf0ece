// The leaf hashes of a bundle's records since the last line of them, side by side (AUD-5): held against the line of leaf
// hashes that follows. Used by verify-bundle.ts. Pure; never longer than the format allows.
import { leavesAtOnce } from './bundle-lines.ts';
import { type Hash, hashBytes } from './merkle.ts';

export class BundleRun {
  readonly #leaves = Buffer.alloc(leavesAtOnce * hashBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** False where there are as many as a line of leaf hashes may hold. */
  push(leaf: Hash): boolean {
    if (this.#length === leavesAtOnce) return false;
    this.#leaves.set(leaf, this.#length * hashBytes);
    this.#length += 1;
    return true;
  }

  clear(): void {
    this.#length = 0;
  }

  /** The place of the first that `stated` has otherwise; −1 where it has all of them so, whatever follows. */
  firstOdd(stated: Buffer): number {
    for (let place = 0; place < this.#length; place += 1) {
      const [from, to] = [place * hashBytes, (place + 1) * hashBytes];
      if (this.#leaves.compare(stated, from, to, from, to) !== 0) return place;
    }
    return -1;
  }

  /** Whether `stated`, in base64, is exactly these. */
  is(stated: string): boolean {
    return this.#leaves.toString('base64', 0, this.#length * hashBytes) === stated;
  }
}
