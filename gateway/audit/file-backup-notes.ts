// Notes that `countersign backup` leaves in the data folder, so that the gateway, the log's only writer, records each backup: at
// once where it runs, else at its next start (AUD-1, OPS-6). One file a step, durable before the step is taken. Written by
// cli/backup.ts, taken up by assembly/backup-notes.ts.
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { timeSchema } from '../contract/ids.ts';
import { writeOnce } from './file-keys.ts';

/** `begun` before the file's first byte; `written` once it is durable; `failed` where it was given up. */
export const backupSteps = ['begun', 'written', 'failed'] as const;

export const backupNoteSchema = z.strictObject({
  /** Of the backup: the same in all its notes. */
  backup: z.uuid(),
  step: z.enum(backupSteps),
  at: timeSchema,
  /** Account of the operating system, in the words of the machine itself. */
  by: z.string().max(256),
  /** Full path of the backup's file. */
  file: z.string().max(4096),
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

function notesFolder(dataFolder: string): string {
  return path.join(dataFolder, 'backups');
}

/** Durable when it resolves. Readable to all: the gateway may run under another account, and nothing in it is secret. */
export async function leaveBackupNote(dataFolder: string, note: BackupNote): Promise<void> {
  const order = backupSteps.indexOf(note.step);
  const name = `${note.at.replaceAll(/[^0-9]/g, '')}-${order}-${note.backup}.json`;
  await writeOnce(path.join(notesFolder(dataFolder), name), `${JSON.stringify(note)}\n`, 0o644);
}

export type FoundNote = { readonly file: string; readonly note: BackupNote | null };

/** In the order in which they were left; `note` is null where the file is no such note. */
export async function readBackupNotes(dataFolder: string): Promise<readonly FoundNote[]> {
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
export async function dropBackupNote({ file }: FoundNote): Promise<void> {
  await rm(file, { force: true });
}

function noteIn(text: string): BackupNote | null {
  try {
    return backupNoteSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
