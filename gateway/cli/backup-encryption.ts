// How a backup is locked and opened: the age format (age-encryption.org/v1), by passphrase or by recipients' keys, so that
// age itself and its relatives open it too. Used by backup-file.ts; the options are those of `backup` and `restore`.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter } from 'age-encryption';
import { CannotDo, WronglyAsked } from './sub-command.ts';

/** Shorter passphrases are refused: a backup can be guessed at without anybody noticing. */
const shortestPassphrase = 12;
/** age's own word for the secret half of a key. */
const identityPattern = /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]+$/;
const recipientPattern = /^age1[a-z0-9]+$/;

/** Null: the file stays as it is. */
export type Lock = { readonly passphrase: string } | { readonly recipients: readonly string[] } | null;
export type Opener = { readonly passphrase: (() => Promise<string>) | null; readonly identities: readonly string[] };

export async function encrypted(plain: Readable, lock: Exclude<Lock, null>): Promise<Readable> {
  const encrypter = new Encrypter();
  if ('passphrase' in lock) encrypter.setPassphrase(lock.passphrase);
  else for (const recipient of lock.recipients) encrypter.addRecipient(recipient);
  return fromWeb(await encrypter.encrypt(toWeb(plain)));
}

/** Throws CannotDo where nothing given opens it. */
export async function decrypted(sealed: Readable, opener: Opener): Promise<Readable> {
  const decrypter = new Decrypter();
  for (const identity of opener.identities) decrypter.addIdentity(identity);
  if (opener.identities.length === 0) {
    if (opener.passphrase === null)
      throw new WronglyAsked(
        'the backup is encrypted; give --identity FILE, --passphrase-file FILE or COUNTERSIGN_BACKUP_PASSPHRASE',
      );
    decrypter.addPassphrase(await opener.passphrase());
  }
  try {
    return fromWeb(await decrypter.decrypt(toWeb(sealed)));
  } catch (error) {
    throw new CannotDo(
      `the backup cannot be decrypted: ${error instanceof Error ? error.message : String(error)}; is it the right passphrase or identity?`,
    );
  }
}

export type LockOptions = {
  readonly recipient?: readonly string[] | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly unencrypted?: boolean | undefined;
};

/** What the options ask for; the passphrase from a file, the environment or a person at a terminal, asked twice. */
export async function readLock(options: LockOptions, env: NodeJS.ProcessEnv): Promise<Lock> {
  const recipients = options.recipient ?? [];
  const ways = [recipients.length > 0, options['passphrase-file'] !== undefined, options.unencrypted === true];
  if (ways.filter(Boolean).length > 1)
    throw new WronglyAsked('--recipient, --passphrase-file and --unencrypted exclude each other');
  if (options.unencrypted) return null;
  if (recipients.length > 0) {
    const odd = recipients.find((recipient) => !recipientPattern.test(recipient));
    if (odd !== undefined) throw new WronglyAsked(`--recipient is not a public key of age (age1…): ${odd}`);
    return { recipients };
  }
  const given = await givenPassphrase(options['passphrase-file'], env);
  const passphrase = given ?? (await typedTwice());
  if (passphrase.length < shortestPassphrase)
    throw new WronglyAsked(`the passphrase is too short: take ${shortestPassphrase} characters at least`);
  return { passphrase };
}

/** Nothing is asked before the file turns out to need it. */
export async function readOpener(
  options: { readonly identity?: readonly string[] | undefined; readonly 'passphrase-file'?: string | undefined },
  env: NodeJS.ProcessEnv,
): Promise<Opener> {
  const identities: string[] = [];
  for (const file of options.identity ?? []) {
    const lines = (await readText(file, '--identity')).split('\n').map((line) => line.trim());
    const found = lines.filter((line) => identityPattern.test(line));
    if (found.length === 0) throw new WronglyAsked(`--identity ${file} holds no secret key of age (AGE-SECRET-KEY-1…)`);
    identities.push(...found);
  }
  const given = await givenPassphrase(options['passphrase-file'], env);
  const ask = process.stdin.isTTY ? () => typed('Passphrase of the backup: ') : null;
  return { identities, passphrase: given === null ? ask : async () => given };
}

async function givenPassphrase(file: string | undefined, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (file !== undefined) return (await readText(file, '--passphrase-file')).replace(/\r?\n$/, '');
  return env.COUNTERSIGN_BACKUP_PASSPHRASE || null;
}

async function readText(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WronglyAsked(`${option} ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

async function typedTwice(): Promise<string> {
  if (!process.stdin.isTTY)
    throw new WronglyAsked(
      'a backup is encrypted: give --passphrase-file FILE, COUNTERSIGN_BACKUP_PASSPHRASE or --recipient KEY, or ask for --unencrypted',
    );
  const first = await typed('Passphrase for the backup: ');
  if ((await typed('Once more: ')) !== first) throw new WronglyAsked('the two passphrases differ');
  return first;
}

/** From the terminal, without showing it. */
async function typed(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(new WronglyAsked('no passphrase was given')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

// Node's web streams and those of the DOM, which the library's types name, are the same objects.
function toWeb(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as unknown as globalThis.ReadableStream<Uint8Array>;
}

function fromWeb(stream: globalThis.ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(stream as unknown as ReadableStream<Uint8Array>);
}
