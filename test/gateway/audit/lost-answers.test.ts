import fs from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkpointFile, readCheckpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { postgresChange } from '../../../gateway/audit/postgres-change.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
  temporaryFolder,
} from '../../support/database.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../../support/database-proxy.ts';
import { until } from '../../support/until.ts';
import { sampleDraft, standingDraft } from './sample-drafts.ts';

describe('answers that are lost', () => {
  let server: TestServer;
  let database: TestDatabase;
  let proxy: DatabaseProxy;
  let folder = '';
  let test: TestLog;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await server.freshDatabase();
    folder = await temporaryFolder();
    proxy = await startDatabaseProxy(database.gatewayUrl, folder);
    test = await openTestLog(database, { url: proxy.url });
    await test.log.append(sampleDraft('before'));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await test.stop();
    await proxy.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const kept = async () => {
    const verifier = parseVkey(test.log.vkey);
    if (verifier === null) throw new Error('no key');
    const found = await readCheckpointFile(checkpointFile(test.dataFolder), verifier);
    return typeof found === 'string' ? 0 : found.checkpoint.size;
  };
  const verified = async () => {
    const { bad, records } = await verifyLog(storedRows(database.superuser), {
      verifier: parseVkey(test.log.vkey),
      kept: null,
    });
    return { bad, records };
  };

  for (const transaction of [false, true]) {
    const change = () => (transaction ? postgresChange(async (run) => void (await run('SELECT 1'))) : undefined);
    const how = transaction ? 'with a change' : 'alone';

    it(`AUD-3: a commit whose answer was lost is found in the tail and answered as recorded, ${how}`, async () => {
      // With a change the insert is a statement of its own before COMMIT: the proxy waits for the latter.
      proxy.lose('answers', transaction ? 'COMMIT' : 'append-records');
      expect(await test.log.append(sampleDraft('during'), change())).toMatchObject({ seq: 2 });
      expect(await test.log.append(sampleDraft('after'))).toMatchObject({ seq: 3 });
      expect(await verified()).toEqual({ bad: null, records: 4 });
      expect(await kept()).toBe(4);
      expect(proxy.lost()).toBe(1);
    });

    it(`AUD-3: a commit that never got through is answered as not recorded, and its number is used again, ${how}`, async () => {
      proxy.lose('requests', transaction ? 'COMMIT' : 'append-records');
      await expect(test.log.append(sampleDraft('during'), change())).rejects.toMatchObject({ code: 'log-unavailable' });
      await until(() => test.log.state().state === 'writing', 'the log writes again');
      expect(await test.log.append(sampleDraft('after'))).toMatchObject({ seq: 2 });
      expect(await verified()).toEqual({ bad: null, records: 3 });
      expect(proxy.lost()).toBe(1);
    });
  }

  it('AUD-3: nobody is answered while it is not known whether his record stands', async () => {
    proxy.lose('answers', 'append-records');
    proxy.refuse(true);
    let answered = false;
    const during = test.log.append(sampleDraft('during')).finally(() => {
      answered = true;
    });
    await until(() => test.log.state().state === 'unavailable', 'the loss is noticed');
    await expect(test.log.append(sampleDraft('meanwhile'))).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(answered).toBe(false);
    proxy.refuse(false);
    expect(await during).toMatchObject({ seq: 2 });
    expect(await verified()).toEqual({ bad: null, records: 3 });
  });

  it('AUD-3: a connection that breaks while the log comes back is one more loss, and does not end the gateway', async () => {
    for (const text of ['pg_try_advisory_lock', 'ORDER BY seq DESC LIMIT 1']) {
      proxy.refuse(true);
      await database.superuser.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test log' AND datname = current_database()`,
      );
      await until(() => test.log.state().state === 'unavailable', 'the loss is noticed');
      const before = proxy.lost();
      proxy.lose('answers', text);
      proxy.refuse(false);
      // Nothing listens to the errors of a connection that is not the log's yet: Node would end the process.
      await until(() => proxy.lost() === before + 1, 'the second loss');
      await until(() => test.log.state().state === 'writing', 'the log writes again');
    }
    expect(await test.log.append(sampleDraft('after'))).toMatchObject({ seq: 2 });
    expect(await verified()).toEqual({ bad: null, records: 3 });
  });

  it('AUD-3: a database that comes back without what was written breaks the log for good', async () => {
    await database.superuser.query(
      'SET session_replication_role = replica; ALTER TABLE log_record DISABLE TRIGGER USER',
    );
    proxy.refuse(true);
    await database.superuser.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test log' AND datname = current_database()`,
    );
    await until(() => test.log.state().state === 'unavailable', 'the loss is noticed');
    await database.superuser.query('DELETE FROM log_record WHERE seq = 1');
    proxy.refuse(false);
    await until(() => test.log.state().state === 'broken', 'the log is broken');
    await expect(test.log.append(sampleDraft('after'))).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(test.log.state().reason).toContain('came back with 1 records');
  });

  it('AUD-3: an append is not answered before its checkpoint is flushed to the file', async () => {
    const write = vi.spyOn(fs, 'write');
    const fail = (...args: unknown[]) => (args.at(-1) as (error: Error) => void)(new Error('EIO: disk trouble'));
    write.mockImplementationOnce(fail as typeof fs.write).mockImplementationOnce(fail as typeof fs.write);
    const during = test.log.append(sampleDraft('during'));
    await until(() => test.log.state().state === 'unavailable', 'the trouble is noticed');
    expect(test.log.state().reason).toContain('checkpoint file cannot be written');
    expect(test.log.size()).toBe(2);
    expect(await kept()).toBe(2);
    expect(await during).toMatchObject({ seq: 2 });
    expect(await kept()).toBe(3);
    expect(test.log.state().state).toBe('writing');
    expect(await test.log.append(sampleDraft('after'))).toMatchObject({ seq: 3 });
  });

  /** Commits stay under way, asked for and unanswered, until the function that it gives is called. */
  const holdCommits = async () => {
    await database.superuser.query('BEGIN');
    await database.superuser.query('LOCK TABLE log_record IN SHARE MODE');
    return () => database.superuser.query('COMMIT');
  };
  const isUnderWay = async () => {
    const { rows } = await database.pool.query(
      `SELECT FROM pg_locks WHERE relation = 'log_record'::regclass AND NOT granted`,
    );
    return rows.length > 0;
  };

  it('AUD-3: what was made on top of a commit that the server refuses is made again, in its place', async () => {
    await database.superuser.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON log_record FOR EACH ROW WHEN (NEW.subject = 'refused') EXECUTE FUNCTION refuse()`);
    const release = await holdCommits();
    const refused = test.log.append(sampleDraft('refused'));
    refused.catch(() => {});
    await until(isUnderWay, 'the commit is under way');
    const next = [test.log.append(sampleDraft('next')), test.log.append(standingDraft('account:next', 'digest'))];
    await release();
    await expect(refused).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(await Promise.all(next)).toMatchObject([{ seq: 2 }, { seq: 3 }]);
    expect(test.log.lookUpStanding('account:next')).toEqual({ seq: 3, digest: 'digest' });
    expect(await verified()).toEqual({ bad: null, records: 4 });
  });

  it('AUD-3: what was made on top of a commit whose answer was lost is refused, and leaves no trace', async () => {
    const release = await holdCommits();
    proxy.lose('answers', 'append-records');
    const first = test.log.append(sampleDraft('first'));
    await until(isUnderWay, 'the commit is under way');
    const second = test.log.append(sampleDraft('second'));
    second.catch(() => {});
    await release();
    await expect(second).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(await first).toMatchObject({ seq: 2 });
    expect(await test.log.append(sampleDraft('third'))).toMatchObject({ seq: 3 });
    const { rows } = await database.superuser.query('SELECT subject FROM log_record WHERE seq > 1 ORDER BY seq');
    expect(rows).toEqual([{ subject: 'first' }, { subject: 'third' }]);
    expect(await verified()).toEqual({ bad: null, records: 4 });
  });

  it('AUD-3: the next commit may stand while a checkpoint is flushed, but is not answered before it', async () => {
    const { write } = fs;
    let flush: (() => void) | null = null;
    vi.spyOn(fs, 'write').mockImplementationOnce(((...args: Parameters<typeof fs.write>) => {
      flush = () => write(...args);
    }) as typeof fs.write);
    const order: number[] = [];
    const take = (subject: string) => test.log.append(sampleDraft(subject)).then(({ seq }) => void order.push(seq));
    const first = take('first');
    await until(() => flush !== null, 'the first is being flushed');
    const second = take('second');
    await until(async () => {
      const { rows } = await database.superuser.query('SELECT FROM log_record WHERE seq = 3');
      return rows.length === 1;
    }, 'the second stands');
    expect([order, test.log.size(), await kept()]).toEqual([[], 2, 2]);
    (flush as (() => void) | null)?.();
    await Promise.all([first, second]);
    expect([order, test.log.size(), await kept()]).toEqual([[2, 3], 4, 4]);
    expect(await verified()).toEqual({ bad: null, records: 4 });
  });

  it('AUD-3: closing writes what waits, and refuses what comes later', async () => {
    const waiting = Array.from({ length: 20 }, (_, index) => test.log.append(sampleDraft(`tag-${index}`)));
    const closing = test.log.close();
    expect((await Promise.all(waiting)).at(-1)).toMatchObject({ seq: 21 });
    await closing;
    await expect(test.log.append(sampleDraft('late'))).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});
