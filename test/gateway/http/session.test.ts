// Signing in, sessions and their ends over real HTTP, with the records they leave.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, codeOf } from '../../support/api-client.ts';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { until } from '../../support/until.ts';
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

async function enrolled(): Promise<ApiClient> {
  const client = await gateway.client();
  expect((await client.enrol('panel')).status).toBe(201);
  return client;
}

describe('signing in', () => {
  test('IDN-5: a person signs in at an enrolled terminal; it is on record and the cookie is guarded', async () => {
    const client = await gateway.client();
    expect((await client.enrol('panel')).body).toEqual({ id: client.key.id, status: 'active' });
    const answer = await client.signIn(' Operator ', password);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      user: { id: 'operator', printedName: 'Olivia Brandt' },
      permissions: [
        { area: 'site', permissions: ['view', 'command'] },
        { area: 'upstream', permissions: ['view', 'command'] },
        { area: 'utilities', permissions: ['view', 'command'] },
      ],
      certified: false,
      signingComponents: ['username', 'password'],
      idleTimeoutSeconds: 1200,
      passwordExpiresInDays: 90,
    });
    const cookie = answer.headers.getSetCookie()[0];
    expect(cookie).toMatch(/^countersign-session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const opened = (await gateway.records('session.opened')).at(-1);
    expect(opened).toMatchObject({ actor: { id: 'operator' }, terminal: { id: client.key.id }, address: '127.0.0.1' });
    expect(JSON.stringify(await gateway.records())).not.toContain(client.cookie?.split('=')[1]);
  });

  test('IDN-3: wrong password, unknown name and impossible name get one and the same answer; the records differ', async () => {
    const client = await enrolled();
    const answers = [
      await client.signIn('operator', 'not the password'),
      await client.signIn('nobody-here', password),
      await client.signIn('<my password 42>', password),
    ];
    for (const answer of answers) expect([answer.status, codeOf(answer)]).toEqual([401, 'sign-in-failed']);
    const [first, ...others] = answers.map((answer) => answer.body.detail);
    expect(new Set(others)).toEqual(new Set([first]));
    const records = await Promise.all(answers.map((answer) => gateway.record(answer.body.record)));
    expect(records.map((record) => [record.kind, record.subject, record.detail?.cause])).toEqual([
      ['session.refused', 'account:operator', 'wrong-password'],
      ['session.refused', 'account:unknown', 'unknown-name'],
      ['session.refused', 'account:unknown', 'unknown-name'],
    ]);
    const text = JSON.stringify(await gateway.records());
    for (const typed of ['not the password', 'nobody-here', 'my password 42', password])
      expect(text).not.toContain(typed);
    expect(client.cookie).toBeUndefined();
    // A success clears what was counted here.
    expect((await client.signIn('operator', password)).status).toBe(200);
  });

  test('IDN-3: five failures lock the account at that terminal only; the right password helps no more there', async () => {
    const here = await enrolled();
    const elsewhere = await enrolled();
    expect((await elsewhere.signIn('supervisor', password)).status).toBe(200);
    const guesses = await Promise.all(
      Array.from({ length: 8 }, (_, index) => here.signIn('supervisor', `a wrong guess ${index}`)),
    );
    expect(new Set(guesses.map((answer) => codeOf(answer)))).toEqual(new Set(['sign-in-failed']));
    const right = await here.signIn('supervisor', password);
    expect(codeOf(right)).toBe('sign-in-failed');
    expect((await gateway.record(right.body.record)).detail?.cause).toBe('locked-at-terminal');
    const locks = (await gateway.records('account.locked')).filter((record) => record.subject === 'account:supervisor');
    expect(locks).toHaveLength(1);
    expect(locks[0]).toMatchObject({ new: { status: 'active', lockedAtTerminals: [here.key.id] } });
    // His own station goes on, and the lock outlives the counters.
    expect((await elsewhere.get('/session')).status).toBe(200);
    expect((await elsewhere.signIn('supervisor', password)).status).toBe(200);
  });

  test('IDN-3: failures over three terminals lock the account everywhere and end its sessions', async () => {
    const own = await enrolled();
    await gateway.people.ensureAccounts([{ name: 'victim', printedName: 'Vera Iosif', groups: ['operators'] }], {
      password,
      isDemoDefault: false,
      renew: false,
    });
    expect((await own.signIn('victim', password)).status).toBe(200);
    for (let terminal = 0; terminal < 3; terminal++) {
      const client = await enrolled();
      for (let guess = 0; guess < 5; guess++) await client.signIn('victim', `a wrong guess ${guess}`);
    }
    expect(codeOf(await own.get('/session'))).toBe('not-signed-in');
    expect(codeOf(await own.signIn('victim', password))).toBe('sign-in-failed');
    const [ended] = (await gateway.records('session.ended')).filter((record) => record.subject === 'account:victim');
    expect(ended?.detail?.code).toBe('account-locked');

    // An administrator unlocks it with his signature and an explanation.
    const admin = await gateway.ready('admin');
    const offer = await admin.post<{ statement: unknown }>('/users/victim/statements', { action: 'unlock' });
    expect(offer.status).toBe(201);
    const sign = async (comment: string | null) =>
      admin.post('/users/victim/signatures', {
        statement: await admin.signStatement(offer.body.statement, { signer: 'admin', meaning: 'approval', comment }),
        username: 'admin',
        password,
      });
    const unexplained = await sign(null);
    expect(codeOf(unexplained)).toBe('comment-missing');
    expect((await gateway.record(unexplained.body.record)).kind).toBe('account.change-refused');
    const unlocked = await sign('Phoned Vera: it was not she; the three panels are being looked at.');
    expect(unlocked.body).toMatchObject({ id: 'victim', status: 'active', lockedAtTerminals: [] });
    const [record] = await gateway.records('account.unlocked');
    expect(record).toMatchObject({
      actor: { id: 'admin' },
      subject: 'account:victim',
      old: { status: 'locked' },
      reason: { comment: 'Phoned Vera: it was not she; the three panels are being looked at.' },
      meaning: 'approval',
      detail: { actionTaken: 'Account unlocked' },
    });
    expect(codeOf(await sign('once more'))).toBe('statement-reused');
    expect((await own.signIn('victim', password)).status).toBe(200);
  });

  test('IDN-2: an expired password opens nothing; the answer does not say so, the record does', async () => {
    const other = await startTestGateway(server);
    try {
      const client = await other.client();
      await client.enrol('panel');
      other.advance(80 * 86_400_000);
      expect((await client.signIn('operator', password)).body.passwordExpiresInDays).toBe(10);
      other.advance(11 * 86_400_000);
      const late = await client.signIn('operator', password);
      expect(codeOf(late)).toBe('sign-in-failed');
      expect((await other.record(late.body.record)).detail?.cause).toBe('password-expired');

      // Its owner may change it, and only to one that is strong and new.
      const change = (current: string, newPassword: string) =>
        client.post('/password', { username: 'operator', password: current, newPassword });
      const second = 'nine blue kettles hum';
      expect(codeOf(await change('a wrong guess', second))).toBe('sign-in-failed');
      for (const refused of [password, 'short', 'passwordpassword']) {
        const answer = await change(password, refused);
        expect([refused, codeOf(answer)]).toEqual([refused, 'password-too-weak']);
        expect((await other.record(answer.body.record)).kind).toBe('account.change-refused');
      }
      expect((await change(password, second)).status).toBe(204);
      expect((await other.records('account.changed')).at(-1)).toMatchObject({ actor: { id: 'operator' } });
      expect(codeOf(await client.signIn('operator', password))).toBe('sign-in-failed');
      expect((await client.signIn('operator', second)).status).toBe(200);
      expect(codeOf(await change(second, password))).toBe('password-too-weak');
      expect((await change(second, 'four slow rivers bend')).status).toBe(204);
      expect(codeOf(await client.get('/session'))).toBe('not-signed-in');
    } finally {
      await other.stop();
    }
  });
});

describe('sessions', () => {
  test('IDN-5: a session works only with the key of its terminal', async () => {
    const client = await gateway.ready('operator');
    const thief = await enrolled();
    thief.cookie = client.cookie;
    const answer = await thief.get('/session');
    expect([answer.status, codeOf(answer)]).toEqual([403, 'terminal-foreign-session']);
    const record = await gateway.record(answer.body.record);
    expect(record).toMatchObject({ kind: 'request.refused', terminal: { id: thief.key.id } });
    expect((await client.get('/session')).status).toBe(200);
  });

  test('IDN-5: polls do not keep a session alive, a person does; its idle end is on record', async () => {
    const client = await gateway.ready('operator');
    gateway.advance(15 * 60_000);
    expect((await client.get('/session', { headers: { 'x-countersign-activity': 'person' } })).status).toBe(200);
    gateway.advance(15 * 60_000);
    expect((await client.get('/session')).status).toBe(200);
    gateway.advance(6 * 60_000);
    expect(codeOf(await client.get('/session'))).toBe('not-signed-in');
    const recorded = async () =>
      (await gateway.records('session.expired')).filter((record) => record.detail?.at === client.key.id);
    await until(async () => (await recorded()).length > 0, 'the record');
    expect(await recorded()).toMatchObject([{ subject: 'account:operator', detail: { code: 'idle' } }]);
  });

  test('IDN-5: signing out ends the session at once', async () => {
    const client = await gateway.ready('operator');
    const cookie = client.cookie;
    expect((await client.signOut()).status).toBe(204);
    expect(client.cookie).toBeUndefined();
    client.cookie = cookie;
    expect(codeOf(await client.get('/session'))).toBe('not-signed-in');
    expect((await gateway.records('session.closed')).at(-1)).toMatchObject({
      actor: { id: 'operator' },
      detail: { code: 'signed-out' },
    });
  });

  test('IDN-5: an administrator sees and ends a session from afar; nobody else may', async () => {
    const operator = await gateway.ready('operator');
    const admin = await gateway.ready('admin');
    const refused = await operator.get('/sessions');
    expect([refused.status, codeOf(refused)]).toEqual([403, 'right-missing']);
    expect((await gateway.record(refused.body.record)).actor?.id).toBe('operator');
    const { sessions } = (await admin.get<{ sessions: { id: string; terminal: { id: string } }[] }>('/sessions')).body;
    const target = sessions.find((session) => session.terminal.id === operator.key.id);
    const own = sessions.find((session) => session.terminal.id === admin.key.id);
    expect(codeOf(await operator.send('DELETE', `/sessions/${own?.id}`))).toBe('right-missing');
    expect((await admin.send('DELETE', `/sessions/${target?.id}`)).status).toBe(204);
    expect(codeOf(await operator.get('/session'))).toBe('not-signed-in');
    expect((await gateway.records('session.ended')).at(-1)).toMatchObject({
      actor: { id: 'admin' },
      subject: 'account:operator',
      detail: { code: 'ended-by-administrator' },
    });
  });

  test('IDN-2: more sign-ins at once than may wait are turned away, not queued for ever', async () => {
    const other = await startTestGateway(server, { hashesWaiting: 1 });
    try {
      const clients = await Promise.all(Array.from({ length: 8 }, () => other.client()));
      for (const client of clients) await client.enrol('panel');
      const answers = await Promise.all(clients.map((client) => client.signIn('operator', password)));
      const statuses = answers.map((answer) => answer.status);
      expect(statuses).toContain(429);
      expect(statuses).toContain(200);
    } finally {
      await other.stop();
    }
  });
});

describe('projections', () => {
  const tampered = async (
    tamper: (gateway: TestGateway) => Promise<unknown>,
    username: string,
    expected: { cause: string; code: string },
  ) => {
    const own = await startTestGateway(server);
    try {
      const client = await own.client();
      await client.enrol('panel');
      await tamper(own);
      const answer = await client.signIn(username, password);
      expect(codeOf(answer)).toBe('sign-in-failed');
      expect((await own.record(answer.body.record)).detail?.cause).toBe(expected.cause);
      const alerts = await own.records('security.alert');
      expect(alerts.map((alert) => [alert.subject, alert.detail?.code])).toEqual([
        [`account:${username}`, expected.code],
      ]);
    } finally {
      await own.stop();
    }
  };
  const asSuperuser = (own: TestGateway, ...statements: string[]) =>
    own.database.superuser.query(`SET session_replication_role = replica; ${statements.join(';')}`);

  test('IDN-1: a password hash changed in the database opens nothing and raises an alert', async () => {
    await tampered(
      (own) =>
        asSuperuser(
          own,
          `UPDATE projection SET document = (SELECT replace(document, '"supervisor"', '"operator"')
             FROM projection WHERE subject = 'account:supervisor') WHERE subject = 'account:operator'`,
        ),
      'operator',
      { cause: 'account-not-trusted', code: 'row-altered' },
    );
  });

  test('IDN-1: an account planted in the database does not exist', async () => {
    await tampered(
      (own) =>
        asSuperuser(
          own,
          `INSERT INTO projection SELECT 'account:planted', replace(document, '"operator"', '"planted"'), seq
             FROM projection WHERE subject = 'account:operator'`,
        ),
      'planted',
      { cause: 'account-not-trusted', code: 'row-planted' },
    );
  });

  test('IDN-1: a deleted account is not forgotten, and its name is not free', async () => {
    await tampered((own) => asSuperuser(own, `DELETE FROM projection WHERE subject = 'account:operator'`), 'operator', {
      cause: 'account-not-trusted',
      code: 'row-missing',
    });
  });

  test('IDN-1: a locked account’s former row put back stays refused', async () => {
    const own = await startTestGateway(server);
    try {
      const before = await own.database.superuser.query(
        `SELECT document, seq FROM projection WHERE subject = 'account:operator'`,
      );
      const client = await own.client();
      await client.enrol('panel');
      for (let guess = 0; guess < 5; guess++) await client.signIn('operator', `a wrong guess ${guess}`);
      await own.database.superuser.query(`SET session_replication_role = replica`);
      await own.database.superuser.query(
        `UPDATE projection SET document = $1, seq = $2 WHERE subject = 'account:operator'`,
        [before.rows[0].document, before.rows[0].seq],
      );
      const elsewhere = await own.client();
      await elsewhere.enrol('panel');
      expect(codeOf(await elsewhere.signIn('operator', password))).toBe('sign-in-failed');
      expect((await own.records('security.alert')).map((alert) => alert.detail?.code)).toEqual(['row-altered']);
    } finally {
      await own.stop();
    }
  });

  test('IDN-1: a terminal planted in the database is unknown after a restart too, and reported', async () => {
    const database = await server.freshDatabase();
    const pepper = new Uint8Array(32).fill(7);
    const first = await startTestGateway(server, { database, pepper });
    const known = await first.ready('operator');
    const planted = await first.client();
    const { dataFolder } = first.log;
    await first.app.close();
    await first.log.log.close();
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query(
      `INSERT INTO projection SELECT 'terminal:' || $2::text, replace(document, $1, $2), seq
         FROM projection WHERE subject = 'terminal:' || $1::text`,
      [known.key.id, planted.key.id],
    );
    const second = await startTestGateway(server, { database, dataFolder, pepper });
    try {
      const again = new ApiClient(second.origin, planted.key);
      expect(codeOf(await again.signIn('operator', password))).toBe('terminal-unknown');
      expect((await second.records('security.alert')).map((alert) => alert.subject)).toEqual([
        `terminal:${planted.key.id}`,
      ]);
      // What the log vouches for came back: account, terminal and certification.
      const back = new ApiClient(second.origin, known.key);
      expect((await back.signIn('operator', password)).body).toMatchObject({ certified: true });
    } finally {
      await second.stop();
      await database.stop();
    }
  });

  test('IDN-1: a user id is never given out again', async () => {
    const again = { name: 'OPERATOR', printedName: 'Somebody Else', groups: ['administrators'] };
    const made = await gateway.people.ensureAccounts([again], { password, isDemoDefault: false, renew: false });
    expect(made).toEqual([]);
    expect(gateway.people.accounts.all().filter((account) => account.id === 'operator')).toMatchObject([
      { printedName: 'Olivia Brandt', groups: ['operators'] },
    ]);
  });
});
