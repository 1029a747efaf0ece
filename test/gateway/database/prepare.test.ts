import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newClient } from '../../../gateway/database/connection.ts';
import { makePartitionsAhead, partitionRows } from '../../../gateway/database/partitions.ts';
import { connectAsOwner, prepareDatabase } from '../../../gateway/database/prepare.ts';
import { openTestLog, startTestServer, type TestDatabase, type TestServer } from '../../support/database.ts';

const maintenance = fileURLToPath(new URL('../../../gateway/cli/maintenance.ts', import.meta.url));

/** The maintenance process as the launcher starts it; `lines` are those of standard output. */
function startMaintenance(told: unknown) {
  const child = spawn(process.execPath, [maintenance], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('\n')) resolve(out);
    });
    child.once('close', () => resolve(out));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.write(`${JSON.stringify(told)}\n`);
  return { child, firstLine, code, errors: () => err };
}

describe('preparing a database', () => {
  let server: TestServer;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await server.freshDatabase();
  });
  afterEach(() => database.stop());

  const prepare = async (mode: 'demo' | 'production') => {
    const client = await connectAsOwner(database.superuserUrl);
    try {
      return await prepareDatabase(client, database.superuserUrl, mode, { password: 'countersign-test' });
    } finally {
      await client.end();
    }
  };
  const emptied = () => database.superuser.query('DROP SCHEMA countersign CASCADE');

  it('OPS-1: is safe to repeat; the log keeps its origin', async () => {
    const again = await prepare('demo');
    expect(again).toMatchObject({ migrationsApplied: 0, origin: database.origin, partitions: 'native' });
  });

  it('OPS-8: production refuses the demo’s mark, and the demo what is not marked as one', async () => {
    await expect(prepare('production')).rejects.toThrow(/marked as demo, and production refuses/);
    await emptied();
    await prepare('production');
    await expect(prepare('demo')).rejects.toThrow(/without the mark of a demo \(production\)/);
  });

  it('OPS-8: both refuse a schema with strangers’ tables, and leave it as it was', async () => {
    await emptied();
    await database.superuser.query('CREATE SCHEMA countersign; CREATE TABLE countersign.theirs (x int)');
    for (const mode of ['demo', 'production'] as const) {
      await expect(prepare(mode)).rejects.toThrow(/tables that are not Countersign's \(theirs\)/);
    }
    const { rows } = await database.superuser.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'countersign'::regnamespace`,
    );
    expect(rows).toEqual([{ relname: 'theirs' }]);
  });

  it('OPS-8: both refuse a database that holds strangers’ tables in another schema, and leave it as it was', async () => {
    await emptied();
    await database.superuser.query('CREATE TABLE public.invoices (x int)');
    for (const mode of ['demo', 'production'] as const) {
      await expect(prepare(mode)).rejects.toThrow(
        /tables that are not Countersign's \(public\.invoices\); use an empty/,
      );
    }
    const { rows } = await database.superuser.query(`SELECT to_regnamespace('countersign') AS made`);
    expect(rows).toEqual([{ made: null }]);
    await database.superuser.query('DROP TABLE public.invoices');
    await expect(prepare('demo')).resolves.toMatchObject({ partitions: 'native' });
  });

  it('AUD-4: a second start on a database in use is refused before it takes the running gateway’s password away', async () => {
    const running = await openTestLog(database);
    const client = await connectAsOwner(database.superuserUrl);
    try {
      await expect(
        prepareDatabase(client, database.superuserUrl, 'demo', { password: 'another', writerPatienceMs: 0 }),
      ).rejects.toThrow(/^another gateway writes to this database/);
      const again = newClient(database.gatewayUrl, { applicationName: 'test' });
      await again.connect();
      await again.end();
    } finally {
      await running.stop();
      await client.end();
    }
    await expect(prepare('demo')).resolves.toMatchObject({ migrationsApplied: 0 });
  });

  it('AUD-4: partitions are ready ahead of the log, each with its triggers, and made once', async () => {
    const names = async () =>
      (
        await database.superuser.query(
          `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'log_record'::regclass ORDER BY 1`,
        )
      ).rows.map((row) => row.name);
    expect(await names()).toEqual(['log_record_000000', 'log_record_000001', 'log_record_000002']);
    expect(await makePartitionsAhead(database.superuser)).toBe(0);
    await database.superuser.query(
      `INSERT INTO log_record (seq, time, kind, subject, hashes, body) VALUES (${partitionRows - 1}, now(), 'x', 'x', decode(repeat('00', 32), 'hex'), '')`,
    );
    expect(await makePartitionsAhead(database.superuser)).toBe(1);
    for (const name of await names()) {
      await expect(database.superuser.query(`TRUNCATE ${name}`), name).rejects.toThrow('append-only');
    }
  });

  it('AUD-4: the maintenance process hands out the gateway’s URL alone, and ends with its launcher', async () => {
    const first = startMaintenance({
      ownerUrl: database.superuserUrl,
      mode: 'demo',
      dataFolder: tmpdir(),
      server: null,
    });
    const ready = JSON.parse(await first.firstLine) as { ready: boolean; gatewayUrl: string };
    expect(ready.ready).toBe(true);
    const owner = new URL(database.superuserUrl);
    expect(ready.gatewayUrl).not.toContain(owner.password);
    expect(new URL(ready.gatewayUrl).username).toBe('countersign_gateway');
    first.child.stdin.end();
    expect(await first.code).toBe(0);
    const second = startMaintenance({
      ownerUrl: database.superuserUrl,
      mode: 'demo',
      dataFolder: tmpdir(),
      server: null,
    });
    const newPassword = new URL((JSON.parse(await second.firstLine) as { gatewayUrl: string }).gatewayUrl).password;
    expect(newPassword).not.toBe(new URL(ready.gatewayUrl).password);
    second.child.kill('SIGTERM');
    expect(await second.code).toBe(0);
    // Other tests of this file use the template's password.
    await prepare('demo');
  });

  it('OPS-1: a database that cannot be used is told in one line, exit code 1', async () => {
    const wrong = startMaintenance({
      ownerUrl: 'postgresql://nobody:x@127.0.0.1:1/none',
      mode: 'demo',
      server: null,
      dataFolder: tmpdir(),
    });
    expect(await wrong.code).toBe(1);
    expect(wrong.errors()).toMatch(/^database not reachable: nothing listens at 127\.0\.0\.1:1\/none[^\n]*\n$/);
  });
});
