// Holds a database's log, found whole in itself, against a checkpoint kept elsewhere: a copy, a witness's (AUD-3, AUD-5).
// That alone tells of records cut off together with the data folder. Called by audit-verify.ts.
import { readFile } from 'node:fs/promises';
import { openCheckpoint } from '../audit/checkpoint.ts';
import { type Hash, sameHash, verifyConsistency } from '../audit/merkle.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import { readConsistencyProof } from '../audit/postgres-nodes.ts';
import type { NoteVerifier } from '../audit/signed-note.ts';
import { WronglyAsked } from './sub-command.ts';

/** Null where the log continues it, else what is wrong. Throws WronglyAsked for a file that is no checkpoint of the keys. */
export async function whyNotContinued(
  run: RunQuery,
  file: string,
  keys: readonly NoteVerifier[],
  log: { readonly size: number; readonly root: Hash },
): Promise<string | null> {
  const note = await readFile(file, 'utf8').catch(() => {
    throw new WronglyAsked(`--checkpoint ${file} cannot be read`);
  });
  const opened = keys.map((key) => openCheckpoint(note, key)).find(({ ok }) => ok);
  if (opened === undefined || !opened.ok)
    throw new WronglyAsked(`--checkpoint ${file} is no checkpoint signed by the log's key`);
  const { size, root } = opened.checkpoint;
  if (size > log.size)
    return `records ${log.size} to ${size - 1} are missing: the log was cut off or rolled back, and ${file} proves that there were ${size} records`;
  const continues =
    size === log.size
      ? sameHash(root, log.root)
      : verifyConsistency(size, log.size, root, log.root, await readConsistencyProof(run, size, log.size));
  return continues
    ? null
    : `the first ${size} records are not those that ${file} was signed for: the log was rewritten`;
}
