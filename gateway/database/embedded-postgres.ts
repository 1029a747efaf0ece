// The embedded PostgreSQL (OPS-1): a real server in a folder of ours, reached by a socket in a private folder, started by
// the launcher and by tests. Its superuser's password is random and stays with the launcher and the maintenance process.
// Never listens on a network, never runs as root, never removes what it did not make.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newClient } from './connection.ts';
import { type Binaries, findBinaries } from './embedded-binaries.ts';
import { noteLauncher, settleFormerServer, waitUntil } from './former-server.ts';
import { type Account, asAccount, isReachable, serverAccount } from './os-account.ts';
import { DatabaseTrouble } from './trouble.ts';

const ownerName = 'countersign_owner';
const databaseName = 'countersign';
/** A Unix socket's path may have 107 bytes; PostgreSQL adds `/.s.PGSQL.5432.lock`. */
const longestSocketFolder = 85;
const startPatienceMs = 120_000;
const fastStopMs = 20_000;

export type EmbeddedPostgres = {
  /** Superuser's URL of the database `countersign`: for the maintenance process, never for the gateway. */
  readonly ownerUrl: string;
  /** The server's own process, and the folder it works in. */
  readonly pid: number;
  readonly cluster: string;
  /** Resolves with one line when the server ends without stop(). */
  readonly exited: Promise<string>;
  /** Fast shutdown; resolves when the server has ended. Safe to call twice. */
  stop(): Promise<void>;
};

/** Starts the server of this data folder, made on first use. Throws DatabaseTrouble. */
export async function startEmbeddedPostgres(options: {
  readonly dataFolder: string;
  /** Further `name=value` settings, for tests. */
  readonly settings?: readonly string[];
}): Promise<EmbeddedPostgres> {
  const own = path.join(path.resolve(options.dataFolder), 'postgres');
  await makeWritable(options.dataFolder, own);
  const account = await serverAccount();
  const home = await serverHome(own, account);
  const cluster = path.join(home, 'cluster');
  const launcherFile = path.join(own, 'launcher.json');
  const binaries = await findBinaries(account, home);
  await settleFormerServer(cluster, launcherFile);
  const password = await initialise({ binaries, account, home, cluster, own });
  await checkVersion(cluster, binaries.majorVersion);

  await noteLauncher(launcherFile);
  const socketFolder = await makeSocketFolder(home, account);
  const logFile = path.join(own, 'server.log');
  const server = await spawnServer({
    binaries,
    account,
    cluster,
    socketFolder,
    logFile,
    settings: options.settings ?? [],
  });
  const pid = server.pid ?? 0;
  let stopping = false;
  const gone = new Promise<string>((resolve) => {
    server.once('exit', (code, signal) => resolve(`PostgreSQL ended (${signal ?? `exit ${code}`}); see ${logFile}`));
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGINT');
      const timer = setTimeout(() => server.kill('SIGQUIT'), fastStopMs);
      await gone;
      clearTimeout(timer);
    }
    if (socketFolder !== home) await rm(socketFolder, { recursive: true, force: true });
  };
  try {
    await untilReady(server, cluster, logFile);
    const url = (database: string) =>
      `postgresql://${ownerName}:${password}@${encodeURIComponent(socketFolder)}/${database}`;
    await createDatabase(url('postgres'));
    const exited = gone.then((line) => (stopping ? new Promise<never>(() => {}) : line));
    return { ownerUrl: url(databaseName), pid, cluster, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whether startEmbeddedPostgres() would find a database in this data folder, rather than make one. */
export async function hasEmbeddedCluster(dataFolder: string): Promise<boolean> {
  const own = path.join(path.resolve(dataFolder), 'postgres');
  const noted = await readFile(path.join(own, 'location.json'), 'utf8').catch(() => null);
  const home = noted === null ? path.join(own, 'server') : (JSON.parse(noted) as { folder: string }).folder;
  return (await lstat(path.join(home, 'cluster', 'PG_VERSION')).catch(() => null)) !== null;
}

async function makeWritable(dataFolder: string, own: string): Promise<void> {
  try {
    await mkdir(own, { recursive: true });
    const probe = path.join(own, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new DatabaseTrouble(
      `the data folder ${path.resolve(dataFolder)} cannot be written (${code}); correct its owner or set COUNTERSIGN_DATA to another folder`,
      error,
    );
  }
}

/**
 * Where cluster and copied binaries live: beside our own files, or, where the server's account cannot get there, in a
 * folder of a random name elsewhere that `location.json` points to. Neither is ever chosen anew once it is in use.
 */
async function serverHome(own: string, account: Account): Promise<string> {
  const pointer = path.join(own, 'location.json');
  const noted = await readFile(pointer, 'utf8').catch(() => null);
  if (noted !== null) {
    const { folder } = JSON.parse(noted) as { folder: string };
    if ((await lstat(folder).catch(() => null))?.isDirectory() !== true) {
      throw new DatabaseTrouble(
        `the database's folder ${folder}, noted in ${pointer}, is gone; restore it from a backup, or remove ${path.dirname(own)} to begin anew`,
      );
    }
    return realpath(folder);
  }
  if (account === null || (await isReachable(path.dirname(own)))) {
    const home = path.join(own, 'server');
    await mkdir(home, { recursive: true, mode: 0o700 });
    if (account !== null) {
      await chmod(own, 0o711);
      await chown(home, account.uid, account.gid);
    }
    return realpath(home);
  }
  for (const parent of ['/var/lib', '/var/tmp', tmpdir()]) {
    const folder = await mkdtemp(path.join(parent, 'countersign-')).catch(() => null);
    if (folder === null) continue;
    await chown(folder, account.uid, account.gid);
    // So that whoever finds it later can tell whether it is still in use.
    await writeFile(path.join(folder, 'belongs-to'), `${pointer}\n`);
    await writeFile(`${pointer}.new`, JSON.stringify({ folder }), { mode: 0o600 });
    await rename(`${pointer}.new`, pointer);
    return realpath(folder);
  }
  throw new DatabaseTrouble(`no folder was found where the account '${account.name}' can keep the database`);
}

/** Makes the cluster where there is none; a half-made one is never used. Returns the superuser's password. */
async function initialise(where: {
  readonly binaries: Binaries;
  readonly account: Account;
  readonly home: string;
  readonly cluster: string;
  readonly own: string;
}): Promise<string> {
  const passwordFile = path.join(where.own, 'owner-password');
  const exists = (await lstat(where.cluster).catch(() => null)) !== null;
  if (exists) {
    try {
      return (await readFile(passwordFile, 'utf8')).trim();
    } catch (error) {
      throw new DatabaseTrouble(`the embedded database's password file ${passwordFile} cannot be read`, error);
    }
  }
  const password = randomBytes(24).toString('base64url');
  const half = path.join(where.home, `cluster-${randomBytes(4).toString('hex')}.half`);
  const handedOver = `${half}.password`;
  await writeFile(handedOver, password, { mode: 0o600 });
  try {
    if (where.account !== null) await chown(handedOver, where.account.uid, where.account.gid);
    await run(
      where.binaries.initdb,
      [
        `--pgdata=${half}`,
        `--username=${ownerName}`,
        `--pwfile=${handedOver}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
      ],
      where.account,
      where.home,
    );
    await writeFile(passwordFile, password, { mode: 0o600 });
    await rename(half, where.cluster);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(handedOver, { force: true });
  }
  return password;
}

async function run(program: string, args: readonly string[], account: Account, cwd: string): Promise<void> {
  const child = spawn(program, args, {
    ...asAccount(account),
    cwd,
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new DatabaseTrouble(`${path.basename(program)} failed (exit ${code}): ${said.trim().replaceAll('\n', ' ')}`);
  }
}

/** Nothing of the caller's PG* variables and locale reaches the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

async function checkVersion(cluster: string, majorVersion: number): Promise<void> {
  const found = (await readFile(path.join(cluster, 'PG_VERSION'), 'utf8').catch(() => 'unknown')).trim();
  if (found !== String(majorVersion)) {
    throw new DatabaseTrouble(
      `the database in ${cluster} was made by PostgreSQL ${found}, this Countersign brings ${majorVersion}; run the Countersign that made it, or set COUNTERSIGN_DATA to a new folder`,
    );
  }
}

async function makeSocketFolder(home: string, account: Account): Promise<string> {
  if (Buffer.byteLength(home) <= longestSocketFolder) return home;
  const parent =
    Buffer.byteLength(tmpdir()) <= longestSocketFolder - 30 && (await isReachable(tmpdir())) ? tmpdir() : '/tmp';
  const folder = await mkdtemp(path.join(parent, 'countersign-socket-'));
  if (account !== null) await chown(folder, account.uid, account.gid);
  return folder;
}

async function spawnServer(options: {
  readonly binaries: Binaries;
  readonly account: Account;
  readonly cluster: string;
  readonly socketFolder: string;
  readonly logFile: string;
  readonly settings: readonly string[];
}): Promise<ChildProcess> {
  // One start's messages; a file, not a pipe, so that a server that outlives us can still write.
  await rename(options.logFile, `${options.logFile}.before`).catch(() => {});
  const log = await open(options.logFile, 'a', 0o600);
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${options.socketFolder}`,
    'unix_socket_permissions=0700',
    'password_encryption=scram-sha-256',
    'max_connections=60',
    'log_min_messages=warning',
    ...options.settings,
  ];
  try {
    // Its own process group: Ctrl-C in the terminal must reach the launcher alone, which stops the server last.
    const server = spawn(
      options.binaries.postgres,
      ['-D', options.cluster, ...settings.flatMap((setting) => ['-c', setting])],
      {
        ...asAccount(options.account),
        cwd: options.cluster,
        env: serverEnvironment(),
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once('spawn', resolve);
      server.once('error', reject);
    });
    return server;
  } catch (error) {
    throw new DatabaseTrouble(
      `PostgreSQL cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  } finally {
    await log.close();
  }
}

/** Line 8 of postmaster.pid becomes `ready` once connections are taken, recovery included. */
async function untilReady(server: ChildProcess, cluster: string, logFile: string): Promise<void> {
  const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
  const ready = await waitUntil(async () => {
    if (hasEnded()) return true;
    const lines = (await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    return lines[0] === String(server.pid) && lines[7]?.trim() === 'ready';
  }, startPatienceMs);
  if (ready && !hasEnded()) return;
  const said = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' ');
  throw new DatabaseTrouble(`PostgreSQL did not start: ${said || 'it said nothing'} (${logFile})`);
}

async function createDatabase(url: string): Promise<void> {
  const client = newClient(url, { applicationName: 'countersign start' });
  await client.connect();
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName]);
    if ((found.rowCount ?? 0) === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end();
  }
}
