// `countersign audit open-anew` as an administrator calls it, where the database was brought back by other means than `restore`.
import { rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { onCommandLine } from '../../support/command-line.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

describe('audit open-anew', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;

  /** Nine records were signed for; the database holds the first six. */
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    test = await openTestLog(database);
    for (let number = 1; number < 9; number++) await test.log.append(sampleDraft(`tag-${number}`));
    await test.log.close();
  });
  afterAll(async () => {
    if (test !== undefined) await rm(test.dataFolder, { recursive: true, force: true });
    await database?.stop();
    await server?.stop();
  });

  const run = (...args: string[]) => onCommandLine('audit', ...args, '--data', test.dataFolder);
  const openAnew = (...args: string[]) => run('open-anew', ...args, '--database', database.superuserUrl);
  const verify = () => run('verify', '--json', '--database', database.gatewayUrl);
  const size = async () => {
    const found = await database.superuser.query<{ size: number }>('SELECT count(*) AS size FROM log_record');
    return Number(found.rows[0]?.size);
  };

  it('OPS-6: a log that lost nothing is not opened anew, and nothing is done without a reason', async () => {
    expect(await openAnew()).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    expect(await openAnew('--reason', 'x', '--unknown', '--checkpoint', 'y')).toMatchObject({ code: 2 });
    const whole = await openAnew('--reason', 'the disk was lost');
    expect(whole).toMatchObject({ code: 1, out: '', err: expect.stringContaining('nothing is lost') });
    expect([await size(), (await verify()).code]).toEqual([9, 0]);
  });

  it('OPS-6: one that lost its end goes on under another name; verification tells of it each time', async () => {
    await database.superuser.query(
      'SET session_replication_role = replica; DELETE FROM log_record WHERE seq >= 6; SET session_replication_role = origin',
    );
    expect((await verify()).code).toBe(1);
    const opened = await openAnew('--reason', 'the disk was lost');
    expect(opened).toMatchObject({ code: 0, err: '' });
    const [, origin = ''] = /goes on as (\S+) with record 6; 3 records are lost\./.exec(opened.out) ?? [];
    expect(origin).not.toBe(database.origin);
    const found = await database.superuser.query<{ body: Buffer }>('SELECT body FROM log_record WHERE seq = 6');
    expect(JSON.parse(found.rows[0]?.body.toString('utf8') ?? 'null')).toMatchObject({
      kind: 'log.opened',
      reason: { comment: 'the disk was lost' },
      detail: { by: userInfo().username, continues: { origin: database.origin } },
    });
    const verified = await verify();
    expect([verified.code, JSON.parse(verified.out)]).toMatchObject([
      0,
      { result: 'good', records: 7, reopenings: [{ seq: 6, origin, knownSize: 9 }], besides: [] },
    ]);
    const again = await openTestLog(database, { dataFolder: test.dataFolder });
    await again.log.append(sampleDraft('after'));
    await again.log.close();
    expect(await openAnew('--reason', 'once more')).toMatchObject({ code: 1 });
    expect([await size(), (await verify()).code]).toEqual([8, 0]);
  });

  it('OPS-6: without any checkpoint it has to be said that nobody knows how much is lost', async () => {
    await writeFile(checkpointFile(test.dataFolder), Buffer.alloc(8192));
    expect(await openAnew('--reason', 'the disk was lost')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--unknown'),
    });
    expect(await openAnew('--reason', 'r', '--checkpoint', path.join(test.dataFolder, 'none'))).toMatchObject({
      code: 2,
    });
    const opened = await openAnew('--reason', 'the disk was lost', '--unknown');
    expect(opened).toMatchObject({ code: 0, out: expect.stringContaining('how many records are lost is not known') });
    expect(JSON.parse((await verify()).out)).toMatchObject({
      result: 'good',
      reopenings: [{ knownSize: 9 }, { seq: 8, knownSize: null }],
    });
  });
});
