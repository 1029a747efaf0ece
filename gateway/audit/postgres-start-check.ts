// Whether the database's log is the one that this gateway wrote, whole (AUD-3): it must end exactly at a checkpoint that
// our key signed and continue the checkpoint file. Also proves the records that accounts and terminals stand on (IDN-1).
// Called by postgres-log.ts at start and after a reconnection; reads only.
import { openCheckpoint } from './checkpoint.ts';
import type { Head } from './commit-in-making.ts';
import type { KeptCheckpoint } from './file-checkpoint.ts';
import { LogTrouble } from './log-trouble.ts';
import {
  emptyTree,
  inclusionRanges,
  leafHash,
  nodesOf,
  peakNodes,
  proofHashes,
  rootOf,
  sameHash,
  type Tree,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import type { RunQuery } from './postgres-change.ts';
import { NodeMissing, readConsistencyProof, readNodes } from './postgres-nodes.ts';
import { auditRecordOf, parseTime, projectionOf } from './record.ts';
import type { NoteVerifier } from './signed-note.ts';
import { StandingRecords } from './standing.ts';

const remedy = 'see docs/audit-log.md, "When the start is refused"';
/** Records proven with one query for their nodes. */
const standingAtOnce = 200;

export const emptyHead: Head = { tree: emptyTree, timeUs: 0, standing: null, note: null };

export type Tail = { readonly seq: number; readonly body: Buffer; readonly checkpoint: string | null };

/** The last row; null for an empty log. */
export async function readTail(run: RunQuery): Promise<Tail | null> {
  const found = await run('SELECT seq, body, checkpoint FROM log_record ORDER BY seq DESC LIMIT 1');
  return (found.rows[0] as Tail | undefined) ?? null;
}

/**
 * The head to go on from. `kept` is the newest checkpoint of the file, null where the file is new. Throws LogTrouble,
 * which says both sizes and what to do.
 */
export async function checkStart(
  run: RunQuery,
  tail: Tail | null,
  kept: KeptCheckpoint | null,
  verifier: NoteVerifier,
): Promise<Head> {
  const size = tail === null ? 0 : tail.seq + 1;
  const keptSize = kept?.checkpoint.size ?? 0;
  if (keptSize > size) {
    throw new LogTrouble(
      'log-rolled-back',
      `the audit log was cut off or rolled back: the database holds ${size} records, the checkpoint file proves that there were ${keptSize}; restore the database that holds them, ${remedy}`,
    );
  }
  if (tail === null) return emptyHead;
  if (tail.checkpoint === null) {
    throw new LogTrouble(
      'log-damaged',
      `the audit log does not end at a checkpoint: its last record ${tail.seq} carries none, so records were cut off or inserted; ${remedy}`,
    );
  }
  const opened = openCheckpoint(tail.checkpoint, verifier);
  if (!opened.ok || opened.checkpoint.size !== size) {
    const why = opened.ok ? `it is for ${opened.checkpoint.size} records` : opened.why;
    throw new LogTrouble(
      'log-replaced',
      `the checkpoint at the end of the database's audit log (${size} records) does not stand: ${why}; use the database that belongs to this data folder, ${remedy}`,
    );
  }
  try {
    const tree: Tree = { size, peaks: peakNodes(size).map(await readNodes(run, peakNodes(size))) };
    if (!sameHash(rootOf(tree), opened.checkpoint.root)) throw damaged('its last checkpoint has another root', size);
    if (kept !== null) await checkContinues(run, kept, tree);
    const record = auditRecordOf(tail.body);
    await proveRecord(run, tail.seq, tail.body, tree);
    const standing = projectionOf(record) === null ? (record.chain?.standing ?? null) : tail.seq;
    return { tree, timeUs: parseTime(record.time), standing, note: tail.checkpoint };
  } catch (error) {
    if (error instanceof NodeMissing) throw damaged(error.message, size);
    throw error;
  }
}

async function checkContinues(run: RunQuery, kept: KeptCheckpoint, tree: Tree): Promise<void> {
  const { size, root } = kept.checkpoint;
  const proof = await readConsistencyProof(run, size, tree.size);
  if (!verifyConsistency(size, tree.size, root, rootOf(tree), proof)) {
    throw new LogTrouble(
      'log-replaced',
      `the database's audit log (${tree.size} records) does not continue the checkpoint file (${size} records): it is another log or its records were altered; ${remedy}`,
    );
  }
}

function damaged(why: string, size: number): LogTrouble {
  return new LogTrouble(
    'log-damaged',
    `the database's audit log (${size} records) was altered: ${why}; run 'countersign audit verify' for the first record that is wrong, ${remedy}`,
  );
}

async function proveRecord(run: RunQuery, seq: number, body: Uint8Array, tree: Tree): Promise<void> {
  await proveRecords(run, [{ seq, body }], tree);
}

async function proveRecords(
  run: RunQuery,
  rows: readonly { readonly seq: number; readonly body: Uint8Array }[],
  tree: Tree,
): Promise<void> {
  const proofs = rows.map((row) => ({ row, ranges: inclusionRanges(row.seq, tree.size) }));
  const nodeAt = await readNodes(
    run,
    proofs.flatMap(({ ranges }) => ranges.flatMap(nodesOf)),
  );
  const root = rootOf(tree);
  for (const { row, ranges } of proofs) {
    if (!verifyInclusion(row.seq, tree.size, leafHash(row.body), proofHashes(ranges, nodeAt), root)) {
      throw damaged(`record ${row.seq} is not what was recorded`, tree.size);
    }
  }
}

/**
 * The records that accounts and terminals stand on, each proven to be in the tree and none left out: every record names
 * the one before it, from the head's on. Throws LogTrouble.
 */
export async function readStanding(run: RunQuery, head: Head): Promise<StandingRecords> {
  const standing = new StandingRecords();
  let expected = head.standing;
  try {
    while (expected !== null) {
      const found = await run(
        'SELECT seq, body FROM log_record WHERE projection IS NOT NULL AND seq <= $1 ORDER BY seq DESC LIMIT $2',
        [expected, standingAtOnce],
      );
      const rows = found.rows as { seq: number; body: Buffer }[];
      if (rows.length === 0)
        throw damaged(`record ${expected}, which an account or terminal stands on, is missing`, head.tree.size);
      await proveRecords(run, rows, head.tree);
      for (const row of rows) {
        const record = auditRecordOf(row.body);
        if (row.seq !== expected || projectionOf(record) === null || record.seq !== row.seq) {
          throw damaged(
            `record ${expected ?? row.seq}, which an account or terminal stands on, is not found`,
            head.tree.size,
          );
        }
        standing.take(record);
        expected = record.chain?.standing ?? null;
      }
    }
  } catch (error) {
    if (error instanceof NodeMissing) throw damaged(error.message, head.tree.size);
    throw error;
  }
  return standing;
}
