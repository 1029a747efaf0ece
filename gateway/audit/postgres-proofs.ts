// Proofs and cosigned checkpoints (AUD-3): for the API, the command line and the witnesses. A proof reads O(log n) rows by
// primary key. Out of range is RangeError, missing nodes are NodeMissing. Writes nothing but cosignatures.
import type { ConsistencyProof, InclusionProof } from '../contract/proof.ts';
import { type Hash, inclusionRanges, nodesOf, proofHashes } from './merkle.ts';
import type { RunQuery } from './postgres-change.ts';
import { readConsistencyProof, readNodes } from './postgres-nodes.ts';

/** Leaf and inclusion proof of record `seq` in the tree of `size`, by one query. */
export async function readInclusion(run: RunQuery, seq: number, size: number): Promise<InclusionProof> {
  const ranges = inclusionRanges(seq, size);
  const leaf = { level: 0, index: seq };
  const nodeAt = await readNodes(run, [leaf, ...ranges.flatMap(nodesOf)]);
  return { seq, size, leaf: base64(nodeAt(leaf)), hashes: proofHashes(ranges, nodeAt).map(base64) };
}

/** That the tree of `to` continues the tree of `from`. */
export async function readConsistency(run: RunQuery, from: number, to: number): Promise<ConsistencyProof> {
  return { from, to, hashes: (await readConsistencyProof(run, from, to)).map(base64) };
}

function base64(hash: Hash): string {
  return Buffer.from(hash).toString('base64');
}

/** The checkpoint that was signed at `size`, with the witnesses' lines; null where no commit ended there. */
export async function readCheckpointAt(run: RunQuery, size: number): Promise<string | null> {
  const found = await run(
    `SELECT checkpoint || coalesce((SELECT string_agg(line, '' ORDER BY witness) FROM cosignature WHERE size = $1), '') AS note
     FROM log_record WHERE seq = $1 - 1`,
    [size],
  );
  return (found.rows[0] as { note: string | null } | undefined)?.note ?? null;
}

/** Size of the newest checkpoint that at least so many witnesses cosigned; null where there is none. `witnesses` ≥ 1. */
export async function newestCosignedSize(run: RunQuery, witnesses: number): Promise<number | null> {
  const found = await run(
    'SELECT size FROM cosignature GROUP BY size HAVING count(*) >= $1 ORDER BY size DESC LIMIT 1',
    [witnesses],
  );
  return (found.rows[0] as { size: number } | undefined)?.size ?? null;
}

/** Stores what a witness answered, verified by the caller. Said twice for one size, the first word stays. */
export async function storeCosignature(
  run: RunQuery,
  cosignature: { readonly size: number; readonly witness: string; readonly line: string },
): Promise<void> {
  await run('INSERT INTO cosignature (size, witness, line) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    cosignature.size,
    cosignature.witness,
    cosignature.line,
  ]);
}

/** Size of the newest checkpoint that the witness cosigned; 0 where there is none. */
export async function newestSizeOf(run: RunQuery, witness: string): Promise<number> {
  const found = await run('SELECT max(size) AS size FROM cosignature WHERE witness = $1', [witness]);
  return (found.rows[0] as { size: number | null } | undefined)?.size ?? 0;
}
