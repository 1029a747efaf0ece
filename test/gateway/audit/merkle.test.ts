import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  appendLeaf,
  consistencyRanges,
  emptyTree,
  type Hash,
  inclusionRanges,
  leafHash,
  type NodeId,
  nodeHash,
  nodePlace,
  proofHashes,
  rootOf,
  type Tree,
  verifyConsistency,
  verifyInclusion,
} from '../../../gateway/audit/merkle.ts';

type Vectors = {
  leaves: string[];
  roots: string[];
  consistency: { from: number; to: number; proof: string[] }[];
  inclusion: { index: number; size: number; proof: string[] }[];
};
const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/rfc6962-merkle.json', import.meta.url), 'utf8'),
) as Vectors;

const hex = (hash: Hash) => Buffer.from(hash).toString('hex');
const bytes = (text: string) => Buffer.from(text, 'hex');

/** Grows a tree as the log does: the nodes that a leaf completes are kept with it. */
function grow(entries: readonly Uint8Array[]) {
  const trees: Tree[] = [emptyTree];
  const rows: (readonly Hash[])[] = [];
  let tree = emptyTree;
  for (const entry of entries) {
    const grown = appendLeaf(tree, leafHash(entry));
    rows.push(grown.completed);
    tree = grown.tree;
    trees.push(tree);
  }
  const nodeAt = (node: NodeId): Hash => {
    const { seq, level } = nodePlace(node);
    const hash = rows[seq]?.[level];
    if (hash === undefined) throw new Error(`no node ${node.level}/${node.index}`);
    return hash;
  };
  const treeOf = (size: number) => trees[size] ?? emptyTree;
  return { treeOf, rows, nodeAt };
}

/** RFC 6962 §2.1, word for word: the definition that the compact tree is held against. */
function definedRoot(leaves: readonly Hash[]): Hash {
  const [first, ...others] = leaves;
  if (first === undefined) return rootOf(emptyTree);
  if (others.length === 0) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}

const entriesOf = (count: number) => Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`));

describe('the Merkle tree', () => {
  it('AUD-3: gives the roots of Certificate Transparency’s reference data', () => {
    const { treeOf } = grow(vectors.leaves.map(bytes));
    expect(vectors.roots.map((_, size) => hex(rootOf(treeOf(size))))).toEqual(vectors.roots);
  });

  it('AUD-3: gives and verifies the reference’s inclusion and consistency proofs', () => {
    const { nodeAt } = grow(vectors.leaves.map(bytes));
    for (const { index, size, proof } of vectors.inclusion) {
      expect(proofHashes(inclusionRanges(index, size), nodeAt).map(hex)).toEqual(proof);
      const leaf = leafHash(bytes(vectors.leaves[index] ?? ''));
      expect(verifyInclusion(index, size, leaf, proof.map(bytes), bytes(vectors.roots[size] ?? ''))).toBe(true);
    }
    for (const { from, to, proof } of vectors.consistency) {
      expect(proofHashes(consistencyRanges(from, to), nodeAt).map(hex)).toEqual(proof);
      const [old, root] = [bytes(vectors.roots[from] ?? ''), bytes(vectors.roots[to] ?? '')];
      expect(verifyConsistency(from, to, old, root, proof.map(bytes))).toBe(true);
    }
  });

  it('AUD-3: is the tree that RFC 6962 defines, at every size', () => {
    const entries = entriesOf(70);
    const { treeOf } = grow(entries);
    for (let size = 0; size <= 70; size++) {
      expect(hex(rootOf(treeOf(size)))).toBe(hex(definedRoot(entries.slice(0, size).map(leafHash))));
    }
  });

  it('AUD-3: proves each leaf in each size, and no other leaf, place, size or root', () => {
    const { treeOf, nodeAt } = grow(entriesOf(40));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (size, first, second) => {
        const index = first % size;
        const proof = proofHashes(inclusionRanges(index, size), nodeAt);
        const leaf = leafHash(Buffer.from(`entry ${index}`));
        const root = rootOf(treeOf(size));
        expect(verifyInclusion(index, size, leaf, proof, root)).toBe(true);
        const other = second % size;
        expect(verifyInclusion(other, size, leaf, proof, root)).toBe(other === index);
        expect(verifyInclusion(index, size, leafHash(Buffer.from('another')), proof, root)).toBe(false);
        expect(verifyInclusion(index, size, leaf, [...proof, leaf], root)).toBe(false);
        if (proof.length > 0) expect(verifyInclusion(index, size, leaf, proof.slice(1), root)).toBe(false);
        expect(verifyInclusion(index, size, leaf, proof, rootOf(treeOf(size - 1)))).toBe(false);
        expect(verifyInclusion(size, size, leaf, proof, root)).toBe(false);
      }),
    );
  });

  it('AUD-3: proves that each size continues each smaller one, and nothing else', () => {
    const { treeOf, nodeAt } = grow(entriesOf(40));
    const foreign = grow(entriesOf(41).slice(1));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (size, first) => {
        const oldSize = first % (size + 1);
        const proof = proofHashes(consistencyRanges(oldSize, size), nodeAt);
        const [old, root] = [rootOf(treeOf(oldSize)), rootOf(treeOf(size))];
        expect(verifyConsistency(oldSize, size, old, root, proof)).toBe(true);
        if (oldSize > 0) {
          expect(verifyConsistency(oldSize, size, rootOf(foreign.treeOf(oldSize)), root, proof)).toBe(false);
          expect(verifyConsistency(oldSize, size, old, rootOf(foreign.treeOf(size)), proof)).toBe(false);
        }
        expect(verifyConsistency(oldSize, size, old, root, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(verifyConsistency(oldSize, size, old, root, proof.slice(0, -1))).toBe(false);
      }),
    );
  });

  it('AUD-3: a proof in a log of ten million has at most log2 hashes; out of range is refused', () => {
    const size = 10_000_019;
    const nodes = inclusionRanges(7_654_321, size).length;
    expect(nodes).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
    expect(() => inclusionRanges(size, size)).toThrow(RangeError);
    expect(() => consistencyRanges(size + 1, size)).toThrow(RangeError);
  });
});
