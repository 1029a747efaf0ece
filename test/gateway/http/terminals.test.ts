// Enrolment, approval and revocation outside the demo, signatures and their components, the certification.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AreaId, CommandId } from '../../../gateway/contract/ids.ts';
import type { Refusal } from '../../../gateway/contract/problem.ts';
import type { SignedIn } from '../../../gateway/identity/caller.ts';
import { type ApiAnswer, type ApiClient, codeOf } from '../../support/api-client.ts';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { password, startTestGateway, type TestGateway } from './test-gateway.ts';

let server: TestServer;
let gateway: TestGateway;
let admin: ApiClient;
const upstream = 'upstream' as AreaId;
const placement = { location: 'Hall 2', areas: [upstream], networks: ['127.0.0.0/8'] };

beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server, { demo: false });
  // The first administrator's terminal comes by a code, as `countersign init` will give one.
  const code = gateway.people.codes.issue({ ...placement, areas: ['site' as AreaId] }, Date.now())?.code;
  admin = await gateway.client();
  expect((await admin.enrol('office', code)).body).toMatchObject({ status: 'active' });
  expect((await admin.signIn('admin', password)).status).toBe(200);
  expect((await admin.certify('admin', password)).status).toBe(201);
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

/** Offers and signs an action as the administrator. */
async function act(path: string, offerBody: unknown, comment: string | null = null, changes = {}): Promise<ApiAnswer> {
  const offer = await admin.post<{ statement: Record<string, unknown> }>(`${path}/statements`, offerBody);
  if (offer.status !== 201) return offer;
  const signer = { signer: 'admin', meaning: 'approval', comment };
  return admin.post(`${path}/signatures`, {
    statement: await admin.signStatement(offer.body.statement, signer, changes),
    username: 'admin',
    password,
  });
}

describe('terminals', () => {
  test('TRM-1: outside the demo a terminal waits for an administrator’s signed approval', async () => {
    const panel = await gateway.client();
    const asked = await panel.enrol('panel 7');
    expect([asked.status, asked.body.status]).toEqual([201, 'pending']);
    expect(codeOf(await panel.signIn('operator', password))).toBe('terminal-pending');
    expect((await panel.enrol('another name')).body).toEqual({ id: panel.key.id, status: 'pending' });

    const path = `/terminals/${panel.key.id}`;
    for (const [change, field] of [
      [{ ...placement, areas: ['nowhere'] }, 'change.areas'],
      [{ ...placement, networks: ['10.0.0.0/99'] }, 'change.networks'],
      [{ areas: [upstream] }, 'change.location'],
    ] as const) {
      const answer = await act(path, { action: 'approve', change });
      expect([codeOf(answer), answer.body.field]).toEqual(['malformed-request', field]);
    }
    const approved = await act(path, { action: 'approve', change: placement });
    expect(approved.body).toMatchObject({ id: panel.key.id, status: 'active', ...placement });
    const record = (await gateway.records('terminal.approved')).at(-1);
    expect(record).toMatchObject({
      actor: { id: 'admin' },
      terminal: { id: admin.key.id },
      subject: `terminal:${panel.key.id}`,
      old: { status: 'pending' },
      new: { status: 'active', ...placement },
      signature: { jws: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) },
    });
    expect((await panel.signIn('operator', password)).status).toBe(200);
  });

  test('TRM-1: a one-time code works once, and not after its time', async () => {
    const issue = async () => {
      const answer = await act('/enrolment-codes', { change: placement });
      expect(answer.status).toBe(201);
      return String(answer.body.code);
    };
    const code = await issue();
    expect(JSON.stringify(await gateway.records())).not.toContain(code);
    const panel = await gateway.client();
    expect((await panel.enrol('panel', code.toLowerCase())).body.status).toBe('active');
    const second = await gateway.client();
    const again = await second.enrol('panel', code);
    expect(codeOf(again)).toBe('enrolment-code-invalid');
    expect((await gateway.record(again.body.record)).kind).toBe('terminal.refused');
    expect(codeOf(await second.get('/terminals/current'))).toBe('terminal-unknown');
    const late = await issue();
    gateway.advance(16 * 60_000);
    expect(codeOf(await second.enrol('panel', late))).toBe('enrolment-code-invalid');
  });

  test('TRM-4: a revoked terminal is out at once, its sessions with it, and never comes back', async () => {
    const { panel } = await operatorPanel();
    const path = `/terminals/${panel.key.id}`;
    expect(codeOf(await act(path, { action: 'revoke' }))).toBe('comment-missing');
    expect((await act(path, { action: 'revoke' }, 'Stolen from the hall')).body.status).toBe('revoked');
    expect(codeOf(await panel.get('/session'))).toBe('terminal-revoked');
    expect(codeOf(await panel.signIn('operator', password))).toBe('terminal-revoked');
    expect((await panel.enrol('new name')).body).toEqual({ id: panel.key.id, status: 'revoked' });
    expect((await panel.get('/terminals/current')).body).toMatchObject({ status: 'revoked' });
    expect((await gateway.records('session.ended')).at(-1)).toMatchObject({
      subject: 'account:operator',
      detail: { code: 'terminal-revoked' },
    });
    expect(codeOf(await act(path, { action: 'approve', change: placement }))).toBe('wrong-stage');
  });

  test('TRM-1: the enrolled key must be the proving key', async () => {
    const panel = await gateway.client();
    const other = await gateway.client();
    const answer = await panel.post('/terminals', { name: 'x', publicKey: other.key.publicKey });
    expect(codeOf(answer)).toBe('proof-invalid');
  });

  test('SIG-6: an action’s statement counts only unaltered, for its own subject, at its own terminal, once', async () => {
    const { panel } = await operatorPanel();
    const path = `/terminals/${panel.key.id}`;
    const body = { action: 'approve', change: placement };
    const refusals = [
      await act(path, body, null, { change: { ...placement, areas: ['site'] } }),
      await act(path, body, null, { about: `terminal:${admin.key.id}` }),
      await act(path, body, null, { nonce: 'A'.repeat(22) }),
      await act(path, body, null, { extra: 1 }),
      await act(path, body, null, { expiresAt: '2099-01-01T00:00:00.000Z' }),
    ];
    expect(refusals.map(codeOf)).toEqual(Array.from({ length: 5 }, () => 'statement-altered'));
    for (const refusal of refusals) expect((await gateway.record(refusal.body.record)).kind).toBe('terminal.refused');
    const offer = await admin.post<{ statement: unknown }>(`${path}/statements`, body);
    const statement = await admin.signStatement(offer.body.statement, { signer: 'admin', meaning: 'approval' });
    const sign = () => admin.post(`${path}/signatures`, { statement, username: 'admin', password });
    expect(codeOf(await admin.post('/users/operator/signatures', { statement, password }))).toBe('statement-altered');
    expect((await sign()).status).toBe(200);
    expect(codeOf(await sign())).toBe('statement-reused');
    const late = await admin.post<{ statement: unknown }>(`${path}/statements`, body);
    const lateStatement = await admin.signStatement(late.body.statement, { signer: 'admin', meaning: 'approval' });
    gateway.advance(5 * 60_000 + 1_000);
    const expired = await admin.post(`${path}/signatures`, { statement: lateStatement, password });
    expect(codeOf(expired)).toBe('statement-expired');
  });

  test('IDN-6: who may not administer signs no action, not even at the administrator’s terminal', async () => {
    const { panel } = await operatorPanel();
    expect((await certified('operator')).status).toBeLessThan(300);
    const path = `/terminals/${panel.key.id}`;
    expect(codeOf(await panel.post(`${path}/statements`, { action: 'revoke' }))).toBe('right-missing');
    const offer = await admin.post<{ statement: unknown }>(`${path}/statements`, { action: 'revoke' });
    const signer = { signer: 'operator', meaning: 'approval', comment: 'mine' };
    const answer = await admin.post(`${path}/signatures`, {
      statement: await admin.signStatement(offer.body.statement, signer),
      username: 'operator',
      password,
    });
    expect(codeOf(answer)).toBe('right-missing');
    expect(gateway.people.terminals.get(panel.key.id as never)?.document.status).toBe('active');
  });
});

/** A panel for the upstream area with the operator signed in. */
async function operatorPanel(): Promise<{ panel: ApiClient; caller: SignedIn }> {
  const code = gateway.people.codes.issue(placement, Date.now() + 3_600_000)?.code;
  const panel = await gateway.client();
  expect((await panel.enrol('panel', code)).body.status).toBe('active');
  expect((await panel.signIn('operator', password)).status).toBe(200);
  return { panel, caller: callerOf(panel) };
}

function callerOf(client: ApiClient): SignedIn {
  const cookie = client.cookie?.split('=')[1];
  const found = gateway.people.sessions.find(cookie, client.key.id as never, '127.0.0.1', false);
  if (!found.ok) throw new Error(found.code);
  return found.caller;
}

async function certified(username: string) {
  const { panel } = await operatorPanel();
  if (username !== 'operator') expect((await panel.signIn(username, password)).status).toBe(200);
  const answer = await panel.certify(username, password);
  return codeOf(answer) === 'already-certified' ? { ...answer, status: 200 } : answer;
}

describe('access', () => {
  test('TRM-3: a right ends at the terminal’s areas and networks', async () => {
    await certified('operator');
    const { caller } = await operatorPanel();
    const { access } = gateway.people;
    expect(access.mayDo(caller, 'command', upstream).ok).toBe(true);
    const codes = [
      access.mayDo(caller, 'command', 'utilities' as AreaId),
      access.mayDo({ ...caller, address: '10.9.8.7' }, 'command', upstream),
      access.mayDo(caller, 'verify', upstream),
      access.mayDo({ ...caller, sessionId: 'gone' }, 'command', upstream),
      access.mayDo(caller, 'command', 'nowhere' as AreaId),
    ].map((answer) => (answer.ok ? 'ok' : answer.code));
    expect(codes).toEqual(['terminal-area', 'terminal-network', 'right-missing', 'not-signed-in', 'terminal-area']);
    expect(access.mayDo({ ...caller, address: '::ffff:127.0.0.9' }, 'command', upstream).ok).toBe(true);
  });
});

describe('the certification', () => {
  test('SIG-9: altered, foreign or with a wrong password it is refused; done once, it is a record', async () => {
    const { panel } = await operatorPanel();
    expect((await panel.signIn('supervisor', password)).body.certified).toBe(false);
    const offer = (await panel.get<{ version: number; text: string; nonce: string }>('/certification')).body;
    expect(offer.text).toContain('Samuel Okafor');
    const post = async (changes: Record<string, unknown>, username = 'supervisor', pass = password) =>
      panel.post('/certification', {
        statement: await panel.certification(offer, 'supervisor', changes),
        username,
        password: pass,
      });
    const refusals = [
      await post({ textDigest: 'A'.repeat(43) }),
      await post({ nonce: 'A'.repeat(22) }),
      await post({ terminal: admin.key.id }),
      await post({ signer: 'operator' }),
      await post({}, 'operator'),
      await post({ extra: true }),
      await post({}, 'supervisor', 'a wrong guess'),
    ];
    expect(refusals.map(codeOf)).toEqual([
      'statement-altered',
      'statement-altered',
      'statement-altered',
      'signature-refused',
      'signature-refused',
      'malformed-statement',
      'signature-refused',
    ]);
    for (const refusal of refusals)
      expect((await gateway.record(refusal.body.record)).kind).toBe('account.change-refused');
    const done = await post({});
    expect([done.status, done.body.certified]).toEqual([201, true]);
    expect(await gateway.record(done.body.record)).toMatchObject({
      kind: 'account.certified',
      actor: { id: 'supervisor' },
      new: { text: offer.text },
      signature: { jws: expect.any(String) },
    });
    expect(codeOf(await panel.certify('supervisor', password))).toBe('already-certified');
  });
});

describe('signers', () => {
  const about = { command: '00000000-0000-4000-8000-000000000000' as CommandId, subject: 'BR101.TIC.SP' };
  const sign = (
    caller: SignedIn,
    signer: string,
    body: { username?: string; password?: string },
    permission: 'command' | 'verify' = 'command',
  ) => gateway.checks.checkSigner(caller, signer, { statement: 'x', ...body }, permission, upstream, about);
  const expectRefusal = async (answer: { ok: true } | Refusal, code: string, cause?: string) => {
    if (answer.ok) throw new Error('it was not refused');
    expect(answer.code).toBe(code);
    const record = await gateway.record(answer.record);
    expect(record).toMatchObject({ kind: 'command.signature-refused', command: about.command, subject: about.subject });
    if (cause !== undefined) expect(record.detail?.cause).toBe(cause);
  };

  test('SIG-3: the first signing in a session needs both components, the next the password', async () => {
    await certified('operator');
    const { panel, caller } = await operatorPanel();
    expect((await panel.get('/session')).body.signingComponents).toEqual(['username', 'password']);
    await expectRefusal(await sign(caller, 'operator', { password }), 'signature-refused');
    await expectRefusal(await sign(caller, 'operator', { username: 'operator' }), 'signature-refused');
    const first = await sign(caller, 'operator', { username: 'Operator', password });
    expect(first).toMatchObject({ ok: true, userId: 'operator', actor: { printedName: 'Olivia Brandt' } });
    if (first.ok) {
      const kinds = await Promise.all(
        [first.standsOn.account, first.standsOn.certification, first.standsOn.terminal].map(
          async (seq) => (await gateway.record(seq)).kind,
        ),
      );
      expect(kinds).toEqual(['account.created', 'account.certified', 'terminal.enrolled']);
    }
    expect((await panel.get('/session')).body.signingComponents).toEqual(['password']);
    expect((await sign(caller, 'operator', { password })).ok).toBe(true);
    await expectRefusal(await sign(caller, 'operator', {}), 'signature-refused');
    // A new session starts from the beginning.
    const { caller: fresh } = await operatorPanel();
    await expectRefusal(await sign(fresh, 'operator', { password }), 'signature-refused');
  });

  test('SIG-4: another person signs with both components, without ending the session', async () => {
    await certified('operator');
    await certified('supervisor');
    const { panel, caller } = await operatorPanel();
    expect((await sign(caller, 'operator', { username: 'operator', password })).ok).toBe(true);
    await expectRefusal(await sign(caller, 'supervisor', { password }, 'verify'), 'signature-refused');
    const verified = await sign(caller, 'supervisor', { username: 'supervisor', password }, 'verify');
    expect(verified).toMatchObject({ ok: true, userId: 'supervisor' });
    // Each time anew: it was not his session.
    await expectRefusal(await sign(caller, 'supervisor', { password }, 'verify'), 'signature-refused');
    expect((await panel.get('/session')).body.user).toMatchObject({ id: 'operator' });
  });

  test('SIG-10: nobody signs for another, without the right, or without a certification', async () => {
    await certified('operator');
    const { caller } = await operatorPanel();
    await expectRefusal(await sign(caller, 'operator', { username: 'supervisor', password }), 'signature-refused');
    await expectRefusal(
      await sign(caller, 'nobody', { username: 'nobody', password }),
      'signature-refused',
      'unknown-name',
    );
    await expectRefusal(await sign(caller, 'operator', { username: 'operator', password }, 'verify'), 'right-missing');
    const uncertified = { name: 'novice', printedName: 'Nils Ovesen', groups: ['operators'] };
    await gateway.people.ensureAccounts([uncertified], { password, isDemoDefault: false, renew: false });
    await expectRefusal(await sign(caller, 'novice', { username: 'novice', password }), 'certification-missing');
  });

  test('IDN-3: wrong passwords at signing count and lock, and end the session there', async () => {
    await gateway.people.ensureAccounts([{ name: 'fumbler', printedName: 'Finn Umber', groups: ['operators'] }], {
      password,
      isDemoDefault: false,
      renew: false,
    });
    const { panel } = await operatorPanel();
    expect((await panel.signIn('fumbler', password)).status).toBe(200);
    expect((await panel.certify('fumbler', password)).status).toBe(201);
    const caller = callerOf(panel);
    for (let guess = 0; guess < 5; guess++)
      await expectRefusal(
        await sign(caller, 'fumbler', { username: 'fumbler', password: `wrong ${guess}` }),
        'signature-refused',
        'wrong-password',
      );
    expect((await gateway.records('account.locked')).at(-1)).toMatchObject({ subject: 'account:fumbler' });
    await expectRefusal(await sign(caller, 'fumbler', { username: 'fumbler', password }), 'not-signed-in');
    expect(codeOf(await panel.get('/session'))).toBe('not-signed-in');
  });

  test('IDN-1: a certification planted in the database does not let its person sign', async () => {
    await gateway.people.ensureAccounts([{ name: 'ghost', printedName: 'Gil Host', groups: ['operators'] }], {
      password,
      isDemoDefault: false,
      renew: false,
    });
    await certified('operator');
    await gateway.database.superuser.query(
      `INSERT INTO projection SELECT 'certification:ghost', replace(document, '"operator"', '"ghost"'), seq
         FROM projection WHERE subject = 'certification:operator'`,
    );
    const { caller } = await operatorPanel();
    await expectRefusal(await sign(caller, 'ghost', { username: 'ghost', password }), 'certification-missing');
    expect((await gateway.records('security.alert')).at(-1)).toMatchObject({
      subject: 'certification:ghost',
      detail: { code: 'row-planted' },
    });
  });
});
