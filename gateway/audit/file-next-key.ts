// Replacing the log's key in the data folder (AUD-3): the next private key is durable in `keys/log-next.pem` before a
// checkpoint is signed with it, and takes the place of the former one only once that checkpoint stands in the database.
// Called by the writer and, after a crash in between, by the next start. The former private key is destroyed by that.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from './checkpoint.ts';
import { newPrivateKey, privateKeyFile, readIfThere, readSigner, vkeyFile, writeOnce } from './file-keys.ts';
import { formatVkey, type NoteSigner, type NoteVerifier, noteVerifier, parseVkey } from './signed-note.ts';

function nextKeyFile(dataFolder: string): string {
  return path.join(dataFolder, 'keys', 'log-next.pem');
}

function formerKeysFile(dataFolder: string): string {
  return path.join(dataFolder, 'keys', 'log-former.vkeys');
}

/** Makes the next key; one that was never taken over is replaced. Not to be called while one that signed waits there. */
export async function makeNextKey(dataFolder: string, origin: string): Promise<NoteSigner> {
  const file = nextKeyFile(dataFolder);
  const pem = newPrivateKey();
  await writeOnce(file, pem, 0o600);
  return readSigner(pem, origin, file);
}

/** The next key, under a name; null where none waits. */
export async function readNextKey(dataFolder: string, origin: string): Promise<NoteSigner | null> {
  const file = nextKeyFile(dataFolder);
  const pem = await readIfThere(file);
  return pem === null ? null : readSigner(pem, origin, file);
}

/** Puts the next key in the place of the former; done again after a crash at any step, it ends the same. */
export async function takeOverNextKey(dataFolder: string, next: NoteSigner): Promise<void> {
  const pinned = (await readIfThere(vkeyFile(dataFolder)))?.trim();
  const vkey = formatVkey(noteVerifier(next));
  if (pinned !== undefined && pinned !== vkey) {
    const former = (await readIfThere(formerKeysFile(dataFolder))) ?? '';
    if (!former.split('\n').includes(pinned))
      await writeOnce(formerKeysFile(dataFolder), `${former}${pinned}\n`, 0o644);
  }
  const pem = await readIfThere(nextKeyFile(dataFolder));
  if (pem !== null) await writeOnce(privateKeyFile(dataFolder), pem, 0o600);
  await writeOnce(vkeyFile(dataFolder), `${vkey}\n`, 0o644);
  await dropNextKey(dataFolder);
}

export async function dropNextKey(dataFolder: string): Promise<void> {
  await rm(nextKeyFile(dataFolder), { force: true });
}

/**
 * At start: a next key that signed the log's last checkpoint takes over, one that signed nothing is dropped. `tailNote`
 * is the last checkpoint in the database, null where there is none.
 */
export async function settleNextKey(dataFolder: string, origin: string, tailNote: string | null): Promise<void> {
  const next = await readNextKey(dataFolder, origin);
  if (next === null) return;
  if (tailNote !== null && openCheckpoint(tailNote, noteVerifier(next)).ok) await takeOverNextKey(dataFolder, next);
  else await dropNextKey(dataFolder);
}

/** Public halves of the keys that signed this log before, oldest first: for what they signed and is still kept. */
export async function readFormerKeys(dataFolder: string, origin: string): Promise<readonly NoteVerifier[]> {
  const lines = ((await readIfThere(formerKeysFile(dataFolder))) ?? '').split('\n');
  return lines.flatMap((line) => parseVkey(line) ?? []).filter(({ name }) => name === origin);
}
