// Archiving on real databases: what is due, the bundle, the removal by the owner, and that what is left still proves.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeArchived } from '../../../gateway/audit/postgres-archive-removal.ts';
import { orderChange, readArchives, writeArchive, writtenChange } from '../../../gateway/audit/postgres-archives.ts';
import { writeBundle } from '../../../gateway/audit/postgres-bundle.ts';
import { dueRange } from '../../../gateway/audit/postgres-retention.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { verifyBundle } from '../../../gateway/audit/verify-bundle.ts';
import { settleArchives } from '../../../gateway/cli/maintenance-archives.ts';
import type { RecordDraft } from '../../../gateway/contract/audit-record.ts';
import {
  openTestLog,
  storageServers,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { runOn, sampleDraft, standingDraft } from './sample-drafts.ts';

const dayMs = 86_400_000;
const days = { commands: 10, access: 5, operation: 5 };
const system = { actor: null, terminal: null, address: null, subject: 'gateway' } as const;

for (const { name, start } of storageServers()) {
  describe.skipIf(start === null)(`archiving on ${name}`, () => {
    let server: TestServer;
    let database: TestDatabase;
    let test: TestLog;
    let nowMs: number;
    const query = () => runOn(database.pool);

    beforeAll(async () => {
      server = await (start as () => Promise<TestServer>)();
    });
    afterAll(() => server?.stop());
    /** 0 opened, 1 account, 2 to 11 commands, 12 a sign-in, 13 account again; twenty days later 14 a command. */
    beforeEach(async () => {
      nowMs = Date.UTC(2026, 0, 1);
      database = await server.freshDatabase();
      test = await openTestLog(database, { now: () => nowMs });
      await test.log.append(standingDraft('account:ada', 'first'));
      for (let number = 2; number < 12; number++) await test.log.append(sampleDraft(`tag-${number}`));
      await test.log.append({ ...system, kind: 'session.opened' });
      await test.log.append(standingDraft('account:ada', 'second'));
      nowMs += 20 * dayMs;
      await test.log.append(sampleDraft('young'));
    });
    afterEach(async () => {
      await test.stop();
      await database.stop();
    });

    const due = (receivers: readonly string[] = []) => dueRange(query(), { nowMs, days, receivers });
    const folder = () => path.join(test.dataFolder, 'archives');
    async function verify(): Promise<Awaited<ReturnType<typeof verifyLog>>> {
      return verifyLog(storedRows(database.superuser), { verifier: parseVkey(test.log.vkey), kept: null });
    }
    /** As the gateway does it, up to the bundle. */
    async function order(signature = true): Promise<{ ordered: number; file: string }> {
      const range = await due();
      if (range === null) throw new Error('nothing is due');
      const draft: RecordDraft = {
        ...sampleDraft('archive'),
        kind: 'archive.ordered',
        detail: { ...range },
        ...(signature ? { signature: { jws: 'a.b.c' } } : {}),
      };
      const { seq: ordered } = await test.log.append(draft, orderChange(range));
      const archive = { ordered, first: range.first, through: range.through };
      const bundle = await writeArchive(query(), folder(), archive, new Date(nowMs).toISOString());
      await test.log.append(
        { ...system, kind: 'archive.written', detail: { ...archive, ...bundle } },
        writtenChange(ordered, bundle),
      );
      return { ordered, file: path.join(folder(), bundle.file) };
    }
    const settle = () => settleArchives(database.superuser, test.dataFolder);
    const seqs = async (table: string) =>
      (await database.superuser.query<{ seq: number }>(`SELECT seq FROM ${table} ORDER BY seq`)).rows.map(
        ({ seq }) => seq,
      );

    it('AUD-7: due is what every period has passed for, in whole commits, and nothing that is open or not forwarded', async () => {
      expect(await due()).toEqual({ first: 2, through: 13, records: 11, until: '2026-01-01T00:00:00.000000Z' });
      expect(await due(['siem'])).toBeNull();
      await database.superuser.query(`INSERT INTO forward_cursor (receiver, seq) VALUES ('siem', 7)`);
      expect(await due(['siem'])).toMatchObject({ first: 2, through: 7 });
      await test.log.append(sampleDraft('tag-5', { command: await commandOf(5) }));
      expect(await due()).toMatchObject({ first: 2, through: 4, records: 3 });
      nowMs -= 19 * dayMs;
      expect(await due()).toBeNull();
    });
    async function commandOf(seq: number): Promise<string> {
      const found = await database.superuser.query<{ command: string }>(
        'SELECT command FROM log_record WHERE seq = $1',
        [seq],
      );
      return found.rows[0]?.command ?? '';
    }

    it('AUD-7: the range goes once its bundle was checked; identity and keys stay, and all that is left still proves', async () => {
      const { file } = await order();
      await settle();
      expect(await readArchives(query())).toMatchObject([{ state: 'removed', removed: 11, trouble: null }]);
      expect(await seqs('log_record')).toEqual([0, 1, 13, 14, 15, 16]);
      expect(await seqs('archived_record')).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(await verify()).toMatchObject({ bad: null, records: 17, archived: 11 });

      const trust = { log: parseVkey(test.log.vkey), witnesses: [], quorum: 0, known: null };
      const archived = await verifyBundle(chunks(await readFile(file)), trust);
      expect(archived).toMatchObject({ bad: null, vouched: { byLog: true } });
      expect(
        await verifyBundle(writeBundle(query(), { selection: { asked: null }, madeAt: '2026-01-01T00:00:00Z' }), trust),
      ).toMatchObject({
        // As far as the sample's order, whose signature is none: what was left out was no hindrance.
        bad: { seq: 15 },
        records: 6,
        leftOut: 11,
      });

      await test.log.close();
      const again = await openTestLog(database, { now: () => nowMs, dataFolder: test.dataFolder });
      expect(again.log.lookUpStanding('account:ada')).toMatchObject({ digest: 'second' });
      await again.log.append(sampleDraft('after'));
      await again.log.close();
      expect(await verify()).toMatchObject({ bad: null, records: 18 });
    });

    it('AUD-7: nothing is removed for a bundle that is bent or gone, an order without signature, or a record that says otherwise', async () => {
      const { file } = await order();
      const bytes = await readFile(file);
      for (const [spoil, why] of [
        [() => writeFile(file, bytes.subarray(0, -200)), /is not the one that was written/],
        [() => rm(file), /cannot be read/],
      ] as const) {
        await spoil();
        await database.superuser.query('BEGIN');
        await settle();
        const [ended] = await readArchives(runOn(database.superuser));
        expect(ended).toMatchObject({ state: 'failed', removed: 0, trouble: expect.stringMatching(why) });
        await database.superuser.query('ROLLBACK');
      }
      await writeFile(file, bytes);
      await database.superuser.query('BEGIN');
      await database.superuser.query('SET LOCAL session_replication_role = replica');
      await database.superuser.query(`UPDATE archive_file SET sha256 = repeat('0', 64)`);
      await settle();
      expect((await readArchives(runOn(database.superuser)))[0]?.trouble).toMatch(/does not say that this bundle/);
      await database.superuser.query('ROLLBACK');
      expect(await seqs('archived_record')).toEqual([]);
      await settle();
      expect((await readArchives(query()))[0]?.state).toBe('removed');
    });

    it('AUD-7: an order that nobody signed removes nothing', async () => {
      await order(false);
      await settle();
      expect((await readArchives(query()))[0]).toMatchObject({
        state: 'failed',
        trouble: expect.stringContaining('no signed order'),
      });
      expect(await verify()).toMatchObject({ bad: null, archived: 0 });
    });

    it('AUD-4, AUD-7: the gateway’s role removes nothing; the owner nothing whose hashes do not stay', async () => {
      await expect(query()('DELETE FROM log_record WHERE seq = 3')).rejects.toThrow(/permission denied/);
      await expect(
        query()(`INSERT INTO archived_record SELECT seq, hashes FROM log_record WHERE seq = 3`),
      ).rejects.toThrow(/permission denied/);
      await expect(database.superuser.query('DELETE FROM log_record WHERE seq = 3')).rejects.toThrow(/append-only/);
      await database.superuser.query(
        `INSERT INTO archived_record SELECT seq, set_byte(hashes, 0, 1) FROM log_record WHERE seq = 3`,
      );
      await expect(database.superuser.query('DELETE FROM log_record WHERE seq = 3')).rejects.toThrow(/append-only/);
    });

    it('AUD-5, AUD-7: records hidden as if archived are named: no record of the log says so, or the tree differs', async () => {
      const range = { ordered: 0, first: 2, through: 5, written: 0, file: '', sha256: '' };
      expect(await removeArchived(database.superuser, range)).toBe(4);
      expect((await verify()).bad).toMatchObject({
        seq: 5,
        why: expect.stringContaining('no record says that it was archived'),
      });
      await database.superuser.query('SET session_replication_role = replica');
      await database.superuser.query(
        'UPDATE archived_record SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) WHERE seq = 4',
      );
      await database.superuser.query('SET session_replication_role = origin');
      expect((await verify()).bad).toMatchObject({ why: expect.stringMatching(/node of level|not what was recorded/) });
    });
  });
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
