// The HMI's files, the process screens, and what happens when the log cannot be written.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installHmiFiles } from '../../../gateway/http/hmi-files.ts';
import { screenRoutes } from '../../../gateway/http/routes/screens.ts';
import { codeOf } from '../../support/api-client.ts';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { areas, password, startTestGateway, type TestGateway } from './test-gateway.ts';

let server: TestServer;
let gateway: TestGateway;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'countersign-files-'));
  await mkdir(path.join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(path.join(folder, 'dist', 'index.html'), '<!doctype html><title>HMI</title>');
  await writeFile(path.join(folder, 'dist', 'assets', 'app-abc123.js'), 'export {};');
  await writeFile(path.join(folder, 'dist', 'assets', 'app-abc123.js.br'), brotliCompressSync('export {};'));
  await writeFile(path.join(folder, 'secret.txt'), 'not to be served');
  await writeFile(path.join(folder, 'upstream.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  server = await startTestServer();
  gateway = await startTestGateway(server, {
    screens: new Map([['upstream', path.join(folder, 'upstream.svg')]]),
    modules: [(app) => installHmiFiles(app, path.join(folder, 'dist'))],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const fetchPage = (address: string, accept = 'text/html') =>
  fetch(`${gateway.origin}${address}`, { headers: { accept } });

describe('the HMI’s files', () => {
  test('HMI-1: a page address brings the page, a file its bytes, anything else is a problem', async () => {
    for (const address of ['/', '/areas/upstream', '/audit?kind=x']) {
      const page = await fetchPage(address);
      expect([page.status, page.headers.get('cache-control'), await page.text()]).toEqual([
        200,
        'no-cache',
        '<!doctype html><title>HMI</title>',
      ]);
    }
    const script = await fetchPage('/assets/app-abc123.js', '*/*');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const address of ['/api/v1/nowhere', '/assets/gone.js', '/favicon.png', '/..%2fsecret.txt', '/socket.io/x']) {
      const answer = await fetchPage(address);
      expect([address, answer.status]).toEqual([address, 404]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.text()).not.toContain('not to be served');
    }
    expect((await fetchPage('/areas/upstream', 'application/json')).status).toBe(404);
  });

  test('HMI-1: what the build has compressed goes out so to whoever takes it, the same bytes to the others', async () => {
    const script = async (encoding: string) =>
      fetch(`${gateway.origin}/assets/app-abc123.js`, { headers: { 'accept-encoding': encoding } });
    for (const [encoding, given] of [
      ['br, gzip', 'br'],
      ['identity', null],
    ] as const) {
      const answer = await script(encoding);
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, given]);
      expect(answer.headers.get('content-type')).toContain('javascript');
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect(await answer.text()).toBe('export {};');
    }
    // The page itself has no compressed form, and comes all the same.
    const page = await fetch(`${gateway.origin}/`, { headers: { accept: 'text/html', 'accept-encoding': 'br, gzip' } });
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html><title>HMI</title>']);
  });

  test('HMI-1: a screen is served to who may view its area, and cannot run anything', async () => {
    const operator = await gateway.ready('operator');
    const screen = await operator.get<string>('/screens/upstream.svg');
    expect([screen.status, screen.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(screen.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    );
    expect(codeOf(await operator.get('/screens/utilities.svg'))).toBe('not-found');
    expect(codeOf(await operator.get('/screens/..%2f..%2fsecret.txt'))).toBe('malformed-request');
    await operator.signOut();
    expect(codeOf(await operator.get('/screens/upstream.svg'))).toBe('not-signed-in');
  });

  test('LIV-2: a screen of an area that the session may not view is refused', async () => {
    const other = await startTestGateway(server, {
      modules: [
        (app) =>
          app.register(
            async (scope) =>
              screenRoutes(scope as typeof app, {
                screens: new Map([['upstream', path.join(folder, 'upstream.svg')]]),
                areas: areas.filter((area) => area.id === 'upstream'),
                mayDo: () => ({ ok: false, code: 'right-missing', detail: 'no' }),
              }),
            { prefix: '/elsewhere' },
          ),
      ],
    });
    try {
      const operator = await other.ready('operator');
      const address = '/elsewhere/api/v1/screens/upstream.svg';
      const dpop = await operator.proof('GET', address, undefined);
      const answer = await fetch(`${other.origin}${address}`, { headers: { dpop, cookie: operator.cookie ?? '' } });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'right-missing']);
    } finally {
      await other.stop();
    }
  });
});

describe('without a log', () => {
  test('CMD-4: nobody signs in, enrols or certifies while nothing can be recorded', async () => {
    const other = await startTestGateway(server);
    const client = await other.ready('operator');
    const stranger = await other.client();
    await other.log.log.close();
    const signIn = await client.signIn('operator', password);
    expect([signIn.status, codeOf(signIn), signIn.headers.getSetCookie()]).toEqual([503, 'log-unavailable', []]);
    expect(codeOf(await client.signIn('operator', 'wrong'))).toBe('log-unavailable');
    expect(codeOf(await stranger.enrol('panel'))).toBe('log-unavailable');
    expect(other.people.terminals.get(stranger.key.id as never)).toBeUndefined();
    await other.stop();
  });
});
