// Notes that the command line leaves in the data folder of what it took out of the log, so that the gateway, the log's only
// writer, records it: at once where it runs, else at its next start (AUD-1, OPS-6). Durable before what they tell is done.
// Left through cli/leave-note.ts, taken up by assembly/cli-notes.ts.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { exportFormatSchema } from '../contract/audit-filter.ts';
import { timeSchema } from '../contract/ids.ts';
import { writeOnce } from './file-keys.ts';

const madeBy = {
  at: timeSchema,
  /** Account of the operating system, in the words of the machine itself. */
  by: z.string().max(256),
};
const filePath = z.string().max(4096);

/** `begun` before the file's first byte; `written` once it is durable; `failed` where it was given up. */
export const backupSteps = ['begun', 'written', 'failed'] as const;

const backupNoteSchema = z.strictObject({
  /** Of the backup: the same in all its notes. */
  backup: z.uuid(),
  step: z.enum(backupSteps),
  ...madeBy,
  file: filePath,
  /** Number of the newest record that is in it. */
  upTo: z.int().nonnegative(),
  encrypted: z.boolean(),
  /** Whether the log's private key and the others are in it. */
  keys: z.boolean(),
  /** Of the file; null before it is written. */
  bytes: z.int().nonnegative().nullable(),
  trouble: z.string().max(2000).nullable(),
});
export type BackupNote = z.infer<typeof backupNoteSchema>;

const exportNoteSchema = z.strictObject({
  export: z.uuid(),
  ...madeBy,
  through: z.literal('command line'),
  /** Null: to standard output. */
  file: filePath.nullable(),
  format: exportFormatSchema,
  filter: z.record(z.string(), z.string()),
  /** How many match; a bundle holds those that they stand on as well. */
  records: z.int().nonnegative(),
  /** Number of the newest record that was looked at; -1 for an empty log. */
  upTo: z.int().min(-1),
  /** The signed note at `upTo`. */
  checkpoint: z.string().max(65_536).nullable(),
});
export type ExportNote = z.infer<typeof exportNoteSchema>;

const cliNoteSchema = z.union([backupNoteSchema, exportNoteSchema]);
export type CliNote = BackupNote | ExportNote;

function notesFolder(dataFolder: string): string {
  return path.join(dataFolder, 'notes');
}

/** By the gateway, so that notes which another account leaves there can be read and removed by it. */
export async function makeNotesFolder(dataFolder: string): Promise<void> {
  await mkdir(notesFolder(dataFolder), { recursive: true, mode: 0o700 });
}

/** Durable when it resolves. Readable to all: the gateway may run under another account, and nothing in it is secret. */
export async function leaveCliNote(dataFolder: string, note: CliNote): Promise<void> {
  const [order, id] = 'backup' in note ? [backupSteps.indexOf(note.step), note.backup] : [0, note.export];
  const name = `${note.at.replaceAll(/[^0-9]/g, '')}-${order}-${id}.json`;
  await writeOnce(path.join(notesFolder(dataFolder), name), `${JSON.stringify(note)}\n`, 0o644);
}

export type FoundNote = { readonly file: string; readonly note: CliNote | null };

/** In the order in which they were left; `note` is null where the file is no such note. */
export async function readCliNotes(dataFolder: string): Promise<readonly FoundNote[]> {
  const folder = notesFolder(dataFolder);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map(async (name) => {
        const file = path.join(folder, name);
        return { file, note: noteIn(await readFile(file, 'utf8')) };
      }),
  );
}

/** Once its record is durable. */
export async function dropCliNote({ file }: FoundNote): Promise<void> {
  await rm(file, { force: true });
}

function noteIn(text: string): CliNote | null {
  try {
    return cliNoteSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
