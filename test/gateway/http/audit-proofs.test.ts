// Checkpoint and proofs over real HTTP, checked as a stranger would: with the pinned key and RFC 6962, no gateway code but
// the verifiers.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../gateway/audit/merkle.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { signatureChecker } from '../../../gateway/audit/verify-signatures.ts';
import type { ConsistencyProof, InclusionProof } from '../../../gateway/contract/proof.ts';
import { type ApiClient, codeOf } from '../../support/api-client.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../../support/gateway.ts';

let whole: TestGateway;
let operator: ApiClient;
beforeAll(async () => {
  whole = await startTestGateway();
  operator = await whole.person('operator');
});
afterAll(async () => {
  await whole?.stop();
});

async function checkpoint(query = ''): Promise<Checkpoint> {
  const answer = await operator.get<string>(`/audit/checkpoint${query}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  const pinned = parseVkey(await readFile(join(whole.dataFolder, 'keys', 'log.vkey'), 'utf8'));
  if (pinned === null) throw new Error('no key is pinned');
  const opened = openCheckpoint(answer.body, pinned);
  if (!opened.ok) throw new Error(opened.why);
  return opened.checkpoint;
}
const bytes = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, 'base64'));

describe('checkpoint and proofs', () => {
  test('AUD-3: each record is proven to be in the tree that the checkpoint signs', async () => {
    const { size, root } = await checkpoint();
    const stored = await whole.database.superuser.query<{ body: Buffer }>(
      'SELECT body FROM log_record WHERE seq < $1 ORDER BY seq',
      [size],
    );
    expect(stored.rows).toHaveLength(size);
    for (const seq of [0, 1, Math.floor(size / 2), size - 1]) {
      const { body } = await operator.get<InclusionProof>(`/audit/proofs/inclusion?seq=${seq}&size=${size}`);
      const leaf = leafHash(stored.rows[seq]?.body ?? Buffer.of());
      expect(body).toMatchObject({ seq, size, leaf: Buffer.from(leaf).toString('base64') });
      expect(verifyInclusion(seq, size, leaf, bytes(body.hashes), root)).toBe(true);
    }
  });

  test('AUD-3: a later checkpoint is proven to continue an earlier one, which can still be had', async () => {
    const before = await checkpoint();
    expect((await operator.get('/audit?limit=1')).status).toBe(200);
    const after = await checkpoint();
    expect(after.size).toBeGreaterThan(before.size);
    const { body } = await operator.get<ConsistencyProof>(
      `/audit/proofs/consistency?from=${before.size}&to=${after.size}`,
    );
    expect(verifyConsistency(before.size, after.size, before.root, after.root, bytes(body.hashes))).toBe(true);
    expect(await checkpoint(`?size=${before.size}`)).toEqual(before);
  });

  test('AUD-3: what the log cannot prove is refused, and says why', async () => {
    const { size } = await checkpoint();
    const refused = [
      `/audit/proofs/inclusion?seq=${size}&size=${size}`,
      `/audit/proofs/inclusion?seq=0&size=${size + 1000}`,
      `/audit/proofs/inclusion?seq=-1&size=${size}`,
      `/audit/proofs/inclusion?seq=0`,
      `/audit/proofs/consistency?from=${size}&to=1`,
      `/audit/proofs/consistency?from=1&to=${size + 1000}`,
      `/audit/proofs/consistency?from=0&to=0`,
    ];
    for (const path of refused) {
      const answer = await operator.get(path);
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 400, 'malformed-request']);
    }
    for (const path of ['/audit/checkpoint?witnesses=1', `/audit/checkpoint?size=${size + 1000}`]) {
      const answer = await operator.get(path);
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 404, 'not-found']);
    }
  });

  test('AUD-3: an administrator replaces the log’s key with his signature; who pinned the old one still verifies all', async () => {
    const admin = await whole.person('admin');
    const { key: before } = (await admin.get<{ key: string }>('/audit/key')).body;
    const sign = async (person: ApiClient, name: string, comment: string | null) => {
      const offered = await person.post<{ statement: { purpose: string } }>('/audit/key/statements', undefined);
      if (offered.status !== 201) return offered;
      expect(offered.body.statement).toMatchObject({
        purpose: 'rotate-log-key',
        about: 'log',
        change: { replaces: before },
      });
      return person.post('/audit/key/signatures', {
        statement: await person.signStatement(offered.body.statement, { signer: name, meaning: 'approval', comment }),
        username: name,
        password: demoPassword,
      });
    };
    expect(codeOf(await sign(operator, 'operator', 'yearly'))).toBe('right-missing');
    expect(codeOf(await sign(admin, 'admin', null))).toBe('comment-missing');
    expect((await admin.get<{ key: string }>('/audit/key')).body.key).toBe(before);
    const done = await sign(admin, 'admin', 'yearly');
    const { key: after, record } = done.body as { key: string; record: number };
    expect([done.status, (await admin.get<{ key: string }>('/audit/key')).body.key]).toEqual([200, after]);
    expect(after).not.toBe(before);
    const records = await whole.records();
    expect(records[record]).toMatchObject({
      kind: 'log.key-rotated',
      actor: { id: 'admin' },
      old: before,
      new: after,
      reason: { comment: 'yearly' },
      signature: { jws: expect.any(String) },
    });
    expect(records.filter(({ kind }) => kind === 'log.key-change-refused').map(({ actor }) => actor?.id)).toEqual([
      'operator',
      'admin',
    ]);
    for (const vkey of [before, after]) {
      const verified = await verifyLog(storedRows(whole.database.superuser), {
        verifier: parseVkey(vkey),
        kept: null,
        checkSignature: signatureChecker(),
      });
      expect(verified.bad).toBeNull();
    }
    // The file of the data folder names the new one: the helper above checks with it.
    expect((await checkpoint()).size).toBeGreaterThan(record);
  });

  test('AUD-3: nobody gets them without a session', async () => {
    for (const path of [
      '/audit/checkpoint',
      '/audit/proofs/inclusion?seq=0&size=1',
      '/audit/proofs/consistency?from=0&to=1',
    ])
      expect((await fetch(`${whole.origin}/api/v1${path}`)).status).toBe(401);
  });
});
