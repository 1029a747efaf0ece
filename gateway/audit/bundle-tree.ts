// The Merkle tree of a bundle: RFC 6962's, grown by single records and by whole subtrees in the place of records that were
// left out. Used by the writer (which subtrees cover a gap) and by every verifier of bundles. Pure; O(log n) memory.
import { type Hash, type NodeId, nodeHash, rootOf } from './merkle.ts';

/** The complete subtrees that cover leaves [from, to), in order: at each place the largest that begins there and ends in it. */
export function coveringNodes(from: number, to: number): readonly NodeId[] {
  const nodes: NodeId[] = [];
  let start = from;
  while (start < to) {
    let level = 0;
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= to) level += 1;
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

export class BundleTree {
  #size = 0;
  /** Roots of the complete subtrees, largest first. */
  readonly #peaks: Hash[];

  constructor(size = 0, peaks: readonly Hash[] = []) {
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  copy(): BundleTree {
    return new BundleTree(this.#size, this.#peaks);
  }

  /** Appends a complete subtree of 2^level leaves; the size must be a multiple of that. */
  append(root: Hash, level = 0): void {
    let node = root;
    for (let rest = Math.floor(this.#size / 2 ** level); rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new RangeError('a subtree stands where none can begin');
      node = nodeHash(left, node);
    }
    this.#peaks.push(node);
    this.#size += 2 ** level;
  }

  /** Appends what stands for records that were left out. False where `hashes` are not as many as [size, to) needs. */
  appendGap(to: number, hashes: readonly Hash[]): boolean {
    const nodes = coveringNodes(this.#size, to);
    if (to <= this.#size || nodes.length !== hashes.length) return false;
    for (const [place, { level }] of nodes.entries()) {
      const hash = hashes[place];
      if (hash !== undefined) this.append(hash, level);
    }
    return true;
  }

  root(): Hash {
    return rootOf({ size: this.#size, peaks: this.#peaks });
  }
}
