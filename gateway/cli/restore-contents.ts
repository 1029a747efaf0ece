// What is in a backup, in the order in which it stands there: manifest, files, tables, sums. Holds the sums against what
// was read, so that nothing is missing. Used by restore.ts, with a database, and restore-check.ts, without.
import { createHash } from 'node:crypto';
import { type DataFile, isDataFileName } from './backup-data-files.ts';
import type { Opener } from './backup-encryption.ts';
import { type BackupEntry, readBackup } from './backup-file.ts';
import {
  type End,
  endName,
  endSchema,
  filesFolder,
  type Manifest,
  manifestName,
  manifestSchema,
  tablesFolder,
} from './backup-manifest.ts';
import { CannotDo } from './sub-command.ts';

export type BackupContents = {
  readonly manifest: Manifest;
  readonly files: readonly DataFile[];
  /**
   * All tables with their streams, each to be read to its end before the next; `rows` is told how many came out. Throws
   * CannotDo at the end where the sums differ.
   */
  readonly tables: (
    take: (table: Manifest['tables'][number], chunks: AsyncIterable<Buffer>) => Promise<number>,
  ) => Promise<End>;
};

/** Throws CannotDo where the file is no backup that this program knows. */
export async function openBackup(
  file: string,
  opener: Opener,
  onBytes: (bytes: number) => void,
): Promise<BackupContents> {
  const entries = readBackup(file, opener, onBytes);
  const manifest = manifestOf(await next(entries), file);
  const files: DataFile[] = [];
  let entry = await next(entries);
  for (; entry?.name.startsWith(filesFolder); entry = await next(entries)) {
    const name = entry.name.slice(filesFolder.length);
    if (!isDataFileName(name)) throw new CannotDo(`${file} holds a file that belongs to no data folder: ${name}`);
    files.push({ name, bytes: entry.bytes });
  }
  let ahead = entry;
  return {
    manifest,
    files,
    tables: async (take) => {
      const sums: End = { tables: {} };
      for (const table of manifest.tables) {
        const digest = createHash('sha256');
        const prefix = `${tablesFolder}${table.name}/`;
        const chunks = async function* (): AsyncGenerator<Buffer> {
          for (; ahead?.name.startsWith(prefix); ahead = await next(entries)) {
            digest.update(ahead.bytes);
            yield ahead.bytes;
          }
        };
        sums.tables[table.name] = { rows: await take(table, chunks()), sha256: digest.digest('hex') };
      }
      if (ahead?.name !== endName)
        throw new CannotDo(`${file} ends too early: ${ahead?.name ?? 'nothing'} follows the tables`);
      const said = endSchema.parse(JSON.parse(ahead.bytes.toString('utf8')));
      for (const { name } of manifest.tables) {
        const [read, written] = [sums.tables[name], said.tables[name]];
        if (read?.sha256 !== written?.sha256 || read?.rows !== written?.rows)
          throw new CannotDo(`${file} is damaged: table ${name} is not what was written`);
      }
      return sums;
    },
  };
}

async function next(entries: AsyncGenerator<BackupEntry>): Promise<BackupEntry | null> {
  const step = await entries.next();
  return step.done === true ? null : step.value;
}

function manifestOf(entry: BackupEntry | null, file: string): Manifest {
  if (entry?.name !== manifestName)
    throw new CannotDo(`${file} is not a backup of Countersign: it begins with no manifest`);
  const parsed = manifestSchema.safeParse(JSON.parse(entry.bytes.toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new CannotDo(
    `${file} was written by a program that this one does not know: ${parsed.error.issues[0]?.path.join('.')}`,
  );
}
