import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { mostRecords } from '../../../gateway/audit/commit-in-making.ts';
import { leafHash, verifyInclusion } from '../../../gateway/audit/merkle.ts';
import { postgresChange } from '../../../gateway/audit/postgres-change.ts';
import { readInclusion } from '../../../gateway/audit/postgres-proofs.ts';
import { readRecord, readRecords } from '../../../gateway/audit/postgres-records.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { maximumWaiting } from '../../../gateway/audit/postgres-writer.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { canonicalBytes, type Json } from '../../../gateway/contract/canonical.ts';
import { GatewayError } from '../../../gateway/contract/problem.ts';
import {
  openTestLog,
  storageServers,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { runOn, sampleDraft, standingDraft } from './sample-drafts.ts';

for (const { name, start } of storageServers()) {
  describe.skipIf(start === null)(`the audit log on ${name}`, () => {
    let server: TestServer;
    let database: TestDatabase;
    let test: TestLog;
    let nowMs = 0;

    beforeAll(async () => {
      if (start !== null) server = await start();
    });
    afterAll(() => server?.stop());
    beforeEach(async () => {
      nowMs = Date.UTC(2026, 0, 31, 8, 0, 0);
      database = await server.freshDatabase();
      test = await openTestLog(database, { now: () => nowMs });
    });
    afterEach(async () => {
      await test.stop();
      await database.stop();
    });

    const verify = async () => {
      const verifier = parseVkey(test.log.vkey);
      return verifyLog(storedRows(database.superuser), { verifier, kept: null });
    };
    const bodies = async () => {
      const page = await readRecords(runOn(database.pool), { limit: 500, order: 'oldest-first' });
      return page.records;
    };

    it('AUD-2: a record comes back with every field, its number, time and salt', async () => {
      const draft = sampleDraft('BR101.TIC.SP');
      const appended = await test.log.append(draft);
      expect(appended).toMatchObject({ seq: 1, time: '2026-01-31T08:00:00.000000Z' });
      const record = await readRecord(runOn(database.pool), 1);
      expect(record).toMatchObject({ ...draft, seq: 1, time: appended.time });
      expect(Buffer.from(record?.salt ?? '', 'base64url')).toHaveLength(16);
      const leaf = leafHash(canonicalBytes(record as unknown as Json));
      expect(Buffer.from(leaf).toString('base64url')).toBe(appended.digest);
    });

    it('AUD-3: calls of one turn of the event loop land in one transaction, in their order', async () => {
      const appended = await Promise.all(
        Array.from({ length: 50 }, (_, index) => test.log.append(sampleDraft(`tag-${index}`))),
      );
      expect(appended.map((one) => one.seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      const rows = await database.superuser.query(
        'SELECT seq, subject, xmin::text AS xmin FROM log_record ORDER BY seq',
      );
      expect(rows.rows.slice(1).map((row) => row.subject)).toEqual(
        Array.from({ length: 50 }, (_, index) => `tag-${index}`),
      );
      expect(new Set(rows.rows.slice(1).map((row) => row.xmin)).size).toBe(1);
    });

    it('AUD-3: what one commit cannot take goes into the next ones, in its order, and verifies whole', async () => {
      const count = 2 * mostRecords + 3;
      const appended = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          test.log.append(sampleDraft(`tag-${index}`, index % 2 === 0 ? {} : { actor: null, terminal: null })),
        ),
      );
      expect(appended.map((one) => one.seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      expect(await verify()).toMatchObject({ bad: null, records: count + 1, checkpoints: 1 + 3 });
    });

    it('AUD-3: whatever the commits, the log verifies whole, and the checkpoint is the last one’s', async () => {
      for (let round = 0; round < 9; round++) {
        await Promise.all(Array.from({ length: round }, (_, index) => test.log.append(sampleDraft(`tag-${index}`))));
      }
      const verified = await verify();
      expect(verified).toMatchObject({ bad: null, records: 37, checkpoints: 9 });
      const verifier = parseVkey(test.log.vkey);
      if (verifier === null) throw new Error('no key');
      const opened = openCheckpoint(test.log.checkpoint() ?? '', verifier);
      expect(opened).toMatchObject({ ok: true, checkpoint: { size: 37, root: Buffer.from(verified.root) } });
    });

    it('AUD-3: proves the inclusion of each record from the stored nodes', async () => {
      await Promise.all(Array.from({ length: 12 }, (_, index) => test.log.append(sampleDraft(`tag-${index}`))));
      const { root } = await verify();
      for (const record of await bodies()) {
        const proof = await readInclusion(runOn(database.pool), record.seq, 13);
        const leaf = leafHash(canonicalBytes(record as unknown as Json));
        expect(proof.leaf).toBe(Buffer.from(leaf).toString('base64'));
        const hashes = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
        expect(verifyInclusion(record.seq, 13, leaf, hashes, root)).toBe(true);
      }
    });

    it('IDN-1: a change commits with its record, under the record’s number and digest', async () => {
      await database.superuser.query('CREATE TABLE state (seq bigint, digest text); GRANT INSERT ON state TO PUBLIC');
      const appended = await test.log.append(
        sampleDraft('account:ada'),
        postgresChange(async (run, { seq, digest }) => {
          await run('INSERT INTO state VALUES ($1, $2)', [seq, digest]);
        }),
      );
      const { rows } = await database.superuser.query('SELECT seq, digest FROM state');
      expect(rows).toEqual([{ seq: appended.seq, digest: appended.digest }]);
    });

    it('IDN-1: a failing change takes down its own record only, and leaves no gap', async () => {
      await database.superuser.query('CREATE TABLE state (seq bigint PRIMARY KEY); GRANT INSERT ON state TO PUBLIC');
      const insert = (fail: 'no' | 'by-sql' | 'by-throwing' | 'swallowed') =>
        postgresChange(async (run, { seq }) => {
          await run('INSERT INTO state VALUES ($1)', [seq]);
          if (fail === 'by-sql') await run('SELECT 1/0');
          if (fail === 'swallowed') await run('SELECT 1/0').catch(() => {});
          if (fail === 'by-throwing') throw new Error('changed its mind');
        });
      const settled = await Promise.allSettled([
        test.log.append(sampleDraft('a'), insert('no')),
        test.log.append(sampleDraft('b'), insert('by-sql')),
        test.log.append(sampleDraft('c')),
        test.log.append(sampleDraft('d'), insert('by-throwing')),
        test.log.append(sampleDraft('e'), insert('swallowed')),
        test.log.append(sampleDraft('f'), insert('no')),
      ]);
      expect(settled.map((one) => (one.status === 'fulfilled' ? one.value.seq : one.reason.message))).toEqual([
        1,
        'division by zero',
        2,
        'changed its mind',
        expect.stringContaining('current transaction is aborted'),
        3,
      ]);
      expect((await bodies()).map((record) => record.subject)).toEqual(['log', 'a', 'c', 'f']);
      const { rows } = await database.superuser.query('SELECT seq FROM state ORDER BY seq');
      expect(rows).toEqual([{ seq: 1 }, { seq: 3 }]);
      expect((await verify()).bad).toBeNull();
    });

    it('AUD-2: time never goes backwards along the log; a clock that does is told of in the record', async () => {
      await test.log.append(sampleDraft('before'));
      nowMs -= 5_000;
      await test.log.append(sampleDraft('stepped back'));
      nowMs += 10_000;
      await test.log.append(sampleDraft('after'));
      const records = (await bodies()).slice(1);
      expect(records.map((record) => record.time)).toEqual([
        '2026-01-31T08:00:00.000000Z',
        '2026-01-31T08:00:00.000001Z',
        '2026-01-31T08:00:05.000000Z',
      ]);
      expect(records.map((record) => record.detail?.clockBehindMs)).toEqual([undefined, 5000, undefined]);
      expect((await verify()).bad).toBeNull();
    });

    it('AUD-1: no text that a stranger typed keeps a record out of the log', async () => {
      const strange = 'lone \ud800 surrogate, NUL \0, quote " and \\';
      await test.log.append(sampleDraft(strange, { actor: { id: strange, name: strange, printedName: strange } }));
      const [, record] = await bodies();
      expect(record?.subject).toBe('lone \ufffd surrogate, NUL \ufffd, quote " and \\');
      expect((await verify()).bad).toBeNull();
    });

    it('AUD-1: a record larger than the bound is refused by itself, its neighbours are written', async () => {
      const huge = sampleDraft('huge', { detail: { text: 'x'.repeat(2 * 1024 * 1024) } });
      const settled = await Promise.allSettled([
        test.log.append(sampleDraft('a')),
        test.log.append(huge),
        test.log.append(sampleDraft('b')),
      ]);
      expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await bodies()).map((record) => record.subject)).toEqual(['log', 'a', 'b']);
    });

    it('AUD-1: beyond the queue’s bound an append is refused at once, as log-unavailable', async () => {
      const waiting = Array.from({ length: maximumWaiting }, (_, index) =>
        test.log.append(sampleDraft(`tag-${index}`)),
      );
      await expect(test.log.append(sampleDraft('one too many'))).rejects.toMatchObject({ code: 'log-unavailable' });
      expect((await Promise.all(waiting)).at(-1)?.seq).toBe(maximumWaiting);
    });

    it('AUD-3: a restart goes on where the log ended', async () => {
      await test.log.append(sampleDraft('before'));
      await test.log.close();
      test = await openTestLog(database, { now: () => nowMs, dataFolder: test.dataFolder });
      expect(await test.log.append(sampleDraft('after'))).toMatchObject({ seq: 2 });
      expect(await verify()).toMatchObject({ bad: null, records: 3 });
    });

    it('OPS-4: the checkpoint’s time is that of its newest record, also after a restart', async () => {
      nowMs += 60_000;
      const { time } = await test.log.append(sampleDraft('BR101.TIC.SP'));
      expect(test.log.checkpointTime()).toBe(time);
      await test.log.close();
      test = await openTestLog(database, { now: () => nowMs + 60_000, dataFolder: test.dataFolder });
      expect(test.log.checkpointTime()).toBe(time);
    });

    it('AUD-4: the log is partitioned by record number, its only key', async () => {
      const keys = await database.superuser.query(
        `SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = 'log_record'::regclass AND contype IN ('p', 'u')`,
      );
      expect(keys.rows).toEqual([{ key: 'PRIMARY KEY (seq)' }]);
      const by = await database.superuser.query(
        server.partitions === 'timescaledb'
          ? `SELECT column_name AS by FROM timescaledb_information.dimensions WHERE hypertable_name = 'log_record'`
          : `SELECT substring(pg_get_partkeydef('log_record'::regclass) FROM '[(](.*)[)]') AS by`,
      );
      expect(by.rows).toEqual([{ by: 'seq' }]);
    });

    it('AUD-4: a second writer cannot open the log', async () => {
      await expect(openTestLog(database, { dataFolder: test.dataFolder, lockPatienceMs: 100 })).rejects.toMatchObject({
        code: 'log-in-use',
      });
    });

    it('AUD-4: a writer that finds a foreign record in its place stops for good', async () => {
      await database.superuser.query(
        `INSERT INTO log_record (seq, time, kind, subject, hashes, body) VALUES (1, now(), 'x', 'x', decode(repeat('00', 32), 'hex'), '')`,
      );
      await expect(test.log.append(sampleDraft('a'))).rejects.toMatchObject({ code: 'log-unavailable' });
      expect(test.log.state()).toMatchObject({ state: 'broken' });
      await expect(test.log.append(sampleDraft('b'))).rejects.toMatchObject({ code: 'log-unavailable' });
    });

    it('AUD-4: the gateway’s role may select and insert, nothing else; nobody may change the log past its triggers', async () => {
      await test.log.append(sampleDraft('a'));
      const forbidden = [
        `UPDATE log_record SET kind = 'x'`,
        'DELETE FROM log_record',
        'TRUNCATE log_record',
        'DROP TABLE log_record',
        'ALTER TABLE log_record DISABLE TRIGGER ALL',
        'CREATE TABLE countersign.mine (x int)',
        `UPDATE installation SET mode = 'production'`,
        `INSERT INTO installation (mode, origin) VALUES ('demo', 'x')`,
        'DELETE FROM schema_version',
      ];
      for (const statement of forbidden) {
        await expect(database.pool.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      }
      for (const statement of forbidden.slice(0, 3)) {
        await expect(database.superuser.query(statement), statement).rejects.toThrow('append-only');
      }
      const role = await database.superuser.query(
        `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = 'countersign_gateway'`,
      );
      expect(Object.values(role.rows[0] ?? {})).toEqual([false, false, false, false, false]);
      expect((await verify()).bad).toBeNull();
    });

    it('IDN-1: the standing record of a subject is its newest, also after a restart', async () => {
      await test.log.append(standingDraft('account:ada', 'first'));
      await test.log.append(standingDraft('account:bob', 'only'));
      const newest = await test.log.append(standingDraft('account:ada', 'second'));
      await test.log.append(sampleDraft('BR101.TIC.SP'));
      expect(test.log.lookUpStanding('account:ada')).toEqual({ seq: newest.seq, digest: 'second' });
      await test.log.close();
      test = await openTestLog(database, { dataFolder: test.dataFolder });
      expect(test.log.lookUpStanding('account:ada')).toEqual({ seq: newest.seq, digest: 'second' });
      expect(test.log.lookUpStanding('account:bob')).toMatchObject({ digest: 'only' });
      expect(test.log.lookUpStanding('account:eve')).toBeUndefined();
    });

    it('AUD-3: while the database is away appends are refused; it goes on by itself, nothing lost, nothing twice', async () => {
      await test.log.append(sampleDraft('before'));
      await database.superuser.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test log' AND datname = current_database()`,
      );
      const appended: number[] = [];
      await until(async () => {
        try {
          appended.push((await test.log.append(sampleDraft('after'))).seq);
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect(error).toMatchObject({ code: 'log-unavailable' });
          return false;
        }
      }, 'the log writes again');
      expect(appended).toEqual([2]);
      expect((await bodies()).map((record) => record.subject)).toEqual(['log', 'before', 'after']);
      expect((await verify()).bad).toBeNull();
    });
  });
}
