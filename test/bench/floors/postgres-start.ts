// Floor: PostgreSQL's own start. The same binary, as the same account, on a cluster of its own that was initialised before,
// from the start of the process until it says in postmaster.pid that it takes connections.
import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findBinaries } from '../../../gateway/database/embedded-binaries.ts';
import { asAccount, serverAccount } from '../../../gateway/database/os-account.ts';

const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Makes the cluster; the function starts the server, stops it again and gives the seconds until it was ready. */
export async function postgresStart(folder: string): Promise<() => Promise<number>> {
  const account = await serverAccount();
  const home = join(folder, 'floor');
  await mkdir(home, { mode: 0o700 });
  if (account !== null) await chown(home, account.uid, account.gid);
  const binaries = await findBinaries(account, home);
  const cluster = join(home, 'cluster');
  const initialise = [
    '-D',
    cluster,
    '--username=floor',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  await promisify(execFile)(binaries.initdb, initialise, { ...asAccount(account), cwd: home, env });

  return async () => {
    const startedMs = performance.now();
    const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${home}`];
    const server = spawn(binaries.postgres, ['-D', cluster, ...settings], {
      ...asAccount(account),
      cwd: home,
      env,
      stdio: 'ignore',
    });
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    try {
      while (!(await isReady(cluster))) {
        if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
        await pause(5);
      }
      return (performance.now() - startedMs) / 1000;
    } finally {
      server.kill('SIGINT');
      await ended;
    }
  };
}

async function isReady(cluster: string): Promise<boolean> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return lines[7]?.trim() === 'ready';
}
