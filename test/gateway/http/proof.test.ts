// The terminal's proof on every request (TRM-2), the guard around it, and the answers to what is malformed.
import { createHash } from 'node:crypto';
import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { problemCodes } from '../../../gateway/contract/problem.ts';
import { buildApplication } from '../../../gateway/http/application.ts';
import { proveLive } from '../../../gateway/http/guard.ts';
import { problemStatuses } from '../../../gateway/http/problem-statuses.ts';
import { type ApiClient, type Bend, codeOf } from '../../support/api-client.ts';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { password, startTestGateway, type TestGateway } from './test-gateway.ts';

let server: TestServer;
let gateway: TestGateway;
let client: ApiClient;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server, {
    modules: [
      (app) =>
        app.post('/api/v1/fault', { config: { access: 'open' }, schema: { body: z.strictObject({}) } }, async () => {
          throw new Error('secret inner detail');
        }),
    ],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});
// Refusals of one address are counted together after a while: each test has its own minute.
const freshMinute = async () => {
  gateway.advance(61_000);
  client = await gateway.ready('operator');
};

async function refused(bend: Bend, code: string, status = 401): Promise<void> {
  const answer = await client.get('/session', { once: true, ...bend });
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
}

describe('DPoP proofs', () => {
  test('TRM-2: without a nonce, or with an old or foreign one, the answer is use_dpop_nonce with a new one', async () => {
    await freshMinute();
    const old = client.nonce;
    for (const nonce of [undefined, 'abc', 'A'.repeat(43)]) {
      const answer = await client.get('/session', { once: true, claims: { nonce } });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'use_dpop_nonce']);
      expect(answer.headers.get('www-authenticate')).toBe('DPoP error="use_dpop_nonce", algs="ES256"');
      expect(answer.headers.get('dpop-nonce')).not.toBe(old);
    }
    expect((await client.get('/session')).status).toBe(200);
    client.nonce = old;
    gateway.advance(4 * 60_000);
    await refused({}, 'use_dpop_nonce');
  });

  test('TRM-2: a proof is accepted once', async () => {
    await freshMinute();
    const proof = await client.proof('GET', '/api/v1/session', undefined);
    expect((await client.get('/session', { proof })).status).toBe(200);
    const again = await client.get('/session', { proof, once: true });
    expect(codeOf(again)).toBe('proof-replayed');
    expect(await gateway.record(again.body.record)).toMatchObject({
      kind: 'request.refused',
      detail: { code: 'proof-replayed', route: 'GET /api/v1/session' },
    });
  });

  test('TRM-2: a proof for another method, address or body, of another type, or none at all is refused', async () => {
    await freshMinute();
    await refused({ claims: { htm: 'POST' } }, 'proof-invalid');
    await refused({ claims: { htu: `${gateway.origin}/api/v1/terminals/current` } }, 'proof-invalid');
    await refused({ claims: { htu: 'http://evil.example/api/v1/session' } }, 'proof-invalid');
    await refused({ claims: { bodyDigest: 'A'.repeat(43) } }, 'proof-invalid');
    await refused({ claims: { jti: undefined } }, 'proof-invalid');
    await refused({ proofHeader: { typ: 'jwt' } }, 'proof-invalid');
    await refused({ proofHeader: { jwk: { ...client.key.publicKey, d: 'A'.repeat(43) } } }, 'proof-invalid');
    await refused({ proof: 'not.a.jws' }, 'proof-invalid');
    await refused({ proof: null }, 'proof-missing');
    const [header, payload] = (await client.proof('GET', '/api/v1/session', undefined)).split('.');
    await refused({ proof: `${header}.${payload}.${'A'.repeat(86)}` }, 'proof-invalid');
    const other = await gateway.client();
    await refused({ proofHeader: { jwk: other.key.publicKey } }, 'proof-invalid');
  });

  test('TRM-2: the body is bound: another body under the same proof is refused and on record as a sign-in', async () => {
    await freshMinute();
    const body = JSON.stringify({ username: 'operator', password });
    const proof = await client.proof('POST', '/api/v1/session', body);
    const answer = await client.post('/session', null, {
      proof,
      rawBody: body.replace('operator', 'admin'),
      once: true,
    });
    expect(codeOf(answer)).toBe('proof-invalid');
    expect((await gateway.record(answer.body.record)).kind).toBe('session.refused');
    const bare = await client.proof('POST', '/api/v1/session', undefined);
    expect(codeOf(await client.post('/session', null, { proof: bare, rawBody: body, once: true }))).toBe(
      'proof-invalid',
    );
  });

  test('TRM-2: htu may name any of the gateway’s origins, and its query does not count', async () => {
    await freshMinute();
    const localhost = gateway.origin.replace('127.0.0.1', 'localhost');
    for (const htu of [`${localhost}/api/v1/session`, `${gateway.origin}/api/v1/session?x=1`])
      expect((await client.get('/session', { claims: { htu } })).status).toBe(200);
  });

  test('TRM-2, TRM-6: a terminal’s wrong clock locks nobody out and is recorded once', async () => {
    await freshMinute();
    const iat = Math.floor(Date.now() / 1000) + 365 * 86_400;
    for (let request = 0; request < 3; request++)
      expect((await client.get('/session', { claims: { iat } })).status).toBe(200);
    const skewed = async () =>
      (await gateway.records('terminal.clock-skewed')).filter(
        (record) => record.subject === `terminal:${client.key.id}`,
      );
    await until(async () => (await skewed()).length > 0, 'the record');
    expect(await skewed()).toHaveLength(1);
    expect(Number((await skewed())[0]?.detail?.skewSeconds)).toBeGreaterThan(86_400);
  });

  test('TRM-1: a key that is not enrolled may ask for nothing but its enrolment', async () => {
    gateway.advance(61_000);
    const stranger = await gateway.client();
    const answer = await stranger.signIn('operator', password);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'terminal-unknown']);
    expect(await gateway.record(answer.body.record)).toMatchObject({
      kind: 'session.refused',
      terminal: { id: stranger.key.id },
    });
    expect(codeOf(await stranger.get('/terminals/current'))).toBe('terminal-unknown');
  });

  test('access tokens are refused', async () => {
    await freshMinute();
    await refused({ headers: { authorization: 'Bearer abc' } }, 'token-invalid');
  });
});

describe('what is malformed', () => {
  test('IDN-5: malformed sign-ins are refused with their code and leave a record', async () => {
    await freshMinute();
    const cases: [string, string, number][] = [
      ['{"username":"operator"', 'malformed-request', 400],
      ['{"username":"operator","password":"x","extra":1}', 'unknown-field', 400],
      ['{"username":"operator","password":"x","__proto__":{"a":1}}', 'malformed-request', 400],
      ['{"username":1,"password":"x"}', 'malformed-request', 400],
      ['[]', 'malformed-request', 400],
      ['', 'malformed-request', 400],
      [JSON.stringify({ username: 'operator', password: 'x'.repeat(70_000) }), 'body-too-large', 413],
    ];
    for (const [rawBody, code, status] of cases) {
      const answer = await client.post('/session', null, { rawBody });
      expect([answer.status, codeOf(answer), rawBody.slice(0, 60)]).toEqual([status, code, rawBody.slice(0, 60)]);
      expect(await gateway.record(answer.body.record)).toMatchObject({ kind: 'session.refused', detail: { code } });
    }
    const text = await client.post('/session', null, { rawBody: 'x', headers: { 'content-type': 'text/plain' } });
    expect([text.status, codeOf(text)]).toEqual([415, 'media-type-unsupported']);
  });

  test('TRM-1: a public key comes as key stores export it; private members are refused', async () => {
    await freshMinute();
    const stranger = await gateway.client();
    const { publicKey } = stranger.key;
    const exported = { ...publicKey, ext: true, key_ops: ['verify'], kid: 'k', use: 'sig', alg: 'ES256' };
    const secret = await stranger.post('/terminals', { name: 'script', publicKey: { ...exported, d: 'A'.repeat(43) } });
    expect([secret.status, codeOf(secret)]).toEqual([400, 'unknown-field']);
    const enrolled = await stranger.post('/terminals', { name: 'script', publicKey: exported });
    expect(enrolled.body).toEqual({ id: stranger.key.id, status: 'active' });
    expect(await gateway.records('terminal.enrolled')).toContainEqual(
      expect.objectContaining({ new: expect.objectContaining({ publicKey }) }),
    );
  });

  test('AUD-1: a terminal’s name is one line of text that every log can hold', async () => {
    await freshMinute();
    for (const name of ['a\u0000b', 'a\nb', '\ud800', '   ']) {
      const answer = await (await gateway.client()).enrol(name);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'malformed-request']);
    }
  });

  test('TRM-2: an absent body is none under any Content-Type, and a padded digest is a digest', async () => {
    await freshMinute();
    const body = JSON.stringify({ username: 'operator', password });
    const bodyDigest = createHash('sha256').update(body).digest('base64');
    const padded = bodyDigest.replaceAll('+', '-').replaceAll('/', '_');
    expect((await client.post('/session', null, { rawBody: body, claims: { bodyDigest: padded } })).status).toBe(200);
    const signedOut = await client.send('DELETE', '/session', undefined, {
      headers: { 'content-type': 'application/json' },
    });
    expect(signedOut.status).toBe(204);
  });

  test('OPS-4: every code has one status and a title, and no status is for a code that does not exist', () => {
    expect(Object.keys(problemStatuses).sort()).toEqual([...problemCodes].sort());
    for (const { status, title } of Object.values(problemStatuses)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title.length).toBeGreaterThan(5);
    }
  });

  test('OPS-4: an unknown address is a problem, and a fault says little', async () => {
    await freshMinute();
    expect(codeOf(await client.get('/nowhere'))).toBe('not-found');
    const fault = await client.post('/fault', {});
    expect([fault.status, codeOf(fault)]).toEqual([500, 'internal-fault']);
    expect(JSON.stringify(fault.body)).not.toContain('secret');
  });

  test('AUD-1: a stranger’s refusals beyond a rate are counted in one record', async () => {
    gateway.advance(61_000);
    await gateway.app.refusals.flush();
    const before = await gateway.records('request.refused');
    for (let attempt = 0; attempt < 75; attempt++)
      await fetch(`${gateway.origin}/api/v1/session`, { headers: { dpop: 'nonsense' } });
    await gateway.app.refusals.flush();
    const after = (await gateway.records('request.refused')).slice(before.length);
    expect(after).toHaveLength(61);
    expect(after.at(-1)).toMatchObject({ detail: { aggregated: 15, codes: { 'proof-invalid': 15 } } });
  });
});

describe('the application', () => {
  test('every route declares its access: one that does not is refused before anything listens', async () => {
    const parts = {
      guard: gateway.guard,
      append: gateway.log.log.append,
      version: 'test',
      logger: false,
      secure: false,
      requestsPerMinute: 100,
    } as const;
    const undeclared = buildApplication(parts, [(app) => app.get('/api/v1/forgotten', async () => 'open to all')]);
    await expect(undeclared.ready()).rejects.toThrow('GET /api/v1/forgotten declares no access');
    const halfDeclared = buildApplication(parts, [
      (app) => app.get('/api/v1/x', { config: { access: 'terminal', permission: 'view' } }, async () => 'x'),
    ]);
    await expect(halfDeclared.ready()).rejects.toThrow('without a session');
  });

  test('OPS-8: the demo refuses foreign hosts and forwarding headers', async () => {
    gateway.advance(61_000);
    const { port } = new URL(gateway.origin);
    const ask = (headers: Record<string, string>) =>
      new Promise<[number | undefined, string]>((resolve, reject) => {
        rawRequest({ host: '127.0.0.1', port, path: '/api/v1/plant', headers }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += String(chunk);
          });
          response.on('end', () => resolve([response.statusCode, JSON.parse(body).code]));
        })
          .on('error', reject)
          .end();
      });
    expect((await ask({ host: `localhost:${port}` }))[0]).toBe(200);
    for (const headers of [
      { host: 'evil.example' },
      { host: `evil.example:${port}` },
      { host: `localhost:${port}`, 'x-forwarded-for': '10.0.0.1' },
      { host: `localhost:${port}`, forwarded: 'for=10.0.0.1' },
      { host: `localhost:${port}`, via: '1.1 proxy' },
    ])
      expect(await ask(headers)).toEqual([403, 'host-refused']);
  });

  test('OPS-3: what is no HTTP, or too large a head, gets its problem and the connection is closed', async () => {
    const { port } = new URL(gateway.origin);
    const ask = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect({ host: '127.0.0.1', port: Number(port) }, () => socket.write(text));
        socket.setEncoding('utf8');
        socket.on('data', (chunk) => {
          answer += String(chunk);
        });
        socket.on('close', () => resolve(answer)).on('error', reject);
      });
    for (const text of [
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      `POST / HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ]) {
      const [head = '', body = ''] = (await ask(text)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1.1 400 /);
      expect(head).toContain('application/problem+json');
      expect(JSON.parse(body)).toMatchObject({ code: 'malformed-request', status: 400 });
    }
  });

  test('TRM-2: a live socket that another site’s page opens is refused, whatever it proves', async () => {
    await freshMinute();
    const { host } = new URL(gateway.origin);
    const opened = async (origin: string | undefined) => {
      await client.get('/session');
      const answer = await proveLive(gateway.guard, {
        dpop: await client.liveProof(),
        cookie: client.cookie?.split(';')[0]?.split('=')[1],
        address: '127.0.0.1',
        headers: { host, origin },
      });
      return answer.ok ? 'ok' : answer.code;
    };
    expect(await opened(gateway.origin)).toBe('ok');
    expect(await opened(undefined)).toBe('ok');
    expect(await opened('http://evil.example')).toBe('host-refused');
    expect(await opened('null')).toBe('host-refused');
  });

  test('OPS-3: answers carry a policy that runs only our own scripts', async () => {
    const answer = await fetch(`${gateway.origin}/api/v1/plant`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('OPS-4: OpenAPI 3.1 names every route with what it needs', async () => {
    const document = (await (await fetch(`${gateway.origin}/api/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { security?: object[] }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths['/api/v1/session']?.get?.security).toEqual([{ dpop: [], session: [] }]);
    expect(document.paths['/api/v1/session']?.post?.security).toEqual([{ dpop: [] }]);
    expect(document.paths['/api/v1/plant']?.get?.security).toBeUndefined();
    expect((await fetch(`${gateway.origin}/api/v1/docs`)).status).toBe(200);
  });
});
