// Under which account the embedded PostgreSQL runs: it refuses root. As root the account `postgres` is used, made if
// there is none; it is never altered or removed, since it may belong to somebody.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { DatabaseTrouble } from './trouble.ts';

const run = promisify(execFile);
const preferredAccount = 'postgres';
const fallbackAccount = 'nobody';

/** Null: as whoever we are. */
export type Account = { readonly uid: number; readonly gid: number; readonly name: string } | null;

/** The account to run the server under. Throws DatabaseTrouble where we are root and no other account can be had. */
export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return null;
  const existing = await findAccount(preferredAccount);
  if (existing !== null) return existing;
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      preferredAccount,
    ]);
  } catch {
    // No useradd here, or another start made the account at this moment: look again, then take what every system has.
  }
  const found = (await findAccount(preferredAccount)) ?? (await findAccount(fallbackAccount));
  if (found === null || found.uid === 0) {
    throw new DatabaseTrouble(
      `PostgreSQL does not run as root, and there is no account '${preferredAccount}' to run it under; make one, or start Countersign as an ordinary user`,
    );
  }
  return found;
}

async function findAccount(name: string): Promise<Account> {
  const passwd = await run('getent', ['passwd', name])
    .then(({ stdout }) => stdout)
    .catch(() => readFile('/etc/passwd', 'utf8').catch(() => ''));
  for (const line of passwd.split('\n')) {
    const [found, , uid, gid] = line.split(':');
    if (found === name && uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** What child processes get so that they run under the account. */
export function asAccount(account: Account): { readonly uid?: number; readonly gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

/** Whether another account can walk down to the folder: every folder above it (and itself) lets others pass. */
export async function isReachable(folder: string): Promise<boolean> {
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === path.dirname(current)) return true;
  }
}
