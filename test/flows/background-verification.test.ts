// The gateway's own check of its log (AUD-5): passes go on by themselves; what somebody with the database's password changes
// is found, recorded, told to whoever is signed in, and named until it is put back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogVerification } from '../../gateway/contract/log-verification.ts';
import { type ApiClient, codeOf } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

describe('the log verified in the background', () => {
  let house: TestGateway;
  let qa: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway({
      verifyAfterMs: 0,
      settings: (settings) => ({ ...settings, verification: { recordsPerSecond: 100_000, pauseMs: 50 } }),
    });
    qa = await house.person('qa');
  });
  afterAll(() => house?.stop());

  const view = async (): Promise<LogVerification> => (await qa.get<LogVerification>('/audit/verification')).body;
  const tamper = (statement: string) =>
    house.database.superuser.query(
      `SET session_replication_role = replica; ${statement}; SET session_replication_role = origin`,
    );
  const alerts = async () =>
    (await house.records()).filter(({ kind, detail }) => kind === 'security.alert' && detail?.code === 'log-altered');

  it('AUD-5: passes go on, their state is shown, and the first good one is a record', async () => {
    const first = await until(async () => (await view()).lastGood, 'a good pass');
    const later = await until(async () => {
      const { lastGood } = await view();
      return lastGood !== null && lastGood.records > first.records && lastGood.signatures > 0 && lastGood;
    }, 'a pass over what came since, a certification among it');
    expect(later.records).toBeGreaterThan(first.records);
    expect(await view()).toMatchObject({ altered: null, recordsPerSecond: 100_000 });
    expect(house.gateway().health().parts).toMatchObject({
      verification: 'good',
      log: { checkpointTime: expect.stringMatching(/^\d{4}-.+Z$/) },
    });
    const told = (await house.records()).filter(({ kind }) => kind === 'audit.verified');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ actor: null, detail: { result: 'good' } });
    const other = await house.person('engineer');
    await other.signOut();
    expect(codeOf(await other.get('/audit/verification'))).toBe('not-signed-in');
  });

  it('AUD-5: a changed column is found, named, recorded once, and told until it is put back', async () => {
    const { rows } = await house.database.superuser.query<{ seq: number; kind: string }>(
      `SELECT seq, kind FROM log_record WHERE kind = 'account.created' ORDER BY seq LIMIT 1`,
    );
    const [{ seq, kind } = { seq: -1, kind: '' }] = rows;
    await tamper(`UPDATE log_record SET kind = 'account.changed' WHERE seq = ${seq}`);
    const altered = await until(async () => (await view()).altered, 'the alarm');
    expect(altered).toMatchObject({ seq: Number(seq), why: expect.stringContaining("column 'kind'") });
    const { status, parts } = house.gateway().health();
    expect([status, parts.verification]).toEqual(['degraded', 'altered']);
    await until(async () => (await view()).altered?.record != null, 'its record');
    // Several passes later it is still one alert.
    const { altered: same } = await view();
    await until(async () => (await view()).state === 'checking', 'another pass');
    await until(async () => (await view()).state === 'waiting', 'its end');
    expect((await view()).altered).toEqual(same);
    expect(await alerts()).toMatchObject([
      { seq: same?.record, subject: 'log', actor: null, detail: { seq: Number(seq) } },
    ]);
    await tamper(`UPDATE log_record SET kind = '${kind}' WHERE seq = ${seq}`);
    await until(async () => (await view()).altered === null, 'the all-clear');
    expect(house.gateway().health().parts).toMatchObject({
      verification: 'good',
      log: { checkpointTime: expect.stringMatching(/^\d{4}-.+Z$/) },
    });
    const told = await until(async () => {
      const records = (await house.records()).filter((record) => record.kind === 'audit.verified');
      return records.length > 1 && records;
    }, 'the all-clear on record');
    expect(told).toHaveLength(2);
  });

  it('AUD-5: records cut off behind the gateway’s back are found by the checkpoint that it holds', async () => {
    const { rows } = await house.database.superuser.query<{ seq: number }>(
      'SELECT seq FROM log_record WHERE checkpoint IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET 2',
    );
    const cut = Number(rows[0]?.seq) + 1;
    await tamper(`DELETE FROM log_record WHERE seq >= ${cut}`);
    const altered = await until(async () => (await view()).altered, 'the alarm');
    expect(altered).toMatchObject({ seq: cut, why: expect.stringContaining('cut off') });
  });
});
