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
  const take = (rows: readonly unknown[]): void => {
    for (const row of rows as { seq: number; level: number; hash: Buffer }[])
      if (row.hash.length === hashBytes) hashes.set(`${row.seq}/${row.level}`, row.hash);
  };
  take(found.rows);
  // Asked apart: most logs have nothing archived, and most nodes of the others are not there either.
  const away = places.filter((place) => !hashes.has(`${place.seq}/${place.level}`));
  if (away.length > 0) take((await readArchivedNodes(run, away)).rows);
  return (node) => {
    const { seq, level } = nodePlace(node);
    const hash = hashes.get(`${seq}/${level}`);
    if (hash === undefined) throw new NodeMissing(seq, level);
    return hash;
  };
}

/** Of records that were archived (AUD-7): their hashes stay. */
function readArchivedNodes(run: RunQuery, places: readonly { readonly seq: number; readonly level: number }[]) {
  return run(
    `SELECT n.seq, n.level, substring(r.hashes FROM n.level * ${hashBytes} + 1 FOR ${hashBytes}) AS hash
     FROM unnest($1::bigint[], $2::int[]) AS n (seq, level) JOIN archived_record r ON r.seq = n.seq`,
    [places.map((place) => place.seq), places.map((place) => place.level)],
  );
}

/** RFC 6962 consistency proof between two sizes. Throws RangeError, NodeMissing. */
export async function readConsistencyProof(run: RunQuery, oldSize: number, size: number): Promise<readonly Hash[]> {
  const ranges = consistencyRanges(oldSize, size);
  return proofHashes(ranges, await readNodes(run, ranges.flatMap(nodesOf)));
}
