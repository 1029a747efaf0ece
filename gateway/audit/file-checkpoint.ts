// The newest checkpoint outside the database (AUD-3): `checkpoints/log.checkpoint` in the data folder. The writer
// flushes every commit's signed head to it before it answers anybody; the start check holds the database against it.
// Two slots a page apart are written in turn, so that a torn write leaves the head before it.
import fs, { constants, type PathLike } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { writeOnce } from './file-keys.ts';
import { LogTrouble } from './log-trouble.ts';
import type { NoteVerifier } from './signed-note.ts';

const slotBytes = 4096;
const slots = 2;

export function checkpointFile(dataFolder: string): string {
  return path.join(dataFolder, 'checkpoints', 'log.checkpoint');
}

export type KeptCheckpoint = { readonly note: string; readonly checkpoint: Checkpoint };

/**
 * The newest checkpoint that the file holds, signed by one of the keys, the log's present one first. `missing`: no file. `empty`: made, and nothing was ever written to it.
 * Throws LogTrouble where something was, and no slot verifies.
 */
export async function readCheckpointFile(
  file: string,
  ...verifiers: readonly [NoteVerifier, ...NoteVerifier[]]
): Promise<KeptCheckpoint | 'missing' | 'empty'> {
  let content: Buffer;
  try {
    content = await fs.promises.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw new LogTrouble('checkpoint-file-damaged', `${file} cannot be read: ${(error as Error).message}`, error);
  }
  let newest: KeptCheckpoint | null = null;
  for (let slot = 0; slot < slots; slot++) {
    const bytes = content.subarray(slot * slotBytes, (slot + 1) * slotBytes);
    const end = bytes.indexOf(0);
    const note = bytes.subarray(0, end < 0 ? bytes.length : end).toString('utf8');
    for (const verifier of verifiers) {
      const opened = openCheckpoint(note, verifier);
      if (opened.ok && (newest === null || newest.checkpoint.size < opened.checkpoint.size))
        newest = { note, checkpoint: opened.checkpoint };
    }
  }
  if (newest !== null) return newest;
  if (content.length === slots * slotBytes && content.every((byte) => byte === 0)) return 'empty';
  throw new LogTrouble(
    'checkpoint-file-damaged',
    `${file} holds no checkpoint signed by ${verifiers[0].name}; restore it from a backup, or have the log verified and accepted anew (docs/audit-log.md, "When the start is refused")`,
  );
}

/** Whether nothing was ever written to it, or it does not exist. */
export async function isUnused(file: string): Promise<boolean> {
  const content = await fs.promises.readFile(file).catch(() => Buffer.alloc(0));
  return content.every((byte) => byte === 0);
}

/** Makes the file with two empty slots. */
export async function createCheckpointFile(file: string): Promise<void> {
  await writeOnce(file, new Uint8Array(slots * slotBytes), 0o600);
}

/** The writer's hold on the file; one at a time. */
export class CheckpointFile {
  readonly #file: PathLike;
  #handle: FileHandle;
  #nextSlot = 0;

  private constructor(file: PathLike, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** `current` is what the file holds now: its slot is written last. */
  static async open(file: string, current: string | null): Promise<CheckpointFile> {
    const opened = new CheckpointFile(file, await openDurable(file));
    if (current !== null) {
      const first = Buffer.alloc(Buffer.byteLength(current));
      await opened.#handle.read(first, 0, first.length, 0);
      opened.#nextSlot = first.toString('utf8') === current ? 1 : 0;
    }
    return opened;
  }

  /** Durable when it resolves: the descriptor is O_DSYNC, so that one call both writes and flushes. */
  write(note: string): Promise<void> {
    const bytes = Buffer.alloc(Math.max(512, Math.ceil((Buffer.byteLength(note) + 1) / 512) * 512));
    if (bytes.length > slotBytes) return Promise.reject(new RangeError('a checkpoint does not fit its slot'));
    bytes.write(note);
    const position = this.#nextSlot * slotBytes;
    return new Promise((resolve, reject) => {
      fs.write(this.#handle.fd, bytes, 0, bytes.length, position, (error, written) => {
        if (error !== null) return reject(error);
        if (written !== bytes.length) return reject(new Error('a checkpoint was written in part only'));
        this.#nextSlot = (this.#nextSlot + 1) % slots;
        resolve();
      });
    });
  }

  /** After a failed write: a fresh descriptor, since the old one's state is not to be relied upon. */
  async reopen(): Promise<void> {
    await this.#handle.close().catch(() => {});
    this.#handle = await openDurable(this.#file);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function openDurable(file: PathLike): Promise<FileHandle> {
  return open(file, constants.O_RDWR | constants.O_DSYNC);
}
