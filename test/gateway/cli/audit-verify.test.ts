import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile } from '../../../gateway/audit/file-checkpoint.ts';
import { openPostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { startEmbeddedPostgres } from '../../../gateway/database/embedded-postgres.ts';
import { connectAsOwner, prepareDatabase } from '../../../gateway/database/prepare.ts';
import { withSchema, writerLock } from '../../../gateway/database/schema.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

const program = fileURLToPath(new URL('../../../bin/countersign.mjs', import.meta.url));

type Report = {
  result: string;
  records: number;
  checkpointFile: string;
  bad: unknown;
  besides: string[];
  protection: string[];
};

// Acceptance 4 for a gateway that is stopped: whoever tampers then is found as well.
describe('audit verify in the data folder of a stopped gateway', () => {
  let folder: string;

  async function withDatabase(work: (owner: pg.Client, ownerUrl: string) => Promise<unknown>): Promise<void> {
    const server = await startEmbeddedPostgres({ dataFolder: folder });
    const owner = await connectAsOwner(server.ownerUrl);
    try {
      await work(owner, server.ownerUrl);
    } finally {
      await owner.end();
      await server.stop();
    }
  }
  async function countersign(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [program, 'audit', ...args, '--data', folder]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, out, err };
  }
  async function report(): Promise<{ code: number | null; report: Report }> {
    const { code, out, err } = await countersign('verify', '--json');
    expect(err).toBe('');
    return { code, report: JSON.parse(out) as Report };
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'countersign-test-'));
    await chmod(folder, 0o711);
    await withDatabase(async (owner, ownerUrl) => {
      const { gatewayUrl } = await prepareDatabase(owner, ownerUrl, 'demo');
      const log = await openPostgresLog({
        connect: () => newClient(gatewayUrl, { applicationName: 'test' }),
        dataFolder: folder,
        now: Date.now,
        lock: writerLock,
      });
      for (let number = 1; number < 10; number++) await log.append(sampleDraft(`tag-${number}`));
      await log.close();
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('AUD-5: verifies and exports the log of its embedded database, and leaves no server running', async () => {
    expect(await report()).toMatchObject({
      code: 0,
      report: { result: 'good', records: 10, checkpointFile: 'continued', protection: [] },
    });
    const exported = await countersign('export', '--format', 'jsonl');
    expect(exported.code).toBe(0);
    expect(exported.out.trim().split('\n')).toHaveLength(10);
    const cluster = path.join(folder, 'postgres', 'server', 'cluster');
    expect(await readdir(cluster)).not.toContain('postmaster.pid');
    expect(await readdir(path.join(folder, 'run'))).toEqual([]);
  });

  it('AUD-5: names the run file of a launcher that was killed for what it is: nothing to rely on', async () => {
    const run = path.join(folder, 'run', 'gateway.json');
    const url = withSchema(`postgresql://countersign_gateway:former@${encodeURIComponent(folder)}/countersign`);
    await writeFile(run, JSON.stringify({ databaseUrl: url }));
    expect(await report()).toMatchObject({ code: 0, report: { result: 'good', records: 10 } });
    await rm(run);
  });

  it('AUD-3: without the checkpoint file the log is not called good: its end may have been cut off', async () => {
    const file = checkpointFile(folder);
    await rename(file, `${file}.away`);
    const missing = await countersign('verify');
    expect(missing.code).toBe(1);
    expect(missing.out).toMatch(/^NOT PROVEN: the 10 records are in order, but the checkpoint file .* is missing/);
    await writeFile(file, Buffer.alloc(8192, 'x'));
    expect(await report()).toMatchObject({ code: 1, report: { result: 'bad', checkpointFile: 'unusable', bad: null } });
    await rename(`${file}.away`, file);
  });

  it('AUD-4: says that a row beside the log is not what the log says, though all records are in order', async () => {
    const tampered = (statement: string) =>
      withDatabase((owner) => owner.query(`SET session_replication_role = replica; ${statement}`));
    await tampered(`INSERT INTO later_origin VALUES (5, 'other.example/log')`);
    expect(await report()).toMatchObject({
      code: 1,
      report: {
        result: 'bad',
        bad: null,
        besides: ['the row of a later origin from record 5 on is not what the log says'],
      },
    });
    expect((await countersign('verify')).out).toMatch(/^WRONG: the 10 records are in order, but not the tables beside/);
    await tampered('DELETE FROM later_origin');
    expect(await report()).toMatchObject({ code: 0, report: { result: 'good', besides: [] } });
  });

  it('AUD-4: says that triggers are switched off and rights were given, though no record is wrong yet', async () => {
    await withDatabase((owner) =>
      owner.query(`ALTER TABLE log_record DISABLE TRIGGER log_record_append_only;
        DROP TRIGGER projection_no_delete ON projection;
        ALTER TABLE archive_end DISABLE TRIGGER archive_end_append_only;
        GRANT INSERT, UPDATE ON archive_end TO countersign_gateway;
        GRANT UPDATE ON log_record_000000 TO countersign_gateway`),
    );
    expect(await report()).toMatchObject({
      code: 1,
      report: {
        result: 'bad',
        bad: null,
        protection: [
          'the trigger log_record_append_only of log_record is removed or switched off',
          'the trigger projection_no_delete of projection is removed or switched off',
          'the trigger archive_end_append_only of archive_end is removed or switched off',
          'the role countersign_gateway was given the right INSERT on archive_end',
          'the role countersign_gateway was given the right UPDATE on archive_end',
          'the role countersign_gateway was given the right UPDATE on log_record_000000',
        ],
      },
    });
    const words = await countersign('verify');
    expect(words.out).toMatch(/^WRONG: the 10 records are in order, but the database no longer protects them:/);
  });

  it('AUD-5: finds what was changed and what was cut off meanwhile, down to an emptied log without its file', async () => {
    await withDatabase((owner) => owner.query('DELETE FROM log_record WHERE seq > 6'));
    const cut = await countersign('verify');
    expect(cut.code).toBe(1);
    expect(cut.out).toMatch(/^WRONG: the records 7 to 9: missing: the log was cut off after 7 records/);
    await withDatabase((owner) => owner.query(`UPDATE log_record SET actor = 'bob' WHERE seq = 3`));
    expect(await report()).toMatchObject({ code: 1, report: { bad: { seq: 3 } } });
    await withDatabase((owner) => owner.query('DELETE FROM log_record'));
    await rm(checkpointFile(folder));
    expect(await report()).toMatchObject({ code: 1, report: { bad: { seq: 0 } } });
  });

  it('AUD-5: makes no database where there was one: a removed folder is said in one line', async () => {
    const cluster = path.join(folder, 'postgres', 'server', 'cluster');
    await rm(cluster, { recursive: true });
    const gone = await countersign('verify');
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toMatch(/no running gateway and no embedded database is known in [^\n]*\n$/);
    expect(await readdir(path.dirname(cluster))).not.toContain('cluster');
  });
});
