// The log's key pair in the data folder: `keys/log.pem` (Ed25519, mode 0600) and `keys/log.vkey`, the public half that
// verifiers pin. Made when the log is opened for the first time, read at each start; file-next-key.ts replaces it. Also what
// writes such files, durable before they are named.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { LogTrouble } from './log-trouble.ts';
import { formatVkey, type NoteSigner, type NoteVerifier, noteSigner, noteVerifier, parseVkey } from './signed-note.ts';

export function vkeyFile(dataFolder: string): string {
  return path.join(dataFolder, 'keys', 'log.vkey');
}

export function privateKeyFile(dataFolder: string): string {
  return path.join(dataFolder, 'keys', 'log.pem');
}

/**
 * The log's signer. `mayCreate` where neither records nor a checkpoint exist yet; otherwise a missing key is refused,
 * since a new one could not continue the log. Throws LogTrouble.
 */
export async function loadLogKey(dataFolder: string, origin: string, mayCreate: boolean): Promise<NoteSigner> {
  const privateFile = privateKeyFile(dataFolder);
  const publicFile = vkeyFile(dataFolder);
  const pinned = await readIfThere(publicFile);
  let pem = await readIfThere(privateFile);
  if (pem === null) {
    if (!mayCreate || pinned !== null) {
      throw new LogTrouble(
        'log-key-missing',
        `the log's signing key ${privateFile} is missing, and another could not continue the log; restore the data folder's keys from a backup`,
      );
    }
    pem = newPrivateKey();
    await writeOnce(privateFile, pem, 0o600);
  }
  const signer = readSigner(pem, origin, privateFile);
  const vkey = formatVkey(noteVerifier(signer));
  if (pinned === null) await writeOnce(publicFile, `${vkey}\n`, 0o644);
  else if (pinned.trim() !== vkey) {
    throw new LogTrouble(
      'log-key-wrong',
      `the pinned key ${publicFile} is not that of this database's log (${origin}): data folder and database do not belong together; use those that do`,
    );
  }
  return signer;
}

/** The pinned public key; null where the file does not exist. Throws LogTrouble where it is malformed. */
export async function readPinnedKey(file: string): Promise<NoteVerifier | null> {
  const text = await readIfThere(file);
  if (text === null) return null;
  const verifier = parseVkey(text);
  if (verifier === null) throw new LogTrouble('log-key-wrong', `${file} does not hold a key of the form name+id+key`);
  return verifier;
}

/** A new Ed25519 private key, PKCS #8 in PEM. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Throws LogTrouble where the text is no such key; `file` is named. */
export function readSigner(pem: string, origin: string, file: string): NoteSigner {
  try {
    return noteSigner(origin, createPrivateKey(pem));
  } catch (error) {
    throw new LogTrouble(
      'log-key-wrong',
      `${file} does not hold an Ed25519 private key; restore it from a backup`,
      error,
    );
  }
}

/** Null where there is no such file; throws LogTrouble where it cannot be read. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new LogTrouble('log-key-missing', `${file} cannot be read: ${(error as Error).message}`, error);
  }
}

/** Durable before it is named: a crash leaves the whole file or none. */
export async function writeOnce(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const half = `${file}.${process.pid}.half`;
  const handle = await open(half, 'w', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(half, file);
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
