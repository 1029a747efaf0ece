// The record of a restore after which the log goes on under its own name (OPS-6): appended by the restore itself, in the
// transaction that fills the database, since no gateway runs that could. Called by cli/restore-into.ts with the owner's connection.
import type pg from 'pg';
import type { RecordDraft } from '../contract/audit-record.ts';
import type { Now } from '../identity/ports.ts';
import { CommitInMaking } from './commit-in-making.ts';
import { loadLogKey } from './file-keys.ts';
import { LogTrouble } from './log-trouble.ts';
import { commitBatch } from './postgres-commit.ts';
import { runOn } from './postgres-lock.ts';
import { checkStart, readTail } from './postgres-start-check.ts';
import { noteVerifier } from './signed-note.ts';

export type RestoreRecord = {
  /** Holds `keys/log.pem`, which signs the head. */
  readonly dataFolder: string;
  readonly origin: string;
  readonly now: Now;
  /** In words: what was restored, and why nothing is missing. */
  readonly reason: string;
  /** Account of the operating system. */
  readonly by: string;
};

/** The signed head that the log ends with then, to be written to the checkpoint file after the commit. Throws LogTrouble. */
export async function recordRestore(client: pg.Client, restore: RestoreRecord): Promise<string> {
  const signer = await loadLogKey(restore.dataFolder, restore.origin, false);
  const run = runOn(client);
  const head = await checkStart(run, await readTail(run), null, noteVerifier(signer));
  const draft: RecordDraft = {
    kind: 'log.restored',
    actor: null,
    terminal: null,
    address: null,
    subject: 'log',
    reason: { code: null, comment: restore.reason },
    detail: { by: restore.by, size: head.tree.size },
  };
  const waiting = { draft, change: undefined, resolve: () => {}, reject: () => {} };
  const { head: after } = await commitBatch(
    client,
    { making: new CommitInMaking(head, restore.now), rest: [waiting] },
    signer,
  );
  if (after.note === null) throw new LogTrouble('database-unusable', 'the restore could not be recorded');
  return after.note;
}
