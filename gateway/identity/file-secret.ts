// A secret in a file of its own, outside the database (IDN-2): read at start, made at the first one. Called by main.ts.
// Never logged, never sent anywhere.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';

const secretBytes = 32;

/**
 * Reads 32 bytes, written as hex with mode 0600; makes the file where it is missing and `mayCreate` says so. Throws where
 * the file is damaged, or missing when accounts exist already: a new secret would lock everybody out.
 */
export async function fileSecret(path: string, mayCreate: boolean): Promise<Uint8Array> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text !== null) {
    const bytes = Buffer.from(text.trim(), 'hex');
    if (bytes.length !== secretBytes) throw new Error(`the secret in ${path} is damaged: restore it from a backup`);
    return bytes;
  }
  if (!mayCreate)
    throw new Error(`the secret ${path} is missing: restore it from a backup; no password works without it`);
  const bytes = randomBytes(secretBytes);
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(`${bytes.toString('hex')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return bytes;
}
