// The one writer of the audit log (AUD-3, AUD-4): callers await append(); what waits shares one transaction; nobody is
// answered before its checkpoint is flushed to the file outside the database. Opened by main.ts.
// Opens it; postgres-writer.ts writes.
import type pg from 'pg';
import type { Appended } from '../contract/audit-record.ts';
import type { AppendAudit, LookUpStanding, Now } from '../identity/ports.ts';
import {
  CheckpointFile,
  checkpointFile,
  createCheckpointFile,
  isUnused,
  readCheckpointFile,
} from './file-checkpoint.ts';
import type { KeyChangeDraft } from './file-key-change.ts';
import { loadLogKey } from './file-keys.ts';
import { readFormerKeys, settleNextKey } from './file-next-key.ts';
import { LogTrouble } from './log-trouble.ts';
import type { RunQuery } from './postgres-change.ts';
import { isRefusedByServer } from './postgres-commit.ts';
import { runOn, takeLock, type WriterLock } from './postgres-lock.ts';
import { readConsistencyProof } from './postgres-nodes.ts';
import { checkStart, readStanding, readTail, type Tail } from './postgres-start-check.ts';
import { Writer } from './postgres-writer.ts';
import { formatVkey, noteVerifier } from './signed-note.ts';
import type { LogHead, ProveConsistency } from './witness-submission.ts';

const defaultLockPatienceMs = 10_000;

/** `unavailable` passes by itself; `broken` needs a person and a restart. */
export type LogState = {
  readonly state: 'writing' | 'unavailable' | 'broken' | 'closed';
  readonly reason: string | null;
};

export type PostgresLogOptions = {
  /** A new, unconnected client under the gateway's own role: called at start and for each reconnection. */
  readonly connect: () => pg.Client;
  /** Holds `keys/` and `checkpoints/`. */
  readonly dataFolder: string;
  readonly now: Now;
  /** Advisory lock that keeps a second writer out (database/schema.ts). */
  readonly lock: WriterLock;
  /** Told of every change of state. */
  readonly onState?: (state: LogState) => void;
  /** Told of what went wrong beside the log itself: files of a new key that cannot be put in their place yet. */
  readonly onFault?: (fault: unknown) => void;
  /**
   * Whether what was read continues what others have seen, asked before anything is written. Rejects with LogTrouble where
   * it does not. Not asked for an empty log.
   */
  readonly checkElsewhere?: (head: LogHead, prove: ProveConsistency) => Promise<void>;
  /** A commit that takes longer counts as a lost connection. */
  readonly commitTimeoutMs?: number;
  /** How long the predecessor's connection may take to end before the log counts as in use. */
  readonly lockPatienceMs?: number;
};

export type PostgresLog = {
  readonly append: AppendAudit;
  readonly lookUpStanding: LookUpStanding;
  readonly standingSubjects: () => readonly string[];
  readonly origin: string;
  /** Public key in force, for pinning. */
  readonly vkey: string;
  /**
   * Replaces the log's key by a new one: a record of its own, whose checkpoint both sign. The draft is completed with kind,
   * subject and both public keys. Resolves when the new one is in force. Refuses with `wrong-stage` while one is under way.
   */
  readonly rotateKey: (draft: KeyChangeDraft) => Promise<Appended>;
  /** Records that are durable. */
  readonly size: () => number;
  /** The newest flushed checkpoint, a signed note. */
  readonly checkpoint: () => string | null;
  /** Time of the newest record under it, UTC with µs; null where there is none. */
  readonly checkpointTime: () => string | null;
  /** Calls back after every flush, which must not be held up: no waiting, no throwing. */
  readonly onCheckpoint: (listener: () => void) => void;
  readonly state: () => LogState;
  /** Writes what waits, then lets go of the lock. Later appends are refused. */
  readonly close: () => Promise<void>;
};

/**
 * Opens the log: takes the writer's lock, checks that the database continues the checkpoint file, proves the standing
 * records, and appends `log.opened` to an empty one. Throws LogTrouble.
 */
export async function openPostgresLog(options: PostgresLogOptions): Promise<PostgresLog> {
  const client = await connectWriter(options);
  try {
    const run = runOn(client);
    if (!(await takeLock(run, options.lock, options.lockPatienceMs ?? defaultLockPatienceMs))) {
      throw new LogTrouble(
        'log-in-use',
        'another gateway writes to this database; stop it first, or give this one its own',
      );
    }
    const origin = await readOrigin(run);
    const tail = await readTail(run);
    const file = checkpointFile(options.dataFolder);
    await settleNextKey(options.dataFolder, origin, tail?.checkpoint ?? null);
    const signer = await loadLogKey(options.dataFolder, origin, tail === null && (await isUnused(file)));
    const verifier = noteVerifier(signer);
    let kept = await readCheckpointFile(file, verifier, ...(await readFormerKeys(options.dataFolder, origin)));
    if (kept === 'missing') {
      refuseMissingFile(file, tail);
      await createCheckpointFile(file);
      kept = 'empty';
    }
    const known = kept === 'empty' ? null : kept;
    // A crash between the first commit, `log.opened` alone, and its flush leaves an empty file: nothing is missing then.
    if (known === null && tail !== null && tail.seq > 0) refuseMissingFile(file, tail);
    const head = await checkStart(run, tail, known, verifier);
    if (head.note !== null)
      await options.checkElsewhere?.({ size: head.tree.size, note: head.note }, (from, to) =>
        readConsistencyProof(run, from, to),
      );
    const standing = await readStanding(run, head);
    const slots = await CheckpointFile.open(file, known?.note ?? null);
    if (head.note !== null && head.note !== known?.note) await slots.write(head.note);
    const writer = new Writer(options, client, signer, head, standing, slots);
    if (head.tree.size === 0) {
      const vkey = formatVkey(verifier);
      await writer.append({
        kind: 'log.opened',
        actor: null,
        terminal: null,
        address: null,
        subject: 'log',
        detail: { origin, vkey },
      });
    }
    return writer.log;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

function refuseMissingFile(file: string, tail: Tail | null): void {
  if (tail === null) return;
  throw new LogTrouble(
    'checkpoint-file-missing',
    `the checkpoint file ${file} is missing or empty, while the database holds ${tail.seq + 1} records: whether records were cut off cannot be told; restore the file from a backup, see docs/audit-log.md, "When the start is refused"`,
  );
}

/** The log's present name: that of the installation, or the last under which it was opened anew (OPS-6). Throws LogTrouble. */
export async function readOrigin(run: RunQuery): Promise<string> {
  try {
    const found = await run(`SELECT origin FROM (SELECT since, origin FROM later_origin
      UNION ALL SELECT -1, origin FROM installation) AS named ORDER BY since DESC LIMIT 1`);
    const row = found.rows[0] as { origin: string } | undefined;
    if (row !== undefined) return row.origin;
  } catch (error) {
    if (!isRefusedByServer(error)) throw error;
    throw new LogTrouble(
      'database-unusable',
      'the database holds no Countersign tables; run the maintenance process first',
      error,
    );
  }
  throw new LogTrouble(
    'database-unusable',
    'the database is not marked as an installation; run the maintenance process first',
  );
}

async function connectWriter(options: PostgresLogOptions): Promise<pg.Client> {
  const client = options.connect();
  await client.connect();
  return client;
}
