// Signing in, sessions and their ends over real HTTP, with the records they leave.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { password, startTestGateway, type TestGateway } from './test-gateway.ts';

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

describe('sessions', () => {
  test('IDN-5: a person signs in at an enrolled terminal; the record is durable and the cookie is guarded', async () => {
    const client = await gateway.client();
    expect((await client.enrol('panel')).body).toEqual({ id: client.key.id, status: 'active' });
    const answer = await client.signIn(' Operator ', password);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      user: { id: 'operator', printedName: 'Olivia Brandt' },
      certified: false,
      signingComponents: ['username', 'password'],
      idleTimeoutSeconds: 1200,
    });
    const cookie = answer.headers.getSetCookie()[0];
    expect(cookie).toMatch(/^countersign-session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const opened = (await gateway.records('session.opened')).at(-1);
    expect(opened).toMatchObject({ actor: { id: 'operator' }, terminal: { id: client.key.id }, address: '127.0.0.1' });
  });
});
