import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newClient } from '../../../gateway/database/connection.ts';
import { startEmbeddedPostgres } from '../../../gateway/database/embedded-postgres.ts';
import { isAlive, waitUntil } from '../../../gateway/database/former-server.ts';
import { temporaryFolder } from '../../support/database.ts';

const module = fileURLToPath(new URL('../../../gateway/database/embedded-postgres.ts', import.meta.url));
const asRoot = process.getuid?.() === 0;

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = newClient(url, { applicationName: 'test' });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** A launcher of its own, to be killed: starts the server of the folder, says its pid. */
async function startLauncher(
  dataFolder: string,
): Promise<{ pid: number; serverPid: number; kill: () => Promise<void> }> {
  const script = `import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const server = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder)} });
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const serverPid = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    child.once('exit', () => reject(new Error('the launcher ended')));
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  return {
    pid: child.pid ?? 0,
    serverPid,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('the embedded PostgreSQL', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await chmod(folder, 0o700);
    await rm(folder, { recursive: true, force: true });
  });

  it('OPS-1: starts in an empty folder, keeps its data over a restart, leaves nothing running', async () => {
    const first = await startEmbeddedPostgres({ dataFolder: folder });
    await query(first.ownerUrl, 'CREATE TABLE kept (x int); INSERT INTO kept VALUES (42)');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await startEmbeddedPostgres({ dataFolder: folder });
    expect(await query(second.ownerUrl, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
    await second.stop();
    expect((await stat(path.join(folder, 'postgres', 'owner-password'))).mode & 0o077).toBe(0);
  });

  it('OPS-1: listens on no network, and asks every connection for its password', async () => {
    const server = await startEmbeddedPostgres({ dataFolder: folder });
    expect(await query(server.ownerUrl, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    const wrong = new URL(server.ownerUrl);
    wrong.password = 'wrong';
    await expect(query(wrong.toString(), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.stop();
  });

  it('OPS-1: a launcher that was killed hard: the next start ends its server and recovers what was committed', async () => {
    const launcher = await startLauncher(folder);
    await launcher.kill();
    expect(isAlive(launcher.serverPid)).toBe(true);
    const next = await startEmbeddedPostgres({ dataFolder: folder });
    expect(isAlive(launcher.serverPid)).toBe(false);
    expect(await query(next.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.stop();
  });

  it('OPS-1: a server that was killed hard: said at once, and the next start recovers', async () => {
    const first = await startEmbeddedPostgres({ dataFolder: folder });
    await query(first.ownerUrl, 'CREATE TABLE kept (x int); INSERT INTO kept VALUES (7)');
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toContain('SIGKILL');
    const next = await startEmbeddedPostgres({ dataFolder: folder });
    expect(await query(next.ownerUrl, 'SELECT x FROM kept')).toEqual([{ x: 7 }]);
    await next.stop();
  });

  it('OPS-1: a pid file whose number belongs to another program by now keeps nobody from starting', async () => {
    const first = await startEmbeddedPostgres({ dataFolder: folder });
    const cluster = path.join(folder, 'postgres', 'server', 'cluster');
    const pidFile = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8');
    await first.stop();
    const lines = pidFile.split('\n');
    await writeFile(path.join(cluster, 'postmaster.pid'), [String(process.pid), ...lines.slice(1)].join('\n'));
    const next = await startEmbeddedPostgres({ dataFolder: folder });
    expect(isAlive(process.pid)).toBe(true);
    await next.stop();
  });

  it('OPS-1: a folder that a living launcher uses is refused, in one line, and its server left alone', async () => {
    const launcher = await startLauncher(folder);
    try {
      await expect(startEmbeddedPostgres({ dataFolder: folder })).rejects.toMatchObject({
        name: 'DatabaseTrouble',
        message: expect.stringMatching(new RegExp(`^[^\\n]*process ${launcher.pid}[^\\n]*COUNTERSIGN_DATA[^\\n]*$`)),
      });
      expect(isAlive(launcher.serverPid)).toBe(true);
    } finally {
      await launcher.kill();
      process.kill(launcher.serverPid, 'SIGINT');
      await waitUntil(async () => !isAlive(launcher.serverPid), 10_000);
    }
  });

  it('OPS-1: another version’s data is refused, not touched', async () => {
    const first = await startEmbeddedPostgres({ dataFolder: folder });
    await first.stop();
    const version = path.join(folder, 'postgres', 'server', 'cluster', 'PG_VERSION');
    await writeFile(version, '13\n');
    await expect(startEmbeddedPostgres({ dataFolder: folder })).rejects.toThrow(/made by PostgreSQL 13/);
  });

  it('OPS-1: a half-made cluster is never used', async () => {
    const half = path.join(folder, 'postgres', 'server', 'cluster-00000000.half');
    await mkdir(half, { recursive: true });
    await writeFile(path.join(half, 'PG_VERSION'), '18\n');
    await chmod(folder, 0o755);
    const server = await startEmbeddedPostgres({ dataFolder: folder });
    expect(await query(server.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('OPS-1: a data folder that cannot be made is refused in one line', async () => {
    await writeFile(path.join(folder, 'file'), '');
    await expect(startEmbeddedPostgres({ dataFolder: path.join(folder, 'file', 'data') })).rejects.toThrow(
      /cannot be written \(ENOTDIR\); [^\n]*COUNTERSIGN_DATA/,
    );
  });

  it.skipIf(!asRoot)(
    `OPS-1: as root, below a home that nobody else may enter, it runs elsewhere under another account${asRoot ? '' : ' (skipped: not root)'}`,
    async () => {
      await chmod(folder, 0o700);
      const data = path.join(folder, 'home', 'data');
      await mkdir(data, { recursive: true, mode: 0o700 });
      const server = await startEmbeddedPostgres({ dataFolder: data });
      const pointer = JSON.parse(await readFile(path.join(data, 'postgres', 'location.json'), 'utf8')) as {
        folder: string;
      };
      try {
        expect((await stat(pointer.folder)).uid).not.toBe(0);
        expect((await stat(`/proc/${server.pid}`)).uid).not.toBe(0);
        await query(server.ownerUrl, 'CREATE TABLE kept (x int)');
        await server.stop();
        const again = await startEmbeddedPostgres({ dataFolder: data });
        expect(await query(again.ownerUrl, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 0 }]);
        await again.stop();
        expect(await readdir(pointer.folder)).toContain('cluster');
      } finally {
        await server.stop();
        await rm(pointer.folder, { recursive: true, force: true });
      }
      await expect(startEmbeddedPostgres({ dataFolder: data })).rejects.toThrow(/is gone; restore it/);
    },
  );
});
