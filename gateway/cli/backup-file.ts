// The file of a backup: a tar, compressed by gzip, encrypted in the age format unless asked otherwise. Written and read as a
// stream with bounded memory; a file that was not finished never bears its name. Used by backup.ts and restore.ts.
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { decrypted, encrypted, type Lock, type Opener } from './backup-encryption.ts';
import { CannotDo, WronglyAsked } from './sub-command.ts';

/** A table's stream is cut into entries of this size: a tar needs to know sizes ahead. */
const partBytes = 4 * 1024 * 1024;
/** An entry beyond it is not one of ours. */
const longestEntry = 64 * 1024 * 1024;
const ageMagic = Buffer.from('age-encryption.org/v1');
const gzipMagic = Buffer.of(0x1f, 0x8b);

export type BackupWriter = {
  readonly add: (name: string, bytes: Buffer) => Promise<void>;
  /** All of `chunks`, as entries `<prefix>00000000`, `<prefix>00000001`, …: put together they are the stream. */
  readonly addStream: (prefix: string, chunks: AsyncIterable<Buffer>) => Promise<void>;
  /** Durable and under its name when it resolves; its size in bytes. */
  readonly finish: () => Promise<number>;
  /** Leaves nothing behind. */
  readonly discard: () => Promise<void>;
};

/** Throws CannotDo where the file exists or cannot be made. */
export async function writeBackup(file: string, lock: Lock): Promise<BackupWriter> {
  if ((await stat(file).catch(() => null)) !== null)
    throw new CannotDo(`${file} exists already; a backup never replaces a file`);
  const half = `${file}.half`;
  const target = createWriteStream(half, { flags: 'wx', mode: 0o600 });
  try {
    await new Promise((resolve, reject) => {
      target.once('open', resolve);
      target.once('error', reject);
    });
  } catch (error) {
    throw new CannotDo(
      `${half} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); free the place, or name another file`,
    );
  }
  const pack = tar.pack();
  const gzip = createGzip({ level: 1 });
  // What fails in the first leg destroys gzip, and with it the second.
  const first = pipeline(pack, gzip);
  const second = (async () => pipeline(lock === null ? gzip : await encrypted(gzip, lock), target))();
  const done = Promise.all([first, second]);
  done.catch(() => {
    // add() and finish() say so.
  });
  const mtime = new Date();
  const add = async (name: string, bytes: Buffer): Promise<void> => {
    const added = new Promise<void>((resolve, reject) => {
      pack.entry({ name, size: bytes.length, mode: 0o600, mtime }, bytes, (error) =>
        error ? reject(error) : resolve(),
      );
    });
    await Promise.race([added, done]);
  };
  let under = half;
  return {
    add,
    addStream: async (prefix, chunks) => {
      let part = 0;
      let waiting: Buffer[] = [];
      let bytes = 0;
      const flush = async (): Promise<void> => {
        await add(`${prefix}${String(part).padStart(8, '0')}`, Buffer.concat(waiting));
        part += 1;
        waiting = [];
        bytes = 0;
      };
      for await (const chunk of chunks) {
        waiting.push(chunk);
        bytes += chunk.length;
        if (bytes >= partBytes) await flush();
      }
      if (bytes > 0) await flush();
    },
    finish: async () => {
      pack.finalize();
      await done;
      const handle = await open(half, 'r+');
      await handle.sync();
      const { size } = await handle.stat();
      await handle.close();
      await rename(half, file);
      under = file;
      const folder = await open(path.dirname(path.resolve(file)), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
      return size;
    },
    discard: async () => {
      pack.destroy();
      await done.catch(() => undefined);
      await rm(under, { force: true });
    },
  };
}

export type BackupEntry = { readonly name: string; readonly bytes: Buffer };

/**
 * The entries in order. `onBytes` is told how many bytes of the file were read. Throws CannotDo where it is no backup,
 * cannot be decrypted, or is damaged or cut off.
 */
export async function* readBackup(
  file: string,
  opener: Opener,
  onBytes: (bytes: number) => void,
): AsyncGenerator<BackupEntry> {
  const magic = await firstBytes(file);
  const isSealed = magic.equals(ageMagic);
  if (!isSealed && !magic.subarray(0, gzipMagic.length).equals(gzipMagic))
    throw new CannotDo(`${file} is not a backup: neither encrypted by age nor compressed by gzip`);
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
  const extract = tar.extract();
  const first = pipeline(source, counted);
  first.catch(() => {
    // The second leg says so.
  });
  try {
    const plain = isSealed ? await decrypted(counted, opener) : counted;
    const second = pipeline(plain, createGunzip(), extract);
    second.catch(() => {
      // The iteration throws the same.
    });
    for await (const entry of extract) {
      const { name, size, type } = entry.header;
      if (type !== 'file' || (size ?? 0) > longestEntry) throw new CannotDo(`${file} holds an odd entry: ${name}`);
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      yield { name, bytes: Buffer.concat(chunks) };
    }
    await second;
  } catch (error) {
    if (error instanceof CannotDo || error instanceof WronglyAsked) throw error;
    throw new CannotDo(`${file} is damaged or cut off: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    source.destroy();
    extract.destroy();
  }
}

async function firstBytes(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.alloc(ageMagic.length);
      await handle.read(bytes, 0, bytes.length, 0);
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CannotDo(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
