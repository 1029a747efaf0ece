// A copy of the newest checkpoint in a folder elsewhere (AUD-3), best one that this machine's administrators can add to but
// not change: `<log>.checkpoint`, replaced as a whole, and `<log>.checkpoints`, to which each copied one is added. Written
// by assembly/checkpoint-witnesses.ts, read at the next start.
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from './checkpoint.ts';
import type { KeptCheckpoint } from './file-checkpoint.ts';
import { readIfThere } from './file-keys.ts';
import type { NoteVerifier } from './signed-note.ts';

/** `countersign.local/demo/1f…` → `countersign.local_demo_1f…`: names of files hold no slash. */
function nameOf(origin: string): string {
  return origin.replaceAll(/[^A-Za-z0-9.-]/g, '_');
}

/** Durable when it resolves. The folder is not made: where the other machine is not mounted, that must be seen. */
export async function writeCheckpointCopy(folder: string, origin: string, note: string): Promise<void> {
  const file = path.join(folder, `${nameOf(origin)}.checkpoint`);
  const history = await open(`${file}s`, 'a', 0o644);
  try {
    await history.appendFile(`${note}\n`);
    await history.sync();
  } finally {
    await history.close();
  }
  const half = `${file}.half`;
  const handle = await open(half, 'w', 0o644);
  try {
    await handle.writeFile(note);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(half, file);
}

/** The copy, where it is there and signed by one of the log's keys; null otherwise: it is one more witness, not a condition. */
export async function readCheckpointCopy(
  folder: string,
  verifiers: readonly NoteVerifier[],
): Promise<KeptCheckpoint | null> {
  const [first] = verifiers;
  if (first === undefined) return null;
  const note = await readIfThere(path.join(folder, `${nameOf(first.name)}.checkpoint`)).catch(() => null);
  if (note === null) return null;
  for (const verifier of verifiers) {
    const opened = openCheckpoint(note, verifier);
    if (opened.ok) return { note, checkpoint: opened.checkpoint };
  }
  return null;
}
