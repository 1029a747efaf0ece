import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { type Hash, verifyConsistency, verifyInclusion } from '../../../gateway/audit/merkle.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { countersign } from '../../../gateway/cli/countersign.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

async function run(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const said: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      said.push(String(chunk));
      return true;
    }),
  );
  try {
    return { code: await countersign(args, {}), out: said.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('countersign audit prove, and verify against a checkpoint kept elsewhere', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;
  const digests: Hash[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    test = await openTestLog(database);
    for (let number = 0; number < 12; number++)
      digests.push(Buffer.from((await test.log.append(sampleDraft(`tag-${number}`))).digest, 'base64url'));
  });
  afterAll(async () => {
    await test.stop();
    await database.stop();
    await server.stop();
  });

  const where = () => ['--data', test.dataFolder, '--database', database.gatewayUrl];
  const rootOf = (note: string): Hash => {
    const key = parseVkey(test.log.vkey);
    const opened = key === null ? null : openCheckpoint(note, key);
    if (opened?.ok !== true) throw new Error('no checkpoint');
    return opened.checkpoint.root;
  };

  it('AUD-3: gives a record’s proof as C2SP tlog-proof, that holds against the checkpoint in it', async () => {
    const { code, out } = await run('audit', 'prove', '--seq', '5', ...where());
    const [head = '', note = ''] = out.split(/\n\n(?=countersign)/);
    const [magic, index, ...hashes] = head.split('\n');
    expect([code, magic, index]).toEqual([0, 'c2sp.org/tlog-proof@v1', 'index 5']);
    const leaf = digests[4] ?? Buffer.of();
    const proof = hashes.map((hash) => Buffer.from(hash, 'base64'));
    expect(verifyInclusion(5, 13, leaf, proof, rootOf(note))).toBe(true);
  });

  it('AUD-3: gives a consistency proof; what cannot be proven is exit 1, what is asked wrongly 2', async () => {
    const { out } = await run('audit', 'prove', '--from', '7', '--json', ...where());
    const { hashes, checkpoint } = JSON.parse(out) as { hashes: string[]; checkpoint: string };
    const before = JSON.parse((await run('audit', 'prove', '--seq', '0', '--size', '7', '--json', ...where())).out);
    const proof = hashes.map((hash) => Buffer.from(hash, 'base64'));
    expect(verifyConsistency(7, 13, rootOf(before.checkpoint), rootOf(checkpoint), proof)).toBe(true);
    expect((await run('audit', 'prove', '--seq', '13', ...where())).code).toBe(1);
    expect((await run('audit', 'prove', '--seq', '1', '--witnesses', '1', ...where())).code).toBe(1);
    expect((await run('audit', 'prove', '--seq', '1', '--from', '1', ...where())).code).toBe(2);
    expect((await run('audit', 'prove', '--seq', 'x', ...where())).code).toBe(2);
  });

  it('AUD-5: a database that was cut off together with its checkpoint file is found by a checkpoint kept elsewhere', async () => {
    const kept = path.join(test.dataFolder, 'elsewhere.checkpoint');
    await writeFile(kept, test.log.checkpoint() ?? '');
    const report = async () => {
      const { code, out } = await run('audit', 'verify', '--json', '--checkpoint', kept, ...where());
      return { code, ...(JSON.parse(out) as Record<string, unknown>) };
    };
    expect(await report()).toMatchObject({ elsewhere: null, bad: null });
    await test.log.close();
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query('DELETE FROM log_record WHERE seq >= 9');
    await rm(path.join(test.dataFolder, 'checkpoints'), { recursive: true });
    expect(await report()).toMatchObject({
      code: 1,
      result: 'bad',
      bad: null,
      elsewhere: expect.stringContaining('records 9 to 12 are missing'),
    });
  });
});
