// A real PostgreSQL for tests: one embedded server a test file, a fresh migrated database a call (copied from a
// template in a few tens of ms), and a ready audit log with keys of its own. Never a fixed port, never a shared folder.
// With COUNTERSIGN_TEST_TIMESCALE_URL the same can be had from that server: see storageServers().
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { type LogState, openPostgresLog, type PostgresLog } from '../../gateway/audit/postgres-log.ts';
import { newClient, newPool } from '../../gateway/database/connection.ts';
import { startEmbeddedPostgres } from '../../gateway/database/embedded-postgres.ts';
import { connectAsOwner, prepareDatabase } from '../../gateway/database/prepare.ts';
import { gatewayRole, withSchema, writerLock } from '../../gateway/database/schema.ts';
import type { Now } from '../../gateway/identity/ports.ts';

export type TestDatabase = {
  readonly name: string;
  /** Database superuser, with our schema in the search path: for tampering. */
  readonly superuserUrl: string;
  /** The gateway's own role. */
  readonly gatewayUrl: string;
  readonly origin: string;
  /** Connected as superuser; ended by stop(). */
  readonly superuser: pg.Client;
  /** Under the gateway's role, four connections; ended by stop(). */
  readonly pool: pg.Pool;
  /** Closes what was opened here and drops the database. */
  stop(): Promise<void>;
};

export type TestServer = {
  /** `native` or `timescaledb`: for test titles. */
  readonly partitions: string;
  /** The embedded server's process; null for a given server. */
  readonly pid: number | null;
  freshDatabase(): Promise<TestDatabase>;
  /** Without our schema: owner's address, and how to drop it. */
  emptyDatabase(): Promise<{ readonly ownerUrl: string; stop(): Promise<void> }>;
  stop(): Promise<void>;
};

/** Starts an embedded server in a folder of its own. */
export async function startTestServer(): Promise<TestServer> {
  const folder = await temporaryFolder();
  const server = await startEmbeddedPostgres({ dataFolder: folder });
  const databases = await templateOn(server.ownerUrl);
  return {
    partitions: databases.partitions,
    pid: server.pid,
    freshDatabase: databases.fresh,
    emptyDatabase: () => emptyDatabaseOn(server.ownerUrl),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The servers that storage tests run on: the embedded one, and the one that COUNTERSIGN_TEST_TIMESCALE_URL names (a
 * superuser's URL). `skipped` says what is not tested, for the output.
 */
export function storageServers(): { readonly name: string; readonly start: (() => Promise<TestServer>) | null }[] {
  const url = process.env.COUNTERSIGN_TEST_TIMESCALE_URL;
  return [
    { name: 'embedded PostgreSQL, native partitions', start: startTestServer },
    {
      name: `TimescaleDB${url ? '' : ' (skipped: COUNTERSIGN_TEST_TIMESCALE_URL is not set)'}`,
      start: url ? () => useTestServer(url) : null,
    },
  ];
}

async function useTestServer(ownerUrl: string): Promise<TestServer> {
  const databases = await templateOn(ownerUrl);
  return {
    partitions: databases.partitions,
    pid: null,
    freshDatabase: databases.fresh,
    emptyDatabase: () => emptyDatabaseOn(ownerUrl),
    stop: async () => {
      await onServer(ownerUrl, `DROP DATABASE ${databases.template} WITH (FORCE)`);
    },
  };
}

async function templateOn(ownerUrl: string) {
  const template = `test_template_${randomBytes(4).toString('hex')}`;
  // The role is the server's, and test files may share a given server: one password for all of them.
  const password = 'countersign-test';
  await onServer(ownerUrl, `CREATE DATABASE ${template} TEMPLATE template0 ENCODING 'UTF8'`);
  const templateUrl = inDatabase(ownerUrl, template);
  const client = await connectAsOwner(templateUrl);
  const prepared = await prepareDatabase(client, templateUrl, 'demo', { password });
  await client.end();
  // TimescaleDB's workers visit every database, and one that is visited cannot be copied.
  await onServer(ownerUrl, `ALTER DATABASE ${template} ALLOW_CONNECTIONS false`);
  await onServer(ownerUrl, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${template}'`);
  const fresh = async (): Promise<TestDatabase> => {
    const name = `test_${randomBytes(6).toString('hex')}`;
    await onServer(ownerUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    const superuserUrl = withSchema(inDatabase(ownerUrl, name));
    const gatewayUrl = withSchema(superuserUrl, { user: gatewayRole, password });
    const superuser = newClient(superuserUrl, { applicationName: 'test superuser' });
    superuser.on('error', () => {});
    await superuser.connect();
    const pool = newPool(gatewayUrl, { applicationName: 'test', size: 4, onIdleError: () => {} });
    return {
      name,
      superuserUrl,
      gatewayUrl,
      origin: prepared.origin,
      superuser,
      pool,
      stop: async () => {
        await pool.end();
        await superuser.end();
        await onServer(ownerUrl, `DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  };
  return { template, partitions: prepared.partitions, fresh };
}

async function emptyDatabaseOn(ownerUrl: string) {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(ownerUrl, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
  return {
    ownerUrl: inDatabase(ownerUrl, name),
    stop: () => onServer(ownerUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function onServer(ownerUrl: string, statement: string): Promise<void> {
  const client = newClient(inDatabase(ownerUrl, 'postgres'), { applicationName: 'test support' });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function inDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.toString();
}

/** Open to the account that the embedded server runs under when the tests run as root. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-test-'));
  await chmod(folder, 0o711);
  return folder;
}

export type TestLog = {
  readonly log: PostgresLog;
  /** Holds keys/ and checkpoints/. */
  readonly dataFolder: string;
  readonly states: readonly LogState[];
  /** Closes the log and removes the folder. */
  stop(): Promise<void>;
};

/** Opens the log of a test database; with `dataFolder` that of an earlier opening, as after a restart. */
export async function openTestLog(
  database: TestDatabase,
  options: {
    readonly now?: Now;
    readonly dataFolder?: string;
    readonly lockPatienceMs?: number;
    readonly url?: string;
  } = {},
): Promise<TestLog> {
  const dataFolder = options.dataFolder ?? (await temporaryFolder());
  const states: LogState[] = [];
  const log = await openPostgresLog({
    connect: () => newClient(options.url ?? database.gatewayUrl, { applicationName: 'test log' }),
    dataFolder,
    now: options.now ?? Date.now,
    lock: writerLock,
    onState: (state) => states.push(state),
    ...(options.lockPatienceMs === undefined ? {} : { lockPatienceMs: options.lockPatienceMs }),
  });
  return {
    log,
    dataFolder,
    states,
    stop: async () => {
      await log.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
