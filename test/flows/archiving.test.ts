// Archiving from the signed order to the bundle that is opened again (AUD-7), through the whole house; the maintenance
// process's part is called as that process does.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { countersign } from '../../gateway/cli/countersign.ts';
import { settleArchives } from '../../gateway/cli/maintenance-archives.ts';
import type { ArchiveList, ArchiveView } from '../../gateway/contract/archive.ts';
import type { LogVerification } from '../../gateway/contract/log-verification.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const dayMs = 86_400_000;
let house: TestGateway;
let admin: ApiClient;
let movedMs = 0;
const now = () => Date.now() + movedMs;

beforeAll(async () => {
  house = await startTestGateway({
    now,
    verifyAfterMs: 0,
    settings: (settings) => ({
      ...settings,
      retention: { commands: 30, access: 30, operation: 30 },
      verification: { recordsPerSecond: 100_000, pauseMs: 200 },
    }),
  });
  const operator = await house.person('operator');
  const done = await operator.changeSetpoint('BR101.TIC.SP', 37.5, 'adjustment', 'operator', demoPassword);
  expect(done.body).toMatchObject({ state: 'confirmed' });
  admin = await house.person('admin');
});
afterAll(() => house?.stop());

const list = async () => (await admin.get<ArchiveList>('/audit/archives')).body;
const offer = () => admin.post<{ statement: unknown }>('/audit/archives/statements', {});
async function sign(statement: unknown, more: object = {}): Promise<ApiAnswer<ArchiveView>> {
  const input = { signer: 'admin', meaning: 'approval', comment: 'Older than the plant’s periods.', ...more };
  return admin.post<ArchiveView>('/audit/archives/signatures', {
    statement: await admin.signStatement(statement, input),
    username: 'admin',
    password: demoPassword,
  });
}
async function run(...args: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
    out += String(chunk);
    const done = rest.find((one) => typeof one === 'function');
    if (done !== undefined) done();
    return true;
  });
  try {
    return { code: await countersign(args, {}), out };
  } finally {
    spy.mockRestore();
  }
}

describe('archiving', () => {
  it('AUD-7: young records cannot be archived, and who may not is refused; both are records', async () => {
    expect(await list()).toMatchObject({ due: null, archives: [], retentionDays: { commands: 30 } });
    expect(await offer()).toMatchObject({ status: 409, body: { code: 'wrong-stage' } });
    const operator = await house.person('operator');
    expect((await operator.post('/audit/archives/statements', {})).status).toBe(403);
    const refused = (await house.records()).filter(({ kind }) => kind === 'archive.refused');
    expect(refused.at(-1)).toMatchObject({ actor: { id: 'operator' } });
  });

  it('AUD-7: a signed order: bundle, check, removal, each a record; the log still proves, the bundle is searched', async () => {
    const before = await house.records();
    movedMs = 40 * dayMs;
    admin = await house.person('admin');
    const { due } = await list();
    expect(due?.records).toBeGreaterThan(10);
    const offered = await offer();
    expect(offered.body.statement).toMatchObject({ purpose: 'archive', change: { ...due } });
    const withoutComment = await sign(offered.body.statement, { comment: null });
    expect(withoutComment.status).toBeGreaterThanOrEqual(400);
    const signed = await sign((await offer()).body.statement);
    expect(signed, JSON.stringify(signed.body)).toMatchObject({ status: 202, body: { state: 'ordered' } });

    await until(async () => (await list()).archives[0]?.state === 'written', 'the bundle');
    // Nothing goes before the maintenance process has looked.
    expect((await house.records()).length).toBeGreaterThan(before.length);
    await settleArchives(house.database.superuser, house.dataFolder);
    await until(async () => (await house.records()).some(({ kind }) => kind === 'archive.dropped'), 'its record');
    expect((await list()).archives).toMatchObject([{ state: 'removed', removed: due?.records, trouble: null }]);

    const after = await house.records();
    const kinds = after.map(({ kind }) => kind);
    expect(after.map(({ seq }) => seq)).toEqual(expect.arrayContaining([0]));
    expect(kinds.filter((kind) => kind.startsWith('archive.') && kind !== 'archive.refused')).toEqual([
      'archive.ordered',
      'archive.written',
      'archive.dropped',
    ]);
    expect(kinds.some((kind) => kind.startsWith('command.'))).toBe(false);
    expect(kinds).toContain('terminal.enrolled');

    const database = ['--data', house.dataFolder, '--database', house.database.superuserUrl];
    const verified = await run('audit', 'verify', ...database, '--json');
    expect(JSON.parse(verified.out)).toMatchObject({ result: 'good', bad: null, projections: [], protection: [] });

    const { size = 0 } = house.gateway().health().parts.log;
    const checked = await until(async () => {
      const { lastGood, altered } = (await admin.get<LogVerification>('/audit/verification')).body;
      return (altered !== null || (lastGood?.records ?? 0) >= size) && { altered };
    }, 'a pass of the background check over what is left');
    expect(checked).toEqual({ altered: null });

    const [file = ''] = await readdir(path.join(house.dataFolder, 'archives'));
    const bundle = path.join(house.dataFolder, 'archives', file);
    const key = path.join(house.dataFolder, 'keys', 'log.vkey');
    expect((await run('audit', 'verify', bundle, '--key', key)).code).toBe(0);
    const found = await run('audit', 'search', bundle, '--tag', 'BR101.TIC.SP', '--kind', 'command.confirmed');
    expect(found.code).toBe(0);
    const lines = found.out.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual(before.find(({ kind }) => kind === 'command.confirmed'));
    const none = await run('audit', 'search', bundle, '--text', 'no such words');
    expect(none).toEqual({ code: 0, out: '' });
  });

  it('AUD-7: the gateway starts on what is left, signs further commands, and forgets no archive', async () => {
    await house.stopGateway();
    await house.startGateway();
    const operator = await house.person('operator');
    const done = await operator.changeSetpoint('BR101.TIC.SP', 37, 'adjustment', 'operator', demoPassword);
    expect(done.body).toMatchObject({ state: 'confirmed' });
    admin = await house.person('admin');
    expect((await list()).archives).toMatchObject([{ state: 'removed' }]);
  });

  it('AUD-7, OPS-6: a backup of what is left is whole', async () => {
    const file = path.join(house.dataFolder, 'after.backup');
    const database = ['--data', house.dataFolder, '--database', house.database.gatewayUrl];
    expect((await run('backup', file, '--unencrypted', ...database)).code).toBe(0);
    const checked = await run('restore', file, '--check', '--data', house.dataFolder, '--json');
    expect(JSON.parse(checked.out)).toMatchObject({ result: 'good', bad: null, projections: [] });
  });
});
