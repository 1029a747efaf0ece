// Acceptance 4: what the database's superuser can do to the log, and that `audit verify` names the record.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { checkpointFile, readCheckpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { appendLeaf, emptyTree, leafHash, rootOf, type Tree } from '../../../gateway/audit/merkle.ts';
import { postgresChange } from '../../../gateway/audit/postgres-change.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { noteSigner, parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { digestOf } from '../../../gateway/identity/trusted-rows.ts';
import {
  openTestLog,
  storageServers,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { sampleDraft, standingDraft } from './sample-drafts.ts';

const program = fileURLToPath(new URL('../../../bin/countersign.mjs', import.meta.url));

async function countersign(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

for (const { name, start } of storageServers()) {
  describe.skipIf(start === null)(`tampering with the log on ${name}`, () => {
    let server: TestServer;
    let database: TestDatabase;
    let test: TestLog;

    beforeAll(async () => {
      if (start !== null) server = await start();
    });
    afterAll(() => server?.stop());
    /** Twenty records: 0 alone, 1 to 9 one a commit, 10 to 14 and 15 to 19 in one commit each. */
    beforeEach(async () => {
      database = await server.freshDatabase();
      test = await openTestLog(database);
      for (let number = 1; number < 10; number++) await test.log.append(sampleDraft(`tag-${number}`));
      for (const first of [10, 15]) {
        await Promise.all(
          Array.from({ length: 5 }, (_, index) =>
            test.log.append(standingDraft(`account:${first + index}`, `digest ${index}`)),
          ),
        );
      }
      expect(test.log.size()).toBe(20);
      // Superuser: triggers and all.
      await database.superuser.query(
        `SET session_replication_role = replica; ALTER TABLE log_record DISABLE TRIGGER USER`,
      );
    });
    afterEach(async () => {
      await test.stop();
      await database.stop();
    });

    const tamper = (statement: string) => database.superuser.query(statement);
    const verify = async (against: { file?: boolean } = {}) => {
      const verifier = parseVkey(test.log.vkey);
      if (verifier === null) throw new Error('no key');
      const file = await readCheckpointFile(checkpointFile(test.dataFolder), verifier);
      if (typeof file === 'string') throw new Error(`checkpoint file ${file}`);
      const kept = against.file === false ? null : file.checkpoint;
      return (await verifyLog(storedRows(database.superuser), { verifier, kept })).bad;
    };

    it('AUD-5: an untouched log is good', async () => {
      expect(await verify()).toBeNull();
    });

    const changes: readonly [column: string, change: string][] = [
      ['time', `time = time + interval '1 microsecond'`],
      [
        'time (to BC)',
        `time = (to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')::timestamptz`,
      ],
      ['time (infinite)', `time = 'infinity'`],
      ['kind', `kind = 'command.confirmed'`],
      ['actor', `actor = 'bob'`],
      ['actor (none)', `actor = NULL`],
      ['subject', `subject = subject || ' '`],
      ['terminal', `terminal = 'terminal-2'`],
      ['command', `command = NULL`],
      ['projection (planted)', `projection = 'account:eve'`],
      ['leaf hash', `hashes = set_byte(hashes, 31, get_byte(hashes, 31) # 1)`],
      ['a tree node', `hashes = set_byte(hashes, 33, get_byte(hashes, 33) # 128)`],
      ['tree nodes (one more)', `hashes = hashes || substring(hashes FROM 1 FOR 32)`],
      ['body (one bit)', `body = set_byte(body, 40, get_byte(body, 40) # 1)`],
      ['body (a longer spelling of the same)', `body = body || ' '::bytea`],
      ['checkpoint (none)', `checkpoint = NULL`],
      [
        'checkpoint (one bit of the signature)',
        `checkpoint = overlay(checkpoint placing 'A' from length(checkpoint) - 20)`,
      ],
      ['checkpoint (another one)', `checkpoint = (SELECT checkpoint FROM log_record WHERE seq = 5)`],
      ['checkpoint (a line more)', `checkpoint = checkpoint || '— other.example/key AAAAAAAA' || chr(10)`],
    ];
    for (const [column, change] of changes) {
      it(`AUD-5: a changed column is found and the record named: ${column}`, async () => {
        const { rowCount } = await tamper(`UPDATE log_record SET ${change} WHERE seq = 7`);
        expect(rowCount).toBe(1);
        const bad = await verify();
        expect(bad).toMatchObject({ seq: 7 });
        expect(bad?.through).toBeUndefined();
      });
    }

    it('AUD-5: a hidden projection is found', async () => {
      await tamper('UPDATE log_record SET projection = NULL WHERE seq = 12');
      expect(await verify()).toMatchObject({ seq: 12 });
    });

    it('AUD-5: a checkpoint planted within a commit is found', async () => {
      await tamper(
        `UPDATE log_record SET checkpoint = (SELECT checkpoint FROM log_record WHERE seq = 9) WHERE seq = 12`,
      );
      expect(await verify()).toMatchObject({ seq: 12 });
    });

    it('AUD-5: a removed record is found and named, wherever it stood', async () => {
      await tamper('DELETE FROM log_record WHERE seq = 12');
      expect(await verify()).toMatchObject({ seq: 12, why: expect.stringContaining('removed') });
      await tamper('DELETE FROM log_record WHERE seq = 0');
      expect(await verify()).toMatchObject({ seq: 0 });
    });

    it('AUD-5: records moved up over a removed one are found', async () => {
      await tamper('DELETE FROM log_record WHERE seq = 6');
      for (let seq = 7; seq < 20; seq++) await tamper(`UPDATE log_record SET seq = ${seq - 1} WHERE seq = ${seq}`);
      expect(await verify()).toMatchObject({ seq: 6 });
    });

    it('AUD-5: an inserted record is found: with a number of its own, one used before, and among moved ones', async () => {
      const columns = 'time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint';
      await tamper(`INSERT INTO log_record (seq, ${columns}) SELECT 20, ${columns} FROM log_record WHERE seq = 19`);
      expect(await verify()).toMatchObject({ seq: 20 });
      await tamper('DELETE FROM log_record WHERE seq = 20');
      for (let seq = 19; seq >= 8; seq--) await tamper(`UPDATE log_record SET seq = ${seq + 1} WHERE seq = ${seq}`);
      await tamper(`INSERT INTO log_record (seq, ${columns}) SELECT 8, ${columns} FROM log_record WHERE seq = 7`);
      expect(await verify()).toMatchObject({ seq: 8 });
    });

    it('AUD-5: two records that changed places are found', async () => {
      await tamper(`UPDATE log_record SET seq = 900000 WHERE seq = 4`);
      await tamper(`UPDATE log_record SET seq = 4 WHERE seq = 11`);
      await tamper(`UPDATE log_record SET seq = 11 WHERE seq = 900000`);
      expect(await verify()).toMatchObject({ seq: 4 });
    });

    it('AUD-5: a tail cut with its checkpoints and nodes is found by the checkpoint file, and the first missing named', async () => {
      await tamper('DELETE FROM log_record WHERE seq >= 15');
      expect(await verify({ file: false })).toBeNull();
      expect(await verify()).toMatchObject({ seq: 15, through: 19, why: expect.stringContaining('cut off') });
    });

    it('AUD-5: a tail cut within a commit is found without the file too', async () => {
      await tamper('DELETE FROM log_record WHERE seq >= 17');
      expect(await verify({ file: false })).toMatchObject({ seq: 16 });
    });

    it('AUD-5: an emptied log is found', async () => {
      await tamper('DELETE FROM log_record');
      expect(await verify()).toMatchObject({ seq: 0, through: 19 });
    });

    /** Replaces a record's text and makes every hash from there on anew: all that can be had without the key. */
    async function rewrite(seq: number, sign?: (size: number, tree: Tree) => string) {
      const found = await tamper('SELECT seq, body, checkpoint FROM log_record ORDER BY seq');
      let tree = emptyTree;
      for (const row of found.rows as { seq: number; body: Buffer; checkpoint: string | null }[]) {
        const text = row.body.toString('utf8');
        const body = row.seq === seq ? Buffer.from(text.replace('38.5', '39.5')) : row.body;
        if (row.seq === seq) expect(body.equals(row.body)).toBe(false);
        const grown = appendLeaf(tree, leafHash(body));
        tree = grown.tree;
        if (row.seq < seq) continue;
        const checkpoint = row.checkpoint === null || sign === undefined ? row.checkpoint : sign(row.seq + 1, tree);
        await database.superuser.query('UPDATE log_record SET body = $2, hashes = $3, checkpoint = $4 WHERE seq = $1', [
          row.seq,
          body,
          Buffer.concat(grown.completed),
          checkpoint,
        ]);
      }
    }

    it('AUD-5: a record replaced with all hashes made anew is found by the signature, and named', async () => {
      await rewrite(6);
      expect(await verify()).toMatchObject({ seq: 6 });
      expect((await verify())?.through).toBeUndefined();
    });

    it('AUD-5: checkpoints signed by another key under the log’s name do not help', async () => {
      const forger = noteSigner(test.log.origin, generateKeyPairSync('ed25519').privateKey);
      await rewrite(6, (size, tree) => signCheckpoint(size, rootOf(tree), forger));
      expect(await verify()).toMatchObject({ seq: 6 });
    });

    it('AUD-5: one record replaced with its own hash only is narrowed down to a pair at most', async () => {
      const { rows } = await tamper('SELECT body FROM log_record WHERE seq = 12');
      const body = Buffer.from((rows[0] as { body: Buffer }).body.toString('utf8').replace('38.5', '39.5'));
      await database.superuser.query(
        'UPDATE log_record SET body = $1, hashes = $2 || substring(hashes FROM 33) WHERE seq = 12',
        [body, leafHash(body)],
      );
      expect(await verify()).toMatchObject({ seq: 12, through: 13 });
    });

    it('AUD-5: `countersign audit verify` says so by exit code and names the record; keys pinned, given, wrong and absent', async () => {
      const text = '{"name":"ada"}';
      await test.log.append(
        standingDraft('account:ada', digestOf(text)),
        postgresChange(async (run, { seq }) => {
          await run('INSERT INTO projection (subject, document, seq) VALUES ($1, $2, $3)', ['account:ada', text, seq]);
        }),
      );
      await mkdir(path.join(test.dataFolder, 'run'));
      const run = path.join(test.dataFolder, 'run', 'gateway.json');
      await writeFile(run, JSON.stringify({ databaseUrl: database.gatewayUrl, http: 'http://localhost:1' }));
      const verifyCli = (...args: string[]) =>
        countersign('audit', 'verify', '--data', test.dataFolder, '--json', ...args);
      // The ten sample accounts of this log have no rows: the log itself is good, the tables are not.
      const planted = await verifyCli();
      expect(planted.code).toBe(1);
      expect(JSON.parse(planted.out)).toMatchObject({ result: 'bad', bad: null, records: 21 });
      expect(JSON.parse(planted.out).projections).toHaveLength(10);
      await tamper(
        `INSERT INTO projection (subject, document, seq) SELECT 'account:' || n, 'x', n FROM generate_series(10, 19) n`,
      );
      expect(JSON.parse((await verifyCli()).out).projections).toHaveLength(10);
      expect((await countersign('audit', 'verify', '--nonsense')).code).toBe(2);
      expect((await countersign('audit', 'verify', '--key', 'no such file')).code).toBe(2);
      expect((await countersign('audit', 'verify', '--data', '/nonexistent')).code).toBe(1);
      await tamper(`UPDATE log_record SET actor = 'bob' WHERE seq = 7`);
      const changed = await verifyCli();
      expect(changed.code).toBe(1);
      expect(JSON.parse(changed.out)).toMatchObject({ result: 'bad', bad: { seq: 7 }, records: 7 });
      const words = await countersign('audit', 'verify', '--data', test.dataFolder);
      expect(words.out).toContain('WRONG: record 7: its column');
    });

    it('AUD-5: without a key the answer is "consistent in itself only", and not success', async () => {
      const other = await server.freshDatabase();
      const log = await openTestLog(other);
      try {
        await log.log.append(sampleDraft('a'));
        const database = ['--database', other.gatewayUrl];
        const none = await countersign('audit', 'verify', '--data', '/nonexistent', '--json', ...database);
        expect(none.code).toBe(1);
        expect(JSON.parse(none.out)).toMatchObject({ result: 'consistent-in-itself-only', bad: null, records: 2 });
        const given = await countersign(
          'audit',
          'verify',
          '--data',
          '/nonexistent',
          '--json',
          ...database,
          '--key',
          log.log.vkey,
        );
        expect(given.code).toBe(0);
        expect(JSON.parse(given.out)).toMatchObject({ result: 'good', checkpointFile: 'not-checked' });
        const pinned = await countersign('audit', 'verify', '--data', log.dataFolder, ...database);
        expect(pinned.code).toBe(0);
        expect(pinned.out).toContain('Good: 2 records, 2 checkpoints');
        const wrong = await countersign(
          'audit',
          'verify',
          '--data',
          '/nonexistent',
          '--json',
          ...database,
          '--key',
          test.log.vkey,
        );
        expect(wrong.code).toBe(1);
        expect(JSON.parse(wrong.out)).toMatchObject({ result: 'bad', bad: { seq: 0 } });
      } finally {
        await log.stop();
        await other.stop();
      }
    });
  });
}
