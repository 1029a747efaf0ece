import { generateKeyPairSync } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { vkeyFile } from '../../../gateway/audit/file-keys.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { sampleDraft, standingDraft } from './sample-drafts.ts';

describe('opening the log', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;
  let file = '';

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  /** Eight records in commits of one, the log closed. */
  beforeEach(async () => {
    database = await server.freshDatabase();
    test = await openTestLog(database);
    file = checkpointFile(test.dataFolder);
    for (let number = 1; number < 7; number++) await test.log.append(sampleDraft(`tag-${number}`));
    await test.log.append(standingDraft('account:ada', 'first'));
    await test.log.close();
    await database.superuser.query(
      'SET session_replication_role = replica; ALTER TABLE log_record DISABLE TRIGGER USER',
    );
  });
  afterEach(async () => {
    await rm(test.dataFolder, { recursive: true, force: true });
    await database.stop();
  });

  const open = () => openTestLog(database, { dataFolder: test.dataFolder });
  const tamper = (statement: string) => database.superuser.query(statement);
  const refused = (code: string, ...words: string[]) =>
    expect(open()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(words.join('.*'), 's')),
    });

  it('AUD-3: opens a log that ends where it was left', async () => {
    const again = await open();
    expect(again.log.size()).toBe(8);
    await again.log.close();
  });

  it('AUD-3: refuses a log whose tail was cut off, naming both sizes', async () => {
    await tamper('DELETE FROM log_record WHERE seq >= 5');
    await refused('log-rolled-back', '5 records', '8');
  });

  it('AUD-3: refuses an emptied database', async () => {
    await tamper('DELETE FROM log_record');
    await refused('log-rolled-back', '0 records', '8');
  });

  it('AUD-3: refuses a log that does not end at a checkpoint', async () => {
    await tamper('UPDATE log_record SET checkpoint = NULL WHERE seq = 7');
    await refused('log-damaged', 'record 7');
  });

  it('AUD-3: refuses a changed last record, a changed node, and a removed one', async () => {
    await tamper(`UPDATE log_record SET body = body || ' '::bytea WHERE seq = 7`);
    await refused('log-damaged', 'record 7');
    await tamper(
      `UPDATE log_record SET body = convert_to(rtrim(convert_from(body, 'UTF8')), 'UTF8'), hashes = set_byte(hashes, 100, get_byte(hashes, 100) # 1) WHERE seq = 7`,
    );
    await refused('log-damaged');
    await tamper('UPDATE log_record SET hashes = substring(hashes FROM 1 FOR 32) WHERE seq = 7');
    await refused('log-damaged', 'record 7');
  });

  it('AUD-3: refuses another log in place of this one, signed by a key of its own', async () => {
    const other = await server.freshDatabase();
    const otherLog = await openTestLog(other);
    for (let number = 0; number < 20; number++) await otherLog.log.append(sampleDraft('forged'));
    await otherLog.log.close();
    // Our key and checkpoint file, their database: same origin, since both come from one template.
    await expect(openTestLog(other, { dataFolder: test.dataFolder })).rejects.toMatchObject({ code: 'log-replaced' });
    await rm(otherLog.dataFolder, { recursive: true, force: true });
    await other.stop();
  });

  it('AUD-3: refuses a log that our own key signed but that does not continue the file', async () => {
    const other = await server.freshDatabase();
    const copy = `${test.dataFolder}-copy`;
    await cp(test.dataFolder, copy, { recursive: true });
    await rm(checkpointFile(copy));
    const otherLog = await openTestLog(other, { dataFolder: copy });
    for (let number = 0; number < 20; number++) await otherLog.log.append(sampleDraft('another history'));
    await otherLog.log.close();
    await expect(openTestLog(other, { dataFolder: test.dataFolder })).rejects.toMatchObject({
      code: 'log-replaced',
      message: expect.stringContaining('does not continue the checkpoint file'),
    });
    await rm(copy, { recursive: true, force: true });
    await other.stop();
  });

  it('AUD-3: refuses when the checkpoint file is missing, empty or damaged', async () => {
    const good = await readFile(file);
    await rm(file);
    await refused('checkpoint-file-missing', '8 records');
    await writeFile(file, Buffer.alloc(8192));
    await refused('checkpoint-file-missing', '8 records');
    await writeFile(file, 'nonsense');
    await refused('checkpoint-file-damaged');
    await writeFile(file, good);
    await (await open()).log.close();
  });

  it('AUD-3: a torn write of the newest slot leaves the one before; the log that is ahead of it is accepted', async () => {
    const content = await readFile(file);
    const slots = [content.subarray(0, 4096).toString(), content.subarray(4096).toString()];
    const newest = slots.findIndex((slot) => slot.includes('\n8\n'));
    content.fill(0x41, newest * 4096 + 10, newest * 4096 + 60);
    await writeFile(file, content);
    const again = await open();
    expect(again.log.size()).toBe(8);
    // And the file is brought up to date at once.
    expect((await readFile(file)).toString()).toContain('\n8\n');
    await again.log.close();
  });

  it('AUD-3: refuses when the signing key is missing, and makes no other', async () => {
    await rm(`${test.dataFolder}/keys/log.pem`);
    await refused('log-key-missing');
    await rm(vkeyFile(test.dataFolder));
    await refused('log-key-missing');
    await expect(readFile(`${test.dataFolder}/keys/log.pem`)).rejects.toThrow('ENOENT');
  });

  it('AUD-3: refuses a key that is not the pinned one', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await writeFile(`${test.dataFolder}/keys/log.pem`, pem);
    await refused('log-key-wrong');
  });

  it('AUD-3: the private key is readable by its owner alone', async () => {
    const { stat } = await import('node:fs/promises');
    expect((await stat(`${test.dataFolder}/keys/log.pem`)).mode & 0o077).toBe(0);
  });

  describe('IDN-1: the records that accounts stand on', () => {
    beforeEach(async () => {
      const again = await open();
      await again.log.append(standingDraft('account:ada', 'second'));
      await again.log.append(sampleDraft('tag'));
      await again.log.close();
    });

    it('IDN-1: are proven at start: the newest stands', async () => {
      const again = await open();
      expect(again.log.lookUpStanding('account:ada')).toEqual({ seq: 8, digest: 'second' });
      await again.log.close();
    });

    it('IDN-1: cannot be hidden, so that an older one would stand again', async () => {
      await tamper('UPDATE log_record SET projection = NULL WHERE seq = 8');
      await refused('log-damaged', 'record 8');
    });

    it('IDN-1: cannot be removed', async () => {
      await tamper('DELETE FROM log_record WHERE seq = 8');
      await refused('log-damaged', '8');
    });

    it('IDN-1: cannot be altered', async () => {
      await tamper(
        `UPDATE log_record SET body = convert_to(replace(convert_from(body, 'UTF8'), 'second', 'forged'), 'UTF8') WHERE seq = 8`,
      );
      await refused('log-damaged', 'record 8');
    });

    it('IDN-1: cannot be planted', async () => {
      await tamper(`UPDATE log_record SET projection = 'account:eve' WHERE seq = 3`);
      await refused('log-damaged', 'record');
    });
  });
});
