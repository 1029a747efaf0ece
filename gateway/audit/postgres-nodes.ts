// Reads nodes of the Merkle tree and proofs from the log's rows: each complete subtree's root is stored with the record
// that completed it. Used by the start check and by readers who ask for proofs. A proof reads O(log n) rows.
import { consistencyRanges, type Hash, hashBytes, type NodeId, nodePlace, nodesOf, proofHashes } from './merkle.ts';
import type { RunQuery } from './postgres-change.ts';

/** A node that should be there is not: rows are missing or damaged. */
export class NodeMissing extends Error {
  readonly seq: number;
  constructor(seq: number, level: number) {
    super(`record ${seq} does not hold the tree's node of level ${level}`);
    this.name = 'NodeMissing';
    this.seq = seq;
  }
}

/** One query for all. Throws NodeMissing. */
export async function readNodes(run: RunQuery, nodes: readonly NodeId[]): Promise<(node: NodeId) => Hash> {
  const places = nodes.map(nodePlace);
  const found = await run(
    `SELECT n.seq, n.level, substring(r.hashes FROM n.level * ${hashBytes} + 1 FOR ${hashBytes}) AS hash
     FROM unnest($1::bigint[], $2::int[]) AS n (seq, level) JOIN log_record r ON r.seq = n.seq`,
    [places.map((place) => place.seq), places.map((place) => place.level)],
    'tree-nodes',
  );
  const hashes = new Map<string, Hash>();
  for (const row of found.rows as { seq: number; level: number; hash: Buffer }[]) {
    if (row.hash.length === hashBytes) hashes.set(`${row.seq}/${row.level}`, row.hash);
  }
  return (node) => {
    const { seq, level } = nodePlace(node);
    const hash = hashes.get(`${seq}/${level}`);
    if (hash === undefined) throw new NodeMissing(seq, level);
    return hash;
  };
}

/** RFC 6962 consistency proof between two sizes. Throws RangeError, NodeMissing. */
export async function readConsistencyProof(run: RunQuery, oldSize: number, size: number): Promise<readonly Hash[]> {
  const ranges = consistencyRanges(oldSize, size);
  return proofHashes(ranges, await readNodes(run, ranges.flatMap(nodesOf)));
}
