import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient, codeOf } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const password = 'countersign-demo';

// Issue 2, "Bad input": each gets its problem+json with a stable code, leaves a record where it was an attempt at a
// command or a sign-in, and the PLC sees nothing.
describe('refusals, with their records and a PLC that saw nothing', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let skewMs = 0;
  beforeAll(async () => {
    house = await startTestGateway({ now: () => Date.now() + skewMs });
    operator = await house.person('operator');
  });
  afterAll(() => house?.stop());

  type Offered = { id: string; statement: Record<string, unknown> };
  async function asked(client = operator, tag = 'BR101.TIC.SP', value: unknown = 37.4): Promise<Offered> {
    const answer = await client.ask(tag, value);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as Offered;
  }
  const signer = { signer: 'operator', meaning: 'responsibility', reasonCode: 'adjustment' };
  async function sign(
    offered: Offered,
    bend: {
      changes?: Record<string, unknown>;
      header?: Record<string, unknown>;
      with?: Partial<typeof signer>;
      body?: Record<string, unknown>;
      by?: ApiClient;
    } = {},
  ): Promise<ApiAnswer> {
    const client = bend.by ?? operator;
    const statement = await client.signStatement(
      offered.statement,
      { ...signer, ...bend.with },
      bend.changes ?? {},
      bend.header ?? {},
    );
    return client.post(`/commands/${offered.id}/signatures`, {
      statement,
      username: 'operator',
      password,
      ...bend.body,
    });
  }

  /** Runs it, expects the refusal, one record at least that tells of it, and no write at either device. */
  async function refused(
    work: () => Promise<ApiAnswer>,
    expected: { status: number; code: string; kind: RegExp | null },
  ): Promise<ApiAnswer> {
    const before = (await house.records()).length;
    const writesBefore = house.plant.writes.count();
    const answer = await work();
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status: expected.status, code: expected.code });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const added = (await house.records()).slice(before);
    if (expected.kind !== null) {
      const record = added.find((candidate) => expected.kind?.test(candidate.kind));
      expect(record, JSON.stringify(added.map(({ kind, detail }) => ({ kind, detail })))).toBeDefined();
      expect(JSON.stringify(record)).not.toContain(password);
    }
    expect(added.filter(({ kind }) => kind === 'command.accepted')).toEqual([]);
    expect(house.plant.writes.count()).toBe(writesBefore);
    return answer;
  }

  const bodies: [string, string, number, string][] = [
    ['malformed JSON', '{"tagId":', 400, 'malformed-request'],
    [
      'an unknown field',
      '{"tagId":"BR101.TIC.SP","value":37,"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"},"force":true}',
      400,
      'unknown-field',
    ],
    [
      'a wrong type',
      '{"tagId":"BR101.TIC.SP","value":{"a":1},"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"}}',
      400,
      'malformed-request',
    ],
    [
      'NaN',
      '{"tagId":"BR101.TIC.SP","value":NaN,"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"}}',
      400,
      'malformed-request',
    ],
    [
      'an infinity',
      '{"tagId":"BR101.TIC.SP","value":1e999,"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"}}',
      400,
      'malformed-request',
    ],
    [
      'a prototype',
      '{"tagId":"BR101.TIC.SP","value":37,"__proto__":{"x":1},"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"}}',
      400,
      'malformed-request',
    ],
    [
      'a value twice',
      '{"tagId":"BR101.TIC.SP","value":37.1,"value":37.4,"observed":{"value":37,"sourceTime":"2026-01-01T00:00:00Z"}}',
      400,
      'malformed-request',
    ],
    ['a huge body', `{"tagId":"${'A'.repeat(200_000)}"}`, 413, 'body-too-large'],
  ];
  it.each(bodies)('CMD-2, OPS-3: refuses a command with %s', async (_name, rawBody, status, code) => {
    await refused(() => operator.post('/commands', undefined, { rawBody }), {
      status,
      code,
      kind: /^command\.refused$|^request\.refused$/,
    });
  });

  it.each([
    [{ 'content-encoding': 'gzip' }],
    [{ 'content-encoding': 'br' }],
    [{ 'content-type': 'application/json; charset=utf-16' }],
    [{ 'content-type': 'text/plain' }],
  ])('CMD-2, OPS-3: refuses a body that would have to be guessed at: %j', async (headers: Record<string, string>) => {
    const sourceTime = new Date().toISOString();
    const body = { tagId: 'BR101.TIC.SP', value: 37.4, observed: { value: 37, sourceTime } };
    await refused(() => operator.post('/commands', body, { headers }), {
      status: 415,
      code: 'media-type-unsupported',
      kind: /^command\.refused$/,
    });
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((own) => own?.some(({ address }) => address === '::1'));
  it.each(['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])])(
    'OPS-3: at %s, too, what no route sees is answered with a problem',
    async (host) => {
      const { port, host: name } = new URL(house.origin);
      const ask = (head: string) =>
        new Promise<string>((resolve, reject) => {
          let answer = '';
          const socket = connect({ host, port: Number(port) }, () =>
            socket.write(`${head}\r\nConnection: close\r\n\r\n`),
          );
          socket.setEncoding('utf8').on('data', (text) => {
            answer += String(text);
          });
          socket.on('close', () => resolve(answer)).on('error', reject);
        });
      const named = `HTTP/1.1\r\nHost: ${name}`;
      for (const [head, status, code] of [
        [`POST /api/v1/commands/%ff/signatures ${named}`, 400, 'malformed-request'],
        [`GET /api/v1/tags/${'A'.repeat(300)} ${named}`, 400, 'malformed-request'],
        ['GET /api/v1/session HTTP/1.1', 400, 'malformed-request'],
        [`GET /api/v1/session ${named}\r\nExpect: wonders`, 401, 'proof-missing'],
      ] as const) {
        const answer = await ask(head);
        expect(answer, head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer, head).toContain('application/problem+json');
        expect(answer, head).toContain(`"code":"${code}"`);
      }
      // Java's client offers HTTP/2 with its first request.
      const offered = await ask(`GET /health ${named}\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__`);
      expect(offered).toMatch(/^HTTP\/1.1 200 /);
    },
  );

  const asks: [string, string, unknown, number, string][] = [
    ['above the limit', 'BR101.TIC.SP', 41, 422, 'value-out-of-range'],
    ['below the limit', 'BR101.TIC.SP', 29.9, 422, 'value-out-of-range'],
    ['further than the step', 'BR101.TIC.SP', 39.9, 422, 'step-too-large'],
    ['of the wrong type', 'BR101.TIC.SP', '37.5', 422, 'value-wrong-type'],
    ['of null', 'BR101.TIC.SP', null, 422, 'value-wrong-type'],
    ['a number for a boolean', 'WFI.PUMP.CMD', 1, 422, 'value-wrong-type'],
    ['the same value', 'BR101.TIC.SP', 37, 422, 'value-unchanged'],
    ['a tag that nobody can write', 'BR101.TIC.PV', 37, 422, 'tag-not-writable'],
  ];
  it.each(asks)('CMD-2: refuses a setpoint %s', async (_name, tag, value, status, code) => {
    await refused(() => operator.ask(tag, value), { status, code, kind: /^command\.refused$/ });
  });

  it('CMD-2: refuses an unknown tag', async () => {
    await refused(
      () =>
        operator.post('/commands', {
          tagId: 'BR999.X',
          value: 1,
          observed: { value: 1, sourceTime: new Date().toISOString() },
        }),
      { status: 404, code: 'tag-unknown', kind: /^command\.refused$/ },
    );
  });
  it('CMD-3: refuses what was asked on another value than the present one, and tells that', async () => {
    const answer = await refused(
      () =>
        operator.post('/commands', {
          tagId: 'BR101.TIC.SP',
          value: 36.5,
          observed: { value: 35, sourceTime: new Date().toISOString() },
        }),
      { status: 409, code: 'value-changed', kind: /^command\.refused$/ },
    );
    expect(answer.body).toMatchObject({ current: 37 });
  });
  it('IDN-6: refuses who lacks the right in that area', async () => {
    const qa = await house.person('qa');
    await refused(() => qa.ask('BR101.TIC.SP', 37.4), {
      status: 403,
      code: 'right-missing',
      kind: /^command\.refused$/,
    });
    const engineer = await house.person('engineer');
    await refused(() => engineer.ask('BR101.TIC.SP', 37.4), {
      status: 403,
      code: 'right-missing',
      kind: /^command\.refused$/,
    });
  });
  it('SIG-9: refuses a signature of somebody who never certified it', async () => {
    const client = await ApiClient.create(house.origin);
    await client.enrol('new');
    await client.signIn('supervisor', password);
    await refused(() => client.ask('BR101.TIC.SP', 37.4), {
      status: 403,
      code: 'certification-missing',
      kind: /^command\.refused$/,
    });
  });

  const alterations: [string, Record<string, unknown>][] = [
    ['value', { value: 39 }],
    ['tag', { tag: 'WFI.TIC.SP' }],
    ['observed', { observed: { value: 36, quality: 'good', sourceTime: '2026-01-01T00:00:00.000Z' } }],
    ['unit', { unit: 'K' }],
    ['description', { description: 'something else' }],
    ['expiresAt', { expiresAt: '2099-01-01T00:00:00.000Z' }],
    ['configuration', { configuration: { seq: 0, digest: 'x' } }],
    ['purpose', { purpose: 'countersign' }],
    ['command', { command: '00000000-0000-4000-8000-000000000000' }],
    ['terminal', { terminal: 'A'.repeat(43) }],
    ['version', { version: 2 }],
    ['an added field', { force: true }],
    ['a field taken away', { unit: undefined }],
  ];
  it.each(alterations)('SIG-6: refuses a statement altered in %s', async (_name, changes) => {
    const offered = await asked();
    const answer = await sign(offered, { changes });
    expect([400, 401, 409]).toContain(answer.status);
    await refused(() => sign(offered, { changes }), {
      status: answer.status,
      code: codeOf(answer) ?? '',
      kind: /^command\.signature-refused$/,
    });
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-6: refuses a nonce that the gateway never gave, a header that is not ours, and a payload in other bytes', async () => {
    const offered = await asked();
    await refused(() => sign(offered, { changes: { nonce: randomBytes(16).toString('base64url') } }), {
      status: 409,
      code: 'statement-altered',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { header: { kid: 'A'.repeat(43) } }), {
      status: 409,
      code: 'statement-altered',
      kind: /^command\.signature-refused$/,
    });
    for (const header of [{ typ: 'JWT' }, { jwk: operator.key.publicKey }, { extra: 1 }])
      await refused(() => sign(offered, { header }), {
        status: 400,
        code: 'malformed-statement',
        kind: /^command\.signature-refused$/,
      });
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-6: refuses a signature by a key that is not enrolled, and one by another enrolled terminal', async () => {
    const offered = await asked();
    const stranger = await ApiClient.create(house.origin);
    const forged = await stranger.signStatement(offered.statement, signer, {}, { kid: operator.key.id });
    await refused(
      () => operator.post(`/commands/${offered.id}/signatures`, { statement: forged, username: 'operator', password }),
      { status: 409, code: 'statement-altered', kind: /^command\.signature-refused$/ },
    );
    const other = await house.person('supervisor');
    const answer = await sign(offered, { by: other });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(house.plant.writes.applied('BR101.TIC.SP')).toEqual([]);
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-2: refuses a reason that is not on the list, no reason, and a meaning that is not offered', async () => {
    const offered = await asked();
    await refused(() => sign(offered, { with: { reasonCode: 'because' } }), {
      status: 422,
      code: 'reason-unknown',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { with: { reasonCode: '' } }), {
      status: 422,
      code: 'reason-missing',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { with: { meaning: 'review' } }), {
      status: 422,
      code: 'meaning-not-allowed',
      kind: /^command\.signature-refused$/,
    });
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-3, SIG-10: refuses a wrong password, a missing component and somebody else’s name', async () => {
    const fresh = await house.person('operator');
    const answer = await fresh.ask('BR101.TIC.SP', 37.4);
    const offered = answer.body as Offered;
    await refused(() => sign(offered, { by: fresh, body: { password: 'not the password' } }), {
      status: 401,
      code: 'signature-refused',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { by: fresh, body: { username: undefined } }), {
      status: 401,
      code: 'signature-refused',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { by: fresh, body: { password: undefined } }), {
      status: 401,
      code: 'signature-refused',
      kind: /^command\.signature-refused$/,
    });
    await refused(() => sign(offered, { by: fresh, body: { username: 'supervisor' } }), {
      status: 401,
      code: 'signature-refused',
      kind: /^command\.signature-refused$/,
    });
    await fresh.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-6, CMD-4: takes a statement once: signed again, it writes nothing', async () => {
    const offered = await asked(operator, 'BR101.SIC.SP', 125);
    const statement = await operator.signStatement(offered.statement, signer);
    const body = { statement, username: 'operator', password };
    expect((await operator.post(`/commands/${offered.id}/signatures`, body)).body).toMatchObject({
      state: 'confirmed',
    });
    const again = await refused(() => operator.post(`/commands/${offered.id}/signatures`, body), {
      status: 409,
      code: 'statement-reused',
      kind: /^command\.signature-refused$/,
    });
    expect(again.body).toHaveProperty('record');
    expect(house.plant.writes.applied('BR101.SIC.SP')).toHaveLength(1);
  });

  it('CMD-2: refuses a statement that has expired', async () => {
    const offered = await asked();
    skewMs = 400_000;
    try {
      const answer = await sign(offered);
      expect(answer.status).toBe(409);
      expect(['statement-expired', 'wrong-stage']).toContain(codeOf(answer));
      expect(house.plant.writes.applied('BR101.TIC.SP')).toEqual([]);
    } finally {
      skewMs = 0;
    }
  });

  it('TRM-2: refuses a proof that is missing, replayed, foreign, for another body or another address', async () => {
    const fresh = await house.person('operator');
    await refused(() => fresh.get('/tags', { proof: null }), { status: 401, code: 'proof-missing', kind: null });
    const proof = await fresh.proof('GET', '/api/v1/tags', undefined);
    expect((await fresh.get('/tags', { proof })).status).toBe(200);
    await refused(() => fresh.get('/tags', { proof }), { status: 401, code: 'proof-replayed', kind: null });
    await refused(() => fresh.get('/tags', { claims: { htm: 'POST' } }), {
      status: 401,
      code: 'proof-invalid',
      kind: null,
    });
    await refused(() => fresh.get('/tags', { claims: { htu: 'http://evil.example/api/v1/tags' } }), {
      status: 401,
      code: 'proof-invalid',
      kind: null,
    });
    await refused(() => fresh.get('/tags', { claims: { nonce: 'AAAA' }, once: true }), {
      status: 401,
      code: 'use_dpop_nonce',
      kind: null,
    });
    await refused(
      () =>
        fresh.post(
          '/commands',
          { tagId: 'BR101.TIC.SP', value: 37.4, observed: { value: 37, sourceTime: new Date().toISOString() } },
          { claims: { bodyDigest: 'AAAA' } },
        ),
      { status: 401, code: 'proof-invalid', kind: /refused$/ },
    );
  });

  it('TRM-2, IDN-5: refuses a session carried to another terminal', async () => {
    const thief = await house.person('supervisor');
    thief.cookie = operator.cookie;
    await refused(
      () =>
        thief.ask('BR101.TIC.SP', 37.4).then(async (answer) =>
          answer.status === 401
            ? answer
            : thief.post('/commands', {
                tagId: 'BR101.TIC.SP',
                value: 37.4,
                observed: { value: 37, sourceTime: new Date().toISOString() },
              }),
        ),
      { status: 403, code: 'terminal-foreign-session', kind: /refused$/ },
    );
  });

  it('IDN-3: says the same of an unknown name and a wrong password, and records neither name nor password', async () => {
    const client = await ApiClient.create(house.origin);
    await client.enrol('door');
    const unknown = await refused(() => client.signIn('hunter2-is-my-password', 'x'), {
      status: 401,
      code: 'sign-in-failed',
      kind: /^session\.refused$/,
    });
    const wrong = await refused(() => client.signIn('qa', 'x'), {
      status: 401,
      code: 'sign-in-failed',
      kind: /^session\.refused$/,
    });
    expect((unknown.body as { detail: string }).detail).toBe((wrong.body as { detail: string }).detail);
    expect(JSON.stringify(await house.records())).not.toContain('hunter2-is-my-password');
  });

  it('OPS-8: refuses a foreign Host and forwarding headers', async () => {
    const answer = await refused(
      () => operator.get('/plant', { headers: { 'x-forwarded-for': '10.0.0.1' }, proof: null }),
      { status: 403, code: 'host-refused', kind: null },
    );
    expect(answer.status).toBe(403);
  });
});
