// Backup and restore over real servers: the embedded one, and TimescaleDB where it is given. The commands run in this
// process as the command line calls them.
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordCliNotes } from '../../../gateway/assembly/cli-notes.ts';
import { newPrivateKey, readSigner } from '../../../gateway/audit/file-keys.ts';
import { postgresChange } from '../../../gateway/audit/postgres-change.ts';
import { formatVkey, noteVerifier } from '../../../gateway/audit/signed-note.ts';
import { countersign } from '../../../gateway/cli/countersign.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { prepareDatabase } from '../../../gateway/database/prepare.ts';
import { withSchema } from '../../../gateway/database/schema.ts';
import { onCommandLine as run } from '../../support/command-line.ts';
import {
  openTestLog,
  storageServers,
  type TestDatabase,
  type TestLog,
  type TestServer,
  temporaryFolder,
} from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
const records = 25;

for (const { name, start } of storageServers()) {
  describe.skipIf(start === null)(`backup and restore on ${name}`, () => {
    let server: TestServer;
    let database: TestDatabase;
    let log: TestLog;
    let folder: string;
    let backup: string;
    let empty: Awaited<ReturnType<TestServer['emptyDatabase']>>;
    const opened: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      server = await (start as () => Promise<TestServer>)();
      folder = await temporaryFolder();
      database = await server.freshDatabase();
      log = await openTestLog(database);
      await writeFile(path.join(log.dataFolder, 'keys', 'password.key'), `${randomBytes(32).toString('hex')}\n`);
      await mkdir(path.join(log.dataFolder, 'drivers', 'opcua'), { recursive: true });
      await writeFile(path.join(log.dataFolder, 'drivers', 'opcua', 'private [1].pem'), 'certificate');
      for (let number = 1; number < records; number++) await log.log.append(sampleDraft(`tag-${number}`));
      await writeFile(path.join(folder, 'identity'), `# a comment\n${identity}\n`);
      backup = path.join(folder, 'whole.backup');
      expect(await run('backup', backup, '--recipient', recipient, ...source())).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      await log?.stop();
      await database?.stop();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      empty = await server.emptyDatabase();
    });
    afterEach(async () => {
      for (const close of opened.splice(0).reverse()) await close();
      await empty.stop();
    });

    /** The gateway's own role is enough to read everything. */
    const source = (): string[] => ['--data', log.dataFolder, '--database', database.gatewayUrl];
    const opener = (): string[] => ['--identity', path.join(folder, 'identity')];

    async function newFolder(): Promise<string> {
      const made = await temporaryFolder();
      opened.push(() => rm(made, { recursive: true, force: true }));
      return made;
    }
    /** The log's checkpoint as somebody elsewhere kept it. */
    async function checkpointNote(): Promise<string> {
      const file = path.join(await newFolder(), 'note');
      await writeFile(file, log.log.checkpoint() ?? '');
      return file;
    }
    async function tablesLeft(): Promise<number> {
      const client = newClient(empty.ownerUrl, { applicationName: 'test' });
      await client.connect();
      const found = await client.query(`SELECT FROM pg_class WHERE relnamespace = to_regnamespace('countersign')`);
      await client.end();
      return found.rowCount ?? 0;
    }

    /** As the maintenance process and the gateway do at the next start. */
    async function startOn(data: string, ownerUrl = empty.ownerUrl) {
      const superuser = newClient(withSchema(ownerUrl), { applicationName: 'test' });
      await superuser.connect();
      opened.push(() => superuser.end());
      const { gatewayUrl } = await prepareDatabase(superuser, ownerUrl, 'demo', { password: 'countersign-test' });
      const reopened = await openTestLog({ ...database, gatewayUrl }, { dataFolder: data });
      opened.push(() => reopened.log.close());
      return { superuser, reopened };
    }

    it('OPS-6, AUD-7: what comes back is what was there, and the log goes on where nothing is missing', async () => {
      const data = await newFolder();
      const restored = await run(
        'restore',
        backup,
        ...opener(),
        '--data',
        data,
        '--database',
        empty.ownerUrl,
        '--checkpoint',
        await checkpointNote(),
        '--key',
        log.log.vkey,
        '--json',
      );
      expect(restored).toMatchObject({ code: 0, err: '' });
      expect(JSON.parse(restored.out)).toMatchObject({
        result: 'good',
        lastRecord: records - 1,
        records,
        bad: null,
        restored: true,
        continuation: { kind: 'same' },
      });
      for (const file of ['keys/log.pem', 'keys/log.vkey', 'keys/password.key', 'drivers/opcua/private [1].pem'])
        expect(await readFile(path.join(data, file))).toEqual(await readFile(path.join(log.dataFolder, file)));

      const { superuser, reopened } = await startOn(data);
      const rows = `SELECT * FROM log_record WHERE seq < ${records} ORDER BY seq`;
      expect((await superuser.query(rows)).rows).toEqual((await database.superuser.query(rows)).rows);
      expect(reopened.log.origin).toBe(log.log.origin);
      const last = await superuser.query<{ kind: string }>('SELECT kind FROM log_record ORDER BY seq DESC LIMIT 1');
      expect(last.rows).toEqual([{ kind: 'log.restored' }]);
      expect(await reopened.log.append(sampleDraft('after'))).toMatchObject({ seq: records + 1 });
    });

    it('OPS-6: a restore that lacks records, or may lack some, opens the log anew; the first record holds the old checkpoint', async () => {
      const old = path.join(await newFolder(), 'old.backup');
      await run('backup', old, '--recipient', recipient, ...source());
      const size = log.log.size();
      await log.log.append(sampleDraft('lost'));
      const known = await checkpointNote();
      for (const [evidence, continues] of [
        [['--checkpoint', known], await readFile(known, 'utf8')],
        [[], null],
      ] as const) {
        const target = await server.emptyDatabase();
        opened.push(() => target.stop());
        const data = await newFolder();
        const order = [...opener(), '--data', data, '--database', target.ownerUrl, '--key', log.log.vkey, ...evidence];
        const restored = await run('restore', old, ...order, '--json');
        expect(restored).toMatchObject({ code: 0, err: '' });
        const { continuation } = JSON.parse(restored.out) as { continuation: { kind: string; vkey: string } };
        expect(continuation.kind).toBe('anew');
        const { superuser, reopened } = await startOn(data, target.ownerUrl);
        expect(reopened.log.vkey).toBe(continuation.vkey);
        expect(reopened.log.origin).not.toBe(log.log.origin);
        const first = await superuser.query<{ body: Buffer }>('SELECT body FROM log_record WHERE seq = $1', [size]);
        expect(JSON.parse(first.rows[0]?.body.toString() ?? '')).toMatchObject({
          kind: 'log.opened',
          detail: { continues: { vkey: log.log.vkey, checkpoint: continues } },
        });
        const verified = await run(
          'audit',
          'verify',
          '--data',
          data,
          '--database',
          target.ownerUrl,
          '--key',
          log.log.vkey,
          '--json',
        );
        expect(JSON.parse(verified.out)).toMatchObject({ bad: null, records: size + 1 });
      }
      const word = await run(
        'restore',
        old,
        ...opener(),
        '--data',
        await newFolder(),
        '--database',
        empty.ownerUrl,
        '--checkpoint',
        known,
        '--nothing-lost',
      );
      expect(word.code).toBe(2);
      expect(word.err).toContain('does not hold');
    });

    it('OPS-6: a check needs no database, says how far the log reaches, and whose key vouches for it', async () => {
      const own = await run('restore', backup, ...opener(), '--check', '--data', await newFolder());
      expect(own.code).toBe(0);
      expect(own.out).toContain(`up to record ${records - 1}`);
      expect(own.out).toContain('comes with the backup itself');
      const vouched = await run('restore', backup, ...opener(), '--check', '--data', log.dataFolder, '--json');
      expect(JSON.parse(vouched.out)).toMatchObject({ result: 'good', records, signatures: 0, restored: false });
    });

    it('OPS-6: a file that is damaged, cut off or locked by another key leaves the database empty', async () => {
      const bytes = await readFile(backup);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length - 100] = (flipped[bytes.length - 100] ?? 0) ^ 1;
      const data = await newFolder();
      for (const [what, contents] of [
        ['flipped', flipped],
        ['cut', bytes.subarray(0, -2000)],
        ['stranger', Buffer.from('MZ'.repeat(50))],
      ] as const) {
        const file = path.join(data, what);
        await writeFile(file, contents);
        const refused = await run('restore', file, ...opener(), '--data', log.dataFolder, '--database', empty.ownerUrl);
        expect(refused).toMatchObject({ code: 1, out: '' });
        expect(refused.err).toMatch(/damaged or cut off|not a backup/);
      }
      const other = path.join(data, 'other');
      await writeFile(other, await generateIdentity());
      const locked = await run('restore', backup, '--identity', other, '--data', data, '--database', empty.ownerUrl);
      expect(locked.err).toContain('cannot be decrypted');
      expect(await tablesLeft()).toBe(0);
    });

    it('OPS-6: neither a filled database nor a data folder with another log’s keys is written over', async () => {
      const filled = await run(
        'restore',
        backup,
        ...opener(),
        '--data',
        await newFolder(),
        '--database',
        database.superuserUrl,
        '--nothing-lost',
      );
      expect(filled).toMatchObject({ code: 1 });
      expect(filled.err).toContain('holds an installation of Countersign already');
      const other = await server.freshDatabase();
      opened.push(() => other.stop());
      const otherLog = await openTestLog(other);
      opened.push(() => otherLog.stop());
      const foreign = await run(
        'restore',
        backup,
        ...opener(),
        '--data',
        otherLog.dataFolder,
        '--database',
        empty.ownerUrl,
        '--nothing-lost',
      );
      expect(foreign.code).toBe(1);
      expect(await tablesLeft()).toBe(0);
      expect((await run('backup', backup, '--recipient', recipient, ...source())).err).toContain('exists already');
    });

    it('AUD-7: a log that does not verify is named and not restored, but as evidence where that is asked for', async () => {
      const tampered = await server.freshDatabase();
      opened.push(() => tampered.stop());
      const wrong = await openTestLog(tampered);
      opened.push(() => wrong.stop());
      await cp(path.join(log.dataFolder, 'keys', 'password.key'), path.join(wrong.dataFolder, 'keys', 'password.key'));
      for (let number = 1; number < 6; number++) await wrong.log.append(sampleDraft(`tag-${number}`));
      await tampered.superuser.query(
        `SET session_replication_role = replica; UPDATE log_record SET subject = 'other' WHERE seq = 3`,
      );
      const file = path.join(await newFolder(), 'wrong.backup');
      await run(
        'backup',
        file,
        '--recipient',
        recipient,
        '--data',
        wrong.dataFolder,
        '--database',
        tampered.superuserUrl,
      );
      const target = [...opener(), '--data', await newFolder(), '--database', empty.ownerUrl, '--nothing-lost'];
      expect(JSON.parse((await run('restore', file, ...opener(), '--check', '--json')).out)).toMatchObject({
        result: 'bad',
        bad: { seq: 3 },
      });
      const refused = await run('restore', file, ...target, '--json');
      expect(refused.code).toBe(1);
      expect(JSON.parse(refused.out)).toMatchObject({ result: 'bad', bad: { seq: 3 }, restored: false });
      expect(await tablesLeft()).toBe(0);
      const kept = await run('restore', file, ...target, '--accept-wrong', '--json');
      expect(kept.code).toBe(1);
      expect(JSON.parse(kept.out)).toMatchObject({ result: 'bad', restored: true });
    });

    it('OPS-6: without encryption no key leaves the data folder, and a restore asks for a copy of them', async () => {
      const file = path.join(await newFolder(), 'plain.backup');
      const written = await run('backup', file, '--unencrypted', ...source());
      expect(written).toMatchObject({ code: 0, err: '' });
      expect(written.out).toContain('NOT encrypted');
      const data = await newFolder();
      const target = ['--data', data, '--database', empty.ownerUrl, '--nothing-lost'];
      expect((await run('restore', file, ...target)).err).toContain('keys/log.pem');
      expect(await tablesLeft()).toBe(0);
      await cp(path.join(log.dataFolder, 'keys'), path.join(data, 'keys'), { recursive: true });
      expect((await run('restore', file, ...target)).code).toBe(0);
      expect(await readdir(data)).not.toContain('drivers');
    });

    it('OPS-6, AUD-1: each backup and export is recorded, once, by the gateway that runs or starts next; what is no note is left alone', async () => {
      const notes = path.join(log.dataFolder, 'notes');
      const file = path.join(await newFolder(), 'told.backup');
      await rm(notes, { recursive: true, force: true });
      const newest = log.log.size() - 1;
      expect(await run('backup', file, '--recipient', recipient, ...source())).toMatchObject({ code: 0 });
      expect(await run('backup', file, '--recipient', recipient, ...source())).toMatchObject({ code: 1 });
      const csv = path.join(await newFolder(), 'told.csv');
      const exporting = ['audit', 'export', '--format', 'csv', '--tag', 'tag-1', '--output', csv, ...source()];
      expect(await run(...exporting)).toMatchObject({ code: 0 });
      // The file is there already: nothing is exported, and nothing told.
      expect(await run(...exporting)).toMatchObject({ code: 1 });
      expect(await readdir(notes)).toHaveLength(5);
      // As of an account whose notes the gateway may not remove: they are there at each look.
      const again = path.join(await newFolder(), 'again');
      await cp(notes, again, { recursive: true });
      await writeFile(path.join(notes, 'planted.json'), '{"backup": 1}');
      const faults: string[] = [];
      const take = async (): Promise<void> => {
        const left = async () => (await readdir(notes)).filter((name) => name !== 'planted.json');
        const taking = recordCliNotes({
          append: log.log.append,
          pool: database.pool,
          dataFolder: log.dataFolder,
          wait: (ms) => new Promise((next) => setTimeout(next, ms / 100)),
          reportFault: (context) => faults.push(context),
        });
        await until(async () => (await left()).length === 0 && faults.length > 0, 'the notes to be recorded');
        await taking.stop();
      };
      const recorded = async () => {
        const found = await database.superuser.query<{ body: Buffer }>(
          `SELECT body FROM log_record WHERE kind LIKE 'log.backup-%' OR kind = 'audit.exported' ORDER BY seq`,
        );
        return found.rows.map(({ body }) => JSON.parse(body.toString('utf8')) as { kind: string; detail: object });
      };
      await take();
      const of = { by: userInfo().username, file, upTo: newest, encrypted: true, keys: true };
      expect(await recorded()).toMatchObject([
        { kind: 'log.backup-begun', detail: { ...of, bytes: null, trouble: null } },
        { kind: 'log.backup-written', detail: { ...of, bytes: (await stat(file)).size } },
        { kind: 'log.backup-begun', detail: of },
        { kind: 'log.backup-failed', detail: { ...of, trouble: expect.stringContaining('exists') } },
        {
          kind: 'audit.exported',
          actor: null,
          detail: {
            by: of.by,
            through: 'command line',
            file: csv,
            format: 'csv',
            filter: { tag: 'tag-1' },
            records: 1,
            upTo: newest,
            checkpoint: expect.stringContaining(`${database.origin}\n${newest + 1}\n`),
          },
        },
      ]);
      await cp(again, notes, { recursive: true });
      await take();
      expect(await recorded()).toHaveLength(5);
      expect(faults[0]).toContain('planted.json is no note of a command');
      await rm(notes, { recursive: true });
    });

    it('OPS-6, AUD-1: what cannot be told to the gateway is neither backed up nor exported', async () => {
      const file = path.join(await newFolder(), 'untold.backup');
      const notes = path.join(log.dataFolder, 'notes');
      await rm(notes, { recursive: true, force: true });
      await writeFile(notes, 'in the way');
      const refused = await run('backup', file, '--recipient', recipient, ...source());
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toContain('so it would not be recorded');
      const exporting = ['audit', 'export', '--format', 'jsonl'];
      for (const output of [[], ['--output', file]]) {
        const untold = await run(...exporting, ...output, ...source());
        expect(untold).toMatchObject({ code: 1, out: '' });
        expect(untold.err).toContain('so it would not be recorded');
      }
      await rm(notes);
      const elsewhere = await newFolder();
      const nowhere = ['--data', elsewhere, '--database', database.gatewayUrl];
      expect((await run('backup', file, '--unencrypted', ...nowhere)).err).toContain('keys/log.vkey is not there');
      expect(await run(...exporting, ...nowhere)).toMatchObject({ code: 1, out: '' });
      await mkdir(path.join(elsewhere, 'keys'));
      const stranger = formatVkey(noteVerifier(readSigner(newPrivateKey(), 'another/log', 'none')));
      await writeFile(path.join(elsewhere, 'keys', 'log.vkey'), stranger);
      const foreign = await run(...exporting, '--output', file, ...nowhere);
      expect(foreign).toMatchObject({ code: 1, out: '' });
      expect(foreign.err).toContain('is the key of another log (another/log');
      await expect(stat(file)).rejects.toThrow('ENOENT');
    });

    it('OPS-6: a backup beside a writing gateway holds the log of one moment', async () => {
      let writing = true;
      const appending = (async () => {
        for (let number = 0; writing; number++)
          await log.log.append(
            sampleDraft('busy'),
            postgresChange(async (query) => {
              await query('INSERT INTO forward_cursor (receiver, seq) VALUES ($1, 1)', [`r${number}`]);
            }),
          );
      })();
      const file = path.join(await newFolder(), 'busy.backup');
      const written = await run('backup', file, '--recipient', recipient, ...source());
      writing = false;
      await appending;
      expect(written.code).toBe(0);
      const checked = await run('restore', file, ...opener(), '--check', '--data', log.dataFolder, '--json');
      expect(JSON.parse(checked.out)).toMatchObject({ result: 'good', bad: null });
      expect(log.log.size()).toBeGreaterThan((JSON.parse(checked.out) as { records: number }).records);
    });
  });
}

describe('what backup and restore are asked', () => {
  it('OPS-6: a short passphrase, two ways to encrypt, or nothing to encrypt with is asked wrongly', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const folder = await temporaryFolder();
    const file = path.join(folder, 'x');
    expect(await countersign(['backup', file], { COUNTERSIGN_BACKUP_PASSPHRASE: 'short' })).toBe(2);
    expect(await countersign(['backup', file, '--unencrypted', '--recipient', recipient], {})).toBe(2);
    expect(await countersign(['backup', file, '--recipient', 'ssh-ed25519'], {})).toBe(2);
    expect(await countersign(['backup', file], {})).toBe(2);
    expect(await countersign(['backup'], {})).toBe(2);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    vi.restoreAllMocks();
  });
});
