// Replacing the log's key on a real database, with the data folder as a crash may leave it.
import { copyFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { checkpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { readSigner } from '../../../gateway/audit/file-keys.ts';
import { readRecord } from '../../../gateway/audit/postgres-records.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { type NoteVerifier, openNote, parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { runOn, sampleDraft } from './sample-drafts.ts';

const draft = { actor: null, terminal: null, address: null, reason: { code: null, comment: 'yearly' } };

function key(vkey: string): NoteVerifier {
  const verifier = parseVkey(vkey);
  if (verifier === null) throw new Error(`no key: ${vkey}`);
  return verifier;
}

describe('replacing the log’s key', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;
  let first = '';

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await server.freshDatabase();
    test = await openTestLog(database);
    first = test.log.vkey;
    await test.log.append(sampleDraft('before'));
  });
  afterEach(async () => {
    await test.log.close();
    await rm(test.dataFolder, { recursive: true, force: true });
    await database.stop();
  });

  const inKeys = (name: string) => path.join(test.dataFolder, 'keys', name);
  const reopen = async () => {
    await test.log.close();
    test = await openTestLog(database, { dataFolder: test.dataFolder });
  };
  const verify = async (vkey: string | null) =>
    (await verifyLog(storedRows(database.superuser), { verifier: vkey === null ? null : key(vkey), kept: null })).bad;
  const noteAt = async (seq: number) => {
    const found = await database.superuser.query<{ checkpoint: string }>(
      'SELECT checkpoint FROM log_record WHERE seq = $1',
      [seq],
    );
    return found.rows[0]?.checkpoint ?? '';
  };

  it('AUD-3: is a record, whose checkpoint both keys sign; from then on the new one signs alone', async () => {
    const early = await test.log.append(sampleDraft('early'));
    const rotated = await test.log.rotateKey(draft);
    const late = await test.log.append(sampleDraft('late'));
    const second = test.log.vkey;
    expect(second).not.toBe(first);
    const signers = async (seq: number) => {
      const note = await noteAt(seq);
      return [first, second].map((vkey) => openCheckpoint(note, key(vkey)).ok);
    };
    expect([await signers(early.seq), await signers(rotated.seq), await signers(late.seq)]).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
    const record = await readRecord(runOn(database.pool), rotated.seq);
    expect(record).toMatchObject({ kind: 'log.key-rotated', subject: 'log', old: first, new: second, ...draft });
    expect([await verify(first), await verify(second), await verify(null)]).toEqual([null, null, null]);
  });

  it('AUD-3: the next start goes on with the new key; the former private key is gone, files are 0600', async () => {
    const before = await readFile(inKeys('log.pem'), 'utf8');
    await test.log.rotateKey(draft);
    const second = test.log.vkey;
    await reopen();
    expect(test.log.vkey).toBe(second);
    await test.log.append(sampleDraft('after the restart'));
    await test.log.rotateKey(draft);
    await reopen();
    expect(await verify(first)).toBeNull();
    expect((await stat(inKeys('log.pem'))).mode & 0o777).toBe(0o600);
    expect((await readFile(inKeys('log-former.vkeys'), 'utf8')).split('\n')).toEqual([first, second, '']);
    const names = await readdir(inKeys(''));
    expect(names.sort()).toEqual(['log-former.vkeys', 'log.pem', 'log.vkey']);
    for (const name of names) expect(await readFile(inKeys(name), 'utf8')).not.toBe(before);
  });

  it('AUD-3: a crash after the commit, before the files changed places or the head was flushed, is mended by the start', async () => {
    await test.log.append(sampleDraft('flushed'));
    for (const name of ['log.pem', 'log.vkey']) await copyFile(inKeys(name), inKeys(`${name}.before`));
    await copyFile(checkpointFile(test.dataFolder), `${checkpointFile(test.dataFolder)}.before`);
    await test.log.rotateKey(draft);
    const second = test.log.vkey;
    await test.log.close();
    await copyFile(inKeys('log.pem'), inKeys('log-next.pem'));
    for (const name of ['log.pem', 'log.vkey']) await copyFile(inKeys(`${name}.before`), inKeys(name));
    await copyFile(`${checkpointFile(test.dataFolder)}.before`, checkpointFile(test.dataFolder));
    test = await openTestLog(database, { dataFolder: test.dataFolder });
    expect(test.log.vkey).toBe(second);
    await test.log.append(sampleDraft('goes on'));
    expect(await verify(first)).toBeNull();
  });

  it('AUD-3: a key that was made and never signed is dropped by the next start', async () => {
    await copyFile(inKeys('log.pem'), inKeys('log-next.pem'));
    await test.log.close();
    const stranger = await openTestLog(await server.freshDatabase());
    await copyFile(path.join(stranger.dataFolder, 'keys', 'log.pem'), inKeys('log-next.pem'));
    await stranger.stop();
    test = await openTestLog(database, { dataFolder: test.dataFolder });
    expect(test.log.vkey).toBe(first);
    await expect(stat(inKeys('log-next.pem'))).rejects.toThrow('ENOENT');
  });

  it('AUD-5: a handing over that the former key did not sign is found, and a log that another key took over', async () => {
    const { seq } = await test.log.rotateKey(draft);
    const second = readSigner(await readFile(inKeys('log.pem'), 'utf8'), test.log.origin, 'log.pem');
    const opened = openCheckpoint(await noteAt(seq), key(test.log.vkey));
    if (!opened.ok) throw new Error(opened.why);
    const alone = signCheckpoint(seq + 1, opened.checkpoint.root, second);
    expect(openNote(alone, key(test.log.vkey)).ok).toBe(true);
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query('UPDATE log_record SET checkpoint = $2 WHERE seq = $1', [seq, alone]);
    expect(await verify(first)).toMatchObject({ seq, why: expect.stringContaining('key before it did not sign') });
    expect(await verify(test.log.vkey)).toMatchObject({ seq });
    const other = await openTestLog(await server.freshDatabase());
    expect(await verify(other.log.vkey)).toMatchObject({ seq });
    await other.stop();
  });

  it('AUD-3: two at once are two changes, or the second is refused; nothing is lost in between', async () => {
    const settled = await Promise.allSettled([test.log.rotateKey(draft), test.log.rotateKey(draft)]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((settled[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'wrong-stage' });
    await test.log.append(sampleDraft('after'));
    expect(await verify(first)).toBeNull();
  });
});
