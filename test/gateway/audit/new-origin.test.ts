// Opening a log anew after records were lost, on a real database whose tail was cut as an old backup has it.
import { copyFile, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkpointFile, readCheckpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { openNewOrigin } from '../../../gateway/audit/postgres-new-origin.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { sampleDraft, standingDraft } from './sample-drafts.ts';

describe('opening a log anew', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;
  let known = '';
  let old = '';

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  /** Eight records were signed for; the database holds the first five. */
  beforeEach(async () => {
    database = await server.freshDatabase();
    test = await openTestLog(database);
    old = test.log.vkey;
    await test.log.append(standingDraft('account:ada', 'first'));
    for (let number = 2; number < 8; number++) await test.log.append(sampleDraft(`tag-${number}`));
    known = test.log.checkpoint() ?? '';
    await test.log.close();
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query('DELETE FROM log_record WHERE seq >= 5');
    await database.superuser.query('SET session_replication_role = origin');
  });
  afterEach(async () => {
    await rm(test.dataFolder, { recursive: true, force: true });
    await database.stop();
  });

  const open = (options: { known?: string | null; dataFolder?: string } = {}) =>
    openNewOrigin(database.superuser, {
      dataFolder: options.dataFolder ?? test.dataFolder,
      now: Date.now,
      lock: writerLock,
      known: options.known === undefined ? known : options.known,
      reason: 'the disk was lost',
      by: 'root',
    });
  const start = () => openTestLog(database, { dataFolder: test.dataFolder });
  const verify = (vkey: string) => verifyLog(storedRows(database.superuser), { verifier: parseVkey(vkey), kept: null });
  const inKeys = (name: string) => path.join(test.dataFolder, 'keys', name);
  const record = async (seq: number) => {
    const found = await database.superuser.query<{ body: Buffer }>('SELECT body FROM log_record WHERE seq = $1', [seq]);
    return JSON.parse(found.rows[0]?.body.toString('utf8') ?? 'null') as Record<string, unknown>;
  };

  it('OPS-6: the first record under the new name holds the old checkpoint; the gateway goes on, the gap is told', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'log-rolled-back' });
    const opened = await open();
    expect(opened).toMatchObject({ seq: 5, lost: 3 });
    expect(opened.origin).not.toBe(database.origin);
    expect(await record(5)).toMatchObject({
      kind: 'log.opened',
      reason: { code: null, comment: 'the disk was lost' },
      detail: { origin: opened.origin, vkey: opened.vkey, by: 'root', continues: { vkey: old, checkpoint: known } },
    });
    const again = await start();
    expect([again.log.origin, again.log.vkey, again.log.size()]).toEqual([opened.origin, opened.vkey, 6]);
    expect(again.log.lookUpStanding('account:ada')).toEqual({ seq: 1, digest: 'first' });
    await again.log.append(sampleDraft('after'));
    await again.log.close();
    const reopenings = [{ seq: 5, origin: opened.origin, knownSize: 8 }];
    expect(await verify(old)).toMatchObject({ bad: null, records: 7, reopenings });
    expect(await verify(opened.vkey)).toMatchObject({ bad: null, records: 7, reopenings });
  });

  it('OPS-6: the old log’s checkpoint file and public key stay; its private key signs no more', async () => {
    const pem = await readFile(inKeys('log.pem'), 'utf8');
    const { vkey } = await open();
    const folder = path.join(test.dataFolder, 'checkpoints');
    const kept = (await readdir(folder)).find((name) => name !== 'log.checkpoint') ?? '';
    const verifier = parseVkey(old);
    if (verifier === null) throw new Error('no key');
    expect(await readCheckpointFile(path.join(folder, kept), verifier)).toMatchObject({ note: known });
    expect((await readFile(inKeys('log.vkey'), 'utf8')).trim()).toBe(vkey);
    for (const name of await readdir(inKeys(''))) expect(await readFile(inKeys(name), 'utf8')).not.toBe(pem);
  });

  it('OPS-6: without the old private key nobody who trusts the old public one is asked to believe the new', async () => {
    await rm(inKeys('log.pem'));
    const { vkey } = await open();
    expect((await verify(old)).bad).toMatchObject({ seq: 5, why: expect.stringContaining('opened anew') });
    expect((await verify(vkey)).bad).toBeNull();
  });

  it('OPS-6: how much is lost may be unknown; then the record says so', async () => {
    expect(await open({ known: null })).toMatchObject({ seq: 5, lost: null });
    expect(await record(5)).toMatchObject({ detail: { continues: { checkpoint: null } } });
    expect((await verify(old)).reopenings).toMatchObject([{ knownSize: null }]);
  });

  it('OPS-6: interrupted after its commit, it is finished by being called again, and opens nothing twice', async () => {
    for (const name of ['log.pem', 'log.vkey']) await copyFile(inKeys(name), inKeys(`${name}.before`));
    const file = checkpointFile(test.dataFolder);
    await copyFile(file, `${file}.before`);
    const first = await open();
    await copyFile(inKeys('log.pem'), inKeys('log-next.pem'));
    for (const name of ['log.pem', 'log.vkey']) await copyFile(inKeys(`${name}.before`), inKeys(name));
    await copyFile(`${file}.before`, file);
    expect(await open()).toEqual(first);
    const again = await start();
    expect([again.log.origin, again.log.size()]).toEqual([first.origin, 6]);
    await again.log.close();
  });

  it('OPS-6: is refused where nothing is lost, for another log’s checkpoint, and for what is left of another history', async () => {
    const found = await database.superuser.query<{ checkpoint: string }>(
      'SELECT checkpoint FROM log_record WHERE seq = 3',
    );
    await expect(open({ known: found.rows[0]?.checkpoint ?? '' })).rejects.toMatchObject({ code: 'log-whole' });
    const other = await server.freshDatabase();
    const stranger = await openTestLog(other);
    await stranger.log.append(sampleDraft('strange'));
    const strange = stranger.log.checkpoint();
    await stranger.stop();
    await other.stop();
    await expect(open({ known: strange })).rejects.toMatchObject({ code: 'log-replaced' });
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query(
      'UPDATE log_record SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) WHERE seq = 4',
    );
    await expect(open()).rejects.toMatchObject({ code: 'log-damaged' });
  });
});
