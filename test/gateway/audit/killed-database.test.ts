// The database's own processes killed or stopped in the middle of commits, with 32 callers at work: what was answered
// must be what stands, no more and no less.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointFile, readCheckpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { openPostgresLog, type PostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import { startTestServer, type TestDatabase, type TestServer, temporaryFolder } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { sampleDraft } from './sample-drafts.ts';

const callers = 32;
describe('the log while its database is killed under load', () => {
  let server: TestServer;
  let database: TestDatabase;
  let log: PostgresLog;
  let dataFolder: string;
  /** By subject: the number that its caller was told, or null where he was refused. */
  const answers = new Map<string, number | null>();
  let working: Promise<unknown>;
  let stopped = false;

  beforeEach(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    dataFolder = await temporaryFolder();
    log = await openPostgresLog({
      connect: () => newClient(database.gatewayUrl, { applicationName: 'test log' }),
      dataFolder,
      now: Date.now,
      lock: writerLock,
      commitTimeoutMs: 500,
    });
    answers.clear();
    stopped = false;
    working = Promise.all(Array.from({ length: callers }, (_, caller) => keepAppending(caller)));
  });
  afterEach(async () => {
    stopped = true;
    await working;
    await log.close();
    await database.stop();
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });

  async function keepAppending(caller: number): Promise<void> {
    for (let number = 0; !stopped; number++) {
      const subject = `caller-${caller}-${number}`;
      try {
        answers.set(subject, (await log.append(sampleDraft(subject))).seq);
      } catch (error) {
        expect(error).toMatchObject({ code: 'log-unavailable' });
        answers.set(subject, null);
        // As a caller that was told to try again later: not in the same turn.
        await new Promise((next) => setTimeout(next, 20));
      }
    }
  }
  const written = () => [...answers.values()].filter((seq) => seq !== null).length;
  async function more(): Promise<void> {
    const before = written();
    await until(() => written() > before + 5 * callers, 'further records');
  }
  async function withSuperuser<Result>(
    work: (client: ReturnType<typeof newClient>) => Promise<Result>,
  ): Promise<Result> {
    const client = newClient(database.superuserUrl, { applicationName: 'test superuser' });
    client.on('error', () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
  const writersBackend = () =>
    withSuperuser(async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'test log' ORDER BY backend_start DESC LIMIT 1`,
      );
      const pid = rows[0]?.pid;
      if (pid === undefined) throw new Error('the writer has no backend');
      return pid;
    });

  async function expectAnswersToStand(): Promise<void> {
    stopped = true;
    await working;
    const verifier = parseVkey(log.vkey);
    if (verifier === null) throw new Error('no key');
    const kept = await readCheckpointFile(checkpointFile(dataFolder), verifier);
    if (typeof kept === 'string') throw new Error(`checkpoint file ${kept}`);
    await withSuperuser(async (client) => {
      expect(await verifyLog(storedRows(client), { verifier, kept: kept.checkpoint })).toMatchObject({ bad: null });
      const { rows } = await client.query<{ subject: string; seq: number }>(
        `SELECT subject, seq FROM log_record WHERE subject LIKE 'caller-%' ORDER BY seq`,
      );
      const told = [...answers].filter((answer): answer is [string, number] => answer[1] !== null);
      told.sort((left, right) => left[1] - right[1]);
      expect(rows.map(({ subject, seq }) => [subject, seq])).toEqual(told);
      expect(kept.checkpoint.size).toBe(log.size());
    });
  }

  it('AUD-3: a backend killed in the middle of commits, twice: what was answered stands, once, and nothing else', async () => {
    for (let round = 0; round < 2; round++) {
      await more();
      process.kill(await writersBackend(), 'SIGKILL');
      await until(() => log.state().state === 'unavailable', 'the loss to be noticed');
      await until(() => log.state().state === 'writing', 'the log to go on by itself');
    }
    await more();
    await expectAnswersToStand();
  });

  it('AUD-3: a backend that is stopped in the middle of a commit: refusals meanwhile, and the truth afterwards', async () => {
    await more();
    const pid = await writersBackend();
    process.kill(pid, 'SIGSTOP');
    try {
      await until(() => log.state().state === 'unavailable', 'the commit to count as lost');
      await expect(log.append(sampleDraft('other'))).rejects.toMatchObject({ code: 'log-unavailable' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => log.state().state === 'writing', 'the log to go on by itself');
    await more();
    await expectAnswersToStand();
  });
});
