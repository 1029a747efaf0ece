// What of the data folder belongs into a backup beside the database: keys and certificates. The checkpoint file is not
// copied but written anew from the restored log's head; run information, server logs and the simulators' files stay out.
// Used by backup.ts and restore.ts.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeOnce } from '../audit/file-keys.ts';
import { CannotDo } from './sub-command.ts';

/** Folders of the data folder, with all that is in them: keys of log, passwords and rotation; OPC UA certificates and trust list. */
const folders = ['keys', 'drivers'] as const;
const longestFile = 16 * 1024 * 1024;
const mostFiles = 10_000;

/** Path relative to the data folder, with `/` between folders. */
export type DataFile = { readonly name: string; readonly bytes: Buffer };

export async function readDataFiles(dataFolder: string): Promise<readonly DataFile[]> {
  const files: DataFile[] = [];
  for (const folder of folders) await walk(dataFolder, folder, files);
  return files;
}

async function walk(dataFolder: string, relative: string, files: DataFile[]): Promise<void> {
  const entries = await readdir(path.join(dataFolder, relative), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new CannotDo(
        `${path.join(dataFolder, relative)} cannot be read (${error.code}); run this as the gateway's user`,
      );
    },
  );
  for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const name = `${relative}/${entry.name}`;
    if (entry.isDirectory()) await walk(dataFolder, name, files);
    if (!entry.isFile() || entry.name.endsWith('.half')) continue;
    const full = path.join(dataFolder, name);
    if ((await stat(full)).size > longestFile || files.length >= mostFiles)
      throw new CannotDo(`${full} does not look like a key or certificate: it is too large, or there are too many`);
    files.push({ name, bytes: await readFile(full) });
  }
}

/** Whether a name from a backup stays within the folders that a backup may fill. */
export function isDataFileName(name: string): boolean {
  const parts = name.split('/');
  const [first] = parts;
  return (
    parts.length > 1 &&
    folders.some((folder) => folder === first) &&
    parts.every((part) => /^[\w@+=,.:[\] -]{1,255}$/u.test(part) && part !== '.' && part !== '..')
  );
}

/** Leaves what is there: throws CannotDo before anything is written where a file is there with other contents. */
export async function placeDataFiles(dataFolder: string, files: readonly DataFile[]): Promise<void> {
  const missing: DataFile[] = [];
  for (const file of files) {
    const there = await readFile(path.join(dataFolder, file.name)).catch(() => null);
    if (there === null) missing.push(file);
    else if (!there.equals(file.bytes))
      throw new CannotDo(
        `${path.join(dataFolder, file.name)} is there already and is not that of the backup; restore into an empty data folder`,
      );
  }
  for (const { name, bytes } of missing) {
    const full = path.join(dataFolder, name);
    await mkdir(path.dirname(full), { recursive: true, mode: 0o700 });
    await writeOnce(full, bytes, name.endsWith('.vkey') ? 0o644 : 0o600);
  }
}
