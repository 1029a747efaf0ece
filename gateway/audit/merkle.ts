// The RFC 6962 Merkle tree of the audit log (AUD-3): hashes, growth, inclusion and consistency proofs.
// Pure; used by the writer (postgres-log.ts), the proofs that readers ask for and every verifier.
// Never stores anything: nodes come from the caller, by level and index.
import { hash } from 'node:crypto';

export type Hash = Uint8Array;
/** SHA-256 of nothing: the root of the empty tree (RFC 6962 §2.1). */
export const emptyRoot: Hash = sha256(new Uint8Array(0));
export const hashBytes = 32;

/** What is hashed is put together here, one after the other: a log of millions would make as many arrays. */
let leafInput = new Uint8Array(4096);
const nodeInput = Uint8Array.of(1, ...new Uint8Array(2 * hashBytes));

/** Leaf hash, SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Hash {
  if (leafInput.length <= entry.length) leafInput = new Uint8Array(2 * entry.length);
  leafInput.set(entry, 1);
  return sha256(leafInput.subarray(0, entry.length + 1));
}

/** Interior node, SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  // What is shorter than a hash comes from a forged proof; nothing of the node before may complete it.
  if (left.length + right.length !== 2 * hashBytes) nodeInput.fill(0, 1);
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return sha256(nodeInput);
}

/** By way of a string of one-byte characters: Node.js makes a Buffer of its own three times as slowly as that. */
function sha256(bytes: Uint8Array): Hash {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** The tree's right edge: roots of its complete subtrees, largest first, one for each 1 bit of `size`. */
export type Tree = { readonly size: number; readonly peaks: readonly Hash[] };
export const emptyTree: Tree = { size: 0, peaks: [] };

/**
 * Appends a leaf. `completed` holds the leaf and every subtree root that it completes, by level from 0: what is stored
 * with the record (see nodePlace). Amortised two hashes a leaf.
 */
export function appendLeaf(tree: Tree, leaf: Hash): { readonly tree: Tree; readonly completed: readonly Hash[] } {
  const peaks = [...tree.peaks];
  const completed: Hash[] = [leaf];
  let node = leaf;
  for (let rest = tree.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = peaks.pop();
    if (left === undefined) throw new RangeError('tree has fewer peaks than its size needs');
    node = nodeHash(left, node);
    completed.push(node);
  }
  peaks.push(node);
  return { tree: { size: tree.size + 1, peaks }, completed };
}

export function rootOf(tree: Tree): Hash {
  let root: Hash | undefined;
  for (const peak of tree.peaks.toReversed()) root = root === undefined ? peak : nodeHash(peak, root);
  return root ?? emptyRoot;
}

/** A complete subtree: the root over leaves [index · 2^level, (index + 1) · 2^level). */
export type NodeId = { readonly level: number; readonly index: number };
/** Leaves [start, end). */
export type Range = { readonly start: number; readonly end: number };
export type NodeAt = (node: NodeId) => Hash;

/** Where a complete subtree's root is stored: with the record that completed it, as the `level`th of its hashes. */
export function nodePlace(node: NodeId): { readonly seq: number; readonly level: number } {
  return { seq: (node.index + 1) * 2 ** node.level - 1, level: node.level };
}

/** The complete subtrees that make up a range which starts at a multiple of its largest power of two. */
export function nodesOf(range: Range): readonly NodeId[] {
  const nodes: NodeId[] = [];
  let start = range.start;
  while (start < range.end) {
    const level = Math.floor(Math.log2(range.end - start));
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

/** The right edge of the tree of `size` leaves, as nodes: what a writer needs to go on. */
export function peakNodes(size: number): readonly NodeId[] {
  return nodesOf({ start: 0, end: size });
}

function rangeHash(range: Range, nodeAt: NodeAt): Hash {
  return rootOf({ size: range.end - range.start, peaks: nodesOf(range).map(nodeAt) });
}

/** Largest power of two smaller than `count` (RFC 6962's k); `count` ≥ 2. */
function splitPoint(count: number): number {
  const power = 2 ** Math.floor(Math.log2(count));
  return power === count ? count / 2 : power;
}

/** The ranges whose hashes are the inclusion proof of leaf `index` in the tree of `size` (RFC 6962 §2.1.1). */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges whose hashes prove that the tree of `size` continues that of `oldSize` (RFC 6962 §2.1.2). */
export function consistencyRanges(oldSize: number, size: number): readonly Range[] {
  if (!(oldSize >= 0 && oldSize <= size)) throw new RangeError(`a tree of ${size} does not continue one of ${oldSize}`);
  if (oldSize === 0 || oldSize === size) return [];
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  // The old tree's end always lies in (start, end]; once it is `end`, the range is a complete subtree of both.
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** Hashes of ranges, as a proof's body. */
export function proofHashes(ranges: readonly Range[], nodeAt: NodeAt): readonly Hash[] {
  return ranges.map((range) => rangeHash(range, nodeAt));
}

export function sameHash(left: Hash, right: Hash): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Whether `proof` shows `leaf` at `index` of the tree of `size` with `root` (RFC 9162 §2.1.3.2). */
export function verifyInclusion(index: number, size: number, leaf: Hash, proof: readonly Hash[], root: Hash): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let position = index;
  let last = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      node = nodeHash(sibling, node);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(node, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameHash(node, root);
}

/** Whether `proof` shows that the tree (size, root) continues the tree (oldSize, oldRoot) (RFC 9162 §2.1.4.2). */
export function verifyConsistency(
  oldSize: number,
  size: number,
  oldRoot: Hash,
  root: Hash,
  proof: readonly Hash[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 0 || oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && sameHash(oldRoot, root);
  if (oldSize === 0) return proof.length === 0 && sameHash(oldRoot, emptyRoot);
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let position = oldSize - 1;
  let last = size - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  let oldNode = first;
  let node = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldNode = nodeHash(sibling, oldNode);
      node = nodeHash(sibling, node);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(node, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameHash(oldNode, oldRoot) && sameHash(node, root);
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.floor(Math.log2(value)) === value;
}
