import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedRows } from '../../gateway/audit/postgres-rows.ts';
import { verifyLog } from '../../gateway/audit/verify.ts';
import { RecordChecks } from '../../gateway/audit/verify-records.ts';
import type { Findings, Review, ReviewList } from '../../gateway/contract/review.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';

let house: TestGateway;
let qa: ApiClient;
let operator: ApiClient;
/** A Tuesday, 14:00 in Berlin. */
let nowMs = Date.parse('2026-11-24T13:00:00Z');
const startedMs = performance.now();
const now = () => nowMs + (performance.now() - startedMs);
const utc = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  house = await startTestGateway({ now });
  qa = await house.person('qa');
  operator = await house.person('operator');
});
afterAll(() => house?.stop());

const everything = ['commands', 'people', 'system', 'events'];
const period = () => ({ from: '2026-11-01T00:00:00Z', to: utc(now()), topics: everything });
const findings = (scope: object) => qa.post<Findings>('/reviews/findings', scope);
const list = async () => (await qa.get<ReviewList>('/reviews')).body;

async function sign(client: ApiClient, name: string, scope: object, more: object = {}): Promise<ApiAnswer<Review>> {
  const offered = await qa.post('/reviews/statements', scope);
  expect(offered.status, JSON.stringify(offered.body)).toBe(201);
  const statement = await client.signStatement(offered.body.statement, {
    signer: name,
    meaning: 'review',
    comment: 'Looked at all of it; nothing further.',
    ...more,
  });
  return client.post<Review>('/reviews/signatures', { statement, username: name, password: demoPassword });
}

describe('review of the trail', () => {
  it('AUD-8: proposes what deserves a look, each with its reasons, and leaves the ordinary out', async () => {
    const done = await operator.changeSetpoint('BR101.TIC.SP', 37.5, 'adjustment', 'operator', demoPassword);
    expect(done.body).toMatchObject({ state: 'confirmed' });
    await operator.changeSetpoint('BR101.PH.SP', 7.25, 'adjustment', 'operator', demoPassword);
    const near = await operator.changeSetpoint('BR101.PH.SP', 7.38, 'adjustment', 'operator', demoPassword);
    expect(near.body).toMatchObject({ state: 'confirmed' });
    expect((await operator.ask('BR101.TIC.SP', 99)).status).toBe(422);
    // Half past one at night.
    nowMs += 11.5 * 3_600_000;
    operator = await house.person('operator');
    qa = await house.person('qa');
    const answer = await findings(period());
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const found = answer.body.findings.map(({ record, codes }) => ({
      kind: record.kind,
      subject: record.subject,
      codes,
    }));
    expect(found).toContainEqual({ kind: 'command.refused', subject: 'BR101.TIC.SP', codes: ['refusal'] });
    expect(found).toContainEqual({ kind: 'command.signed', subject: 'BR101.PH.SP', codes: ['near-limit'] });
    expect(found.filter(({ codes }) => codes.includes('out-of-hours')).map(({ kind }) => kind)).toContain(
      'session.opened',
    );
    expect(found.some(({ kind, codes }) => kind === 'configuration.loaded' && codes.includes('access-change'))).toBe(
      true,
    );
    // A change in the middle of its range, by day, is nothing to look at; nor is what confirmed it.
    expect(found.filter(({ kind, subject }) => subject === 'BR101.TIC.SP' && kind !== 'command.refused')).toEqual([]);
    const total = Object.values(answer.body.counts).reduce((sum, count) => sum + (count ?? 0), 0);
    expect(total).toBe(found.flatMap(({ codes }) => codes).length);
    expect(answer.body.records).toBeGreaterThan(found.length);
    expect(answer.body.byPerson.operator).toBeGreaterThan(0);
    const viewed = (await house.records()).findLast(({ kind }) => kind.startsWith('audit.'));
    expect(viewed).toMatchObject({ kind: 'audit.viewed', actor: { id: 'qa' } });
  });

  it('AUD-8: narrows to an area and its topics', async () => {
    const upstream = (await findings({ ...period(), topics: ['commands'], area: 'upstream' })).body;
    expect(upstream.findings.length).toBeGreaterThan(0);
    const utilities = (await findings({ ...period(), topics: ['commands'], area: 'utilities' })).body;
    expect(utilities.findings).toEqual([]);
    expect(await findings({ ...period(), topics: ['people'], area: 'upstream' })).toMatchObject({
      status: 400,
      body: { code: 'malformed-request', field: 'area' },
    });
    expect(await findings({ ...period(), to: utc(now() + 3_600_000) })).toMatchObject({ status: 400 });
  });

  it('AUD-8: a comment hangs on its record, is a record, and names the digest of the other', async () => {
    const refused = (await house.records()).find(({ kind }) => kind === 'command.refused');
    const comment = await qa.post('/reviews/comments', { record: refused?.seq, text: 'Typing error, asked Olivia.' });
    expect(comment).toMatchObject({ status: 201, body: { record: refused?.seq, by: 'Quentin Abreu' } });
    const shown = await qa.get(`/reviews/comments?record=${String(refused?.seq)}`);
    expect(shown.body).toMatchObject({ comments: [{ text: 'Typing error, asked Olivia.' }] });
    expect((await findings(period())).body.comments).toHaveLength(1);
    expect((await house.records()).find(({ seq }) => seq === comment.body.comment)).toMatchObject({
      kind: 'review.commented',
      subject: `record:${refused?.seq}`,
      actor: { id: 'qa' },
      reason: { comment: 'Typing error, asked Olivia.' },
      detail: { record: refused?.seq },
    });
    expect(await qa.post('/reviews/comments', { record: 1_000_000, text: 'x' })).toMatchObject({ status: 404 });
  });

  it('AUD-8: what was never reviewed is visible, and a signed review covers its period and scope, nothing more', async () => {
    const before = await list();
    expect(before.reviews).toEqual([]);
    expect(before.unreviewed.find(({ topic }) => topic === 'people')).toMatchObject({ area: null });
    expect(before.unreviewed.find(({ topic, area }) => topic === 'commands' && area === 'upstream')).toBeDefined();
    // Where there are no records at all, nothing waits.
    expect(before.unreviewed.find(({ topic }) => topic === 'events')).toBeUndefined();

    const scope = { ...period(), topics: ['commands'], area: 'upstream' };
    const signed = await sign(qa, 'qa', scope);
    expect(signed.status, JSON.stringify(signed.body)).toBe(201);
    const record = (await house.records()).find(({ seq }) => seq === signed.body.record);
    expect(record).toMatchObject({
      kind: 'review.signed',
      actor: { id: 'qa', printedName: 'Quentin Abreu' },
      meaning: 'review',
      reason: { comment: 'Looked at all of it; nothing further.' },
      new: { ...scope, first: 0, comments: 1, findings: { refusal: 1, 'near-limit': 1 }, byPerson: { operator: 2 } },
      signature: { jws: expect.any(String) },
    });
    const { checkpoint, last } = signed.body.change;
    expect(checkpoint.size).toBeGreaterThan(last);

    const after = await list();
    expect(after.reviews).toMatchObject([{ record: signed.body.record, reviewer: { id: 'qa' } }]);
    expect(after.unreviewed.find(({ topic, area }) => topic === 'commands' && area === 'upstream')).toBeUndefined();
    expect(after.unreviewed.find(({ topic }) => topic === 'people')?.first).toBeLessThan(last);
    // What comes later is not covered.
    nowMs += 8 * 3_600_000;
    operator = await house.person('operator');
    qa = await house.person('qa');
    await operator.changeSetpoint('BR101.TIC.SP', 38, 'adjustment', 'operator', demoPassword);
    expect((await list()).unreviewed.find(({ area }) => area === 'upstream')?.first).toBeGreaterThan(last);
  });

  it('AUD-5, AUD-8: a review’s signature stands over what its record says, and over nothing else', async () => {
    const verify = async () => {
      const checks = new RecordChecks();
      return verifyLog(storedRows(house.database.superuser), {
        verifier: null,
        kept: null,
        checkSignature: (record) => checks.take(record),
      });
    };
    expect((await verify()).bad).toBeNull();
    const review = (await house.records()).find(({ kind }) => kind === 'review.signed');
    const body = JSON.stringify(review);
    const altered = body.replace('"refusal":1', '"refusal":0');
    expect(altered).not.toBe(body);
    const checks = new RecordChecks();
    let why: string | null = null;
    for (const record of await house.records()) {
      why ??= await checks.take(JSON.parse(record.seq === review?.seq ? altered : JSON.stringify(record)));
    }
    expect(why).toMatch(/findings is not the one that was signed/);
  });

  const refusals: readonly {
    readonly title: string;
    readonly attempt: () => Promise<ApiAnswer<unknown>>;
    readonly status: number;
    readonly code: string;
  }[] = [
    {
      title: 'without a conclusion',
      attempt: () => sign(qa, 'qa', period(), { comment: null }),
      status: 422,
      code: 'comment-missing',
    },
    {
      title: 'with another meaning',
      attempt: () => sign(qa, 'qa', period(), { meaning: 'approval' }),
      status: 422,
      code: 'meaning-not-allowed',
    },
    {
      title: 'by a person without the right, at the reviewer’s terminal',
      attempt: () => sign(qa, 'operator', period()),
      status: 403,
      code: 'right-missing',
    },
    {
      title: 'of a period that was altered',
      attempt: async () => {
        const { statement } = (await qa.post('/reviews/statements', { ...period(), topics: ['people'] })).body;
        const altered = structuredClone(statement) as { change: { topics: string[] } };
        altered.change.topics = everything;
        return qa.post('/reviews/signatures', {
          statement: await qa.signStatement(altered, { signer: 'qa', meaning: 'review', comment: 'all' }),
          username: 'qa',
          password: demoPassword,
        });
      },
      status: 409,
      code: 'statement-altered',
    },
  ];
  it.each(refusals)(
    'AUD-8: refuses a review $title, on record, and it covers nothing',
    async ({ attempt, status, code }) => {
      const before = await list();
      const answer = await attempt();
      expect(answer).toMatchObject({ status, body: { code } });
      const { record } = answer.body as { record?: number };
      expect((await house.records()).find(({ seq }) => seq === record)).toMatchObject({
        kind: 'review.refused',
        detail: { code },
      });
      expect((await list()).reviews).toEqual(before.reviews);
    },
  );

  it('AUD-8: an operator and an administrator see and sign no review', async () => {
    const admin = await house.person('admin');
    for (const client of [operator, admin]) {
      expect(await client.get('/reviews')).toMatchObject({ status: 403, body: { code: 'right-missing' } });
      expect(await client.post('/reviews/findings', period())).toMatchObject({ status: 403 });
      expect(await client.post('/reviews/comments', { record: 1, text: 'x' })).toMatchObject({ status: 403 });
    }
    expect((await house.records()).filter(({ kind }) => kind === 'review.commented')).toHaveLength(1);
  });
});
