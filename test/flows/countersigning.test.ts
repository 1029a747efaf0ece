// Several signers, terminals and machines against a whole gateway over real sockets: issue 3, acceptance 3, 4 and 5. What
// is refused leaves its record, and `writes` proves that no PLC saw anything.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedRows } from '../../gateway/audit/postgres-rows.ts';
import { verifyLog } from '../../gateway/audit/verify.ts';
import { RecordChecks } from '../../gateway/audit/verify-records.ts';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Settings } from '../../gateway/settings/load.ts';
import { type ApiAnswer, ApiClient, codeOf } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const password = 'countersign-demo';
const pair = 'BR101.DO.SP';
const other = 'BR101.SIC.SP';
const alone = 'BR101.PH.SP';

/** The demo, with two tags that need two signatures and allow break-glass. */
function withPairs(settings: Settings): Settings {
  const tags = settings.plant.tags.map((tag) => {
    if (tag.setpoint === null || ![pair, other].includes(tag.id)) return tag;
    const policy = {
      ...tag.setpoint.policy,
      name: 'pair',
      signatures: 2,
      countersignMeanings: ['verification' as const],
      breakGlass: { allowed: true, dueMinutes: 30 },
    };
    return { ...tag, setpoint: { ...tag.setpoint, policy } };
  });
  return { ...settings, plant: { ...settings.plant, tags } };
}

type Offered = {
  readonly statement: Record<string, unknown>;
  readonly requires: { readonly meanings: readonly string[] };
};
type Asked = Offered & { readonly id: string };

describe('signers, terminals and machines', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let supervisor: ApiClient;
  let qa: ApiClient;
  let admin: ApiClient;
  let shiftMs = 0;
  beforeAll(async () => {
    house = await startTestGateway({ settings: withPairs, now: () => Date.now() + shiftMs });
    [operator, supervisor, qa, admin] = [
      await house.person('operator'),
      await house.person('supervisor'),
      await house.person('qa'),
      await house.person('admin'),
    ];
  });
  afterAll(() => house?.stop());

  async function present(tag: string): Promise<number> {
    return Number((await operator.get<{ latest: { value: number } }>(`/tags/${tag}`)).body.latest.value);
  }
  async function ask(client: ApiClient, tag: string, more: Record<string, unknown> = {}): Promise<Asked> {
    const step = { [pair]: 1, [other]: 5, [alone]: 0.05 }[tag] ?? 1;
    const { body } = await client.get<{ latest: { value: number; sourceTime: string } }>(`/tags/${tag}`);
    const { value, sourceTime } = body.latest;
    const direction = { [pair]: 50, [other]: 120, [alone]: 7.1 }[tag] ?? 0;
    const wanted = Number((value + (value > direction ? -step : step)).toFixed(2));
    const answer = await client.post('/commands', {
      tagId: tag,
      value: wanted,
      observed: { value, sourceTime },
      ...more,
    });
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
    return answer.body as unknown as Asked;
  }
  async function offer(client: ApiClient, id: string, body: Record<string, unknown> = {}): Promise<Offered> {
    const answer = await client.post<Offered>(`/commands/${id}/statements`, body);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
    return answer.body;
  }
  async function jwsOf(client: ApiClient, offered: Offered, signer: string, header: Record<string, unknown> = {}) {
    const meaning = offered.requires.meanings[0] ?? '';
    return client.signStatement(
      offered.statement,
      { signer, meaning, reasonCode: 'adjustment', comment: 'looked at' },
      {},
      header,
    );
  }
  const send = (client: ApiClient, id: string, statement: string, username: string): Promise<ApiAnswer> =>
    client.post(`/commands/${id}/signatures`, { statement, username, password });
  async function sign(client: ApiClient, id: string, offered: Offered, signer: string): Promise<ApiAnswer> {
    return send(client, id, await jwsOf(client, offered, signer), signer);
  }
  /** A clock that jumps makes every value look old until its device answers the next time. */
  async function valuesAreGood(): Promise<void> {
    const sinceMs = Date.now() + shiftMs;
    for (const tag of [pair, other, alone])
      await until(async () => {
        const { body } = await operator.get<{ latest: { quality: string; vouchedAt: string } }>(`/tags/${tag}`);
        return body.latest.quality === 'good' && Date.parse(body.latest.vouchedAt) >= sinceMs;
      }, `${tag} to be vouched for again`);
  }
  /** Refused with one of the codes, in the log, and no device saw anything. */
  async function expectRefused(work: () => Promise<ApiAnswer>, ...codes: string[]): Promise<void> {
    const writes = house.plant.writes.count();
    const answer = await work();
    expect(codes).toContain(codeOf(answer));
    const { record } = answer.body as { record?: number };
    const found = (await house.records()).find(({ seq }) => seq === record);
    expect(found, JSON.stringify(answer.body)).toMatchObject({ kind: 'command.signature-refused' });
    expect(house.plant.writes.count()).toBe(writes);
  }
  const view = (answer: ApiAnswer): CommandView => answer.body as unknown as CommandView;

  it('SIG-5: it appears at the other terminal with all that is needed to judge it, and is signed there', async () => {
    const command = await ask(operator, pair);
    await sign(operator, command.id, command, 'operator');
    const { body } = await supervisor.get<{ commands: CommandView[] }>('/commands?awaiting=me');
    expect(body.commands).toMatchObject([
      {
        id: command.id,
        tagId: pair,
        awaitingYou: true,
        signatures: [{ signer: 'operator', reasonCode: 'adjustment' }],
      },
    ]);
    expect((await operator.get<{ commands: CommandView[] }>('/commands?awaiting=me')).body.commands).toEqual([]);
    const answer = await sign(supervisor, command.id, await offer(supervisor, command.id), 'supervisor');
    expect(answer.body).toMatchObject({ state: 'confirmed' });
    expect((await supervisor.get<{ commands: CommandView[] }>('/commands?awaiting=me')).body.commands).toEqual([]);
  });

  it('SIG-5: one person is no two signers, by any spelling of the name or by a second session', async () => {
    const command = await ask(supervisor, pair);
    await sign(supervisor, command.id, command, 'supervisor');
    const second = await ApiClient.create(house.origin);
    second.now = () => Date.now() + shiftMs;
    await second.enrol('second terminal of the supervisor');
    await second.signIn('supervisor', password);
    for (const name of [
      'supervisor',
      'SUPERVISOR',
      ' Supervisor  ',
      'ｓｕｐｅｒｖｉｓｏｒ',
      'ſupervisor',
      '𝓼upervisor',
    ])
      for (const client of [supervisor, second, operator])
        await expectRefused(async () => sign(client, command.id, await offer(client, command.id), name), 'same-signer');
    for (const name of ['supervisor.', 'supervisor\u200b', 'superv\u0456sor'])
      await expectRefused(
        async () => sign(second, command.id, await offer(second, command.id), name),
        'signature-refused',
      );
    await supervisor.send('DELETE', `/commands/${command.id}`);
  });

  it('SIG-6: a signature copied, cut, replayed, swapped between commands or made by another terminal is refused', async () => {
    const [left, right] = [await ask(operator, pair), await ask(operator, other)];
    const first = await jwsOf(operator, left, 'operator');
    await expectRefused(() => send(operator, right.id, first, 'operator'), 'statement-altered');
    const [header, payload, mark] = first.split('.');
    const foreign = (await jwsOf(operator, right, 'operator')).split('.');
    for (const cut of [`${header}.${payload}.`, `${header}.${payload}`, `${payload}.${mark}`, first.slice(0, -4)])
      await expectRefused(() => send(operator, left.id, cut, 'operator'), 'malformed-statement', 'statement-altered');
    await expectRefused(
      () => send(operator, left.id, `${header}.${payload}.${foreign[2]}`, 'operator'),
      'statement-altered',
    );
    // Another enrolled terminal signs what was offered to this one: under its own name, and under the other's.
    for (const kid of [supervisor.key.id, operator.key.id]) {
      const resigned = await jwsOf(supervisor, left, 'operator', { kid });
      await expectRefused(() => send(supervisor, left.id, resigned, 'operator'), 'statement-altered');
      await expectRefused(() => send(operator, left.id, resigned, 'operator'), 'statement-altered');
    }
    expect((await send(operator, left.id, first, 'operator')).status).toBe(200);
    await expectRefused(() => send(operator, left.id, first, 'operator'), 'statement-reused');
    // The first signature in place of the second, and the other command's second in place of this one's.
    await sign(operator, right.id, right, 'operator');
    const others = await offer(supervisor, right.id);
    await expectRefused(
      async () => send(supervisor, left.id, await jwsOf(supervisor, others, 'supervisor'), 'supervisor'),
      'statement-altered',
    );
    for (const { id } of [left, right]) await operator.send('DELETE', `/commands/${id}`);
  });

  it('CMD-2, TRM-4: a terminal revoked between the signatures takes its signature with it', async () => {
    const gone = await ApiClient.create(house.origin);
    gone.now = () => Date.now() + shiftMs;
    await gone.enrol('soon revoked');
    await gone.signIn('operator', password);
    const command = await ask(gone, pair);
    await sign(gone, command.id, command, 'operator');
    const path = `/terminals/${gone.key.id}`;
    const revocation = await admin.post<Offered>(`${path}/statements`, { action: 'revoke' });
    const revoked = await admin.post(`${path}/signatures`, {
      statement: await admin.signStatement(revocation.body.statement, {
        signer: 'admin',
        meaning: 'approval',
        comment: 'lost',
      }),
      username: 'admin',
      password,
    });
    expect(revoked.status, JSON.stringify(revoked.body)).toBe(200);
    const writes = house.plant.writes.count();
    const answer = await sign(supervisor, command.id, await offer(supervisor, command.id), 'supervisor');
    expect(view(answer)).toMatchObject({ state: 'refused', outcome: { code: 'terminal-revoked' } });
    expect(house.plant.writes.count()).toBe(writes);
  });

  it('CMD-2, IDN-3: an account locked between the signatures takes its signature with it', async () => {
    const panel = await ApiClient.create(house.origin);
    panel.now = () => Date.now() + shiftMs;
    await panel.enrol('where the account is locked');
    await panel.signIn('operator', password);
    const command = await ask(panel, pair);
    await sign(panel, command.id, command, 'operator');
    for (let tries = 0; tries < 5; tries++) await panel.signIn('operator', 'not the password at all');
    expect((await house.records()).findLast(({ kind }) => kind === 'account.locked')).toMatchObject({
      subject: 'account:operator',
      terminal: { id: panel.key.id },
    });
    const writes = house.plant.writes.count();
    const answer = await sign(supervisor, command.id, await offer(supervisor, command.id), 'supervisor');
    expect(view(answer)).toMatchObject({ state: 'refused', outcome: { code: 'account-locked' } });
    expect(house.plant.writes.count()).toBe(writes);
  });

  it('CMD-3, CMD-7: two operators change one tag at once: one goes through, the other is told what changed under him', async () => {
    const seen = await present(alone);
    const [mine, his] = [await ask(operator, alone), await ask(supervisor, alone)];
    const writes = house.plant.writes.count();
    const answers = await Promise.all([
      sign(operator, mine.id, mine, 'operator'),
      sign(supervisor, his.id, his, 'supervisor'),
    ]);
    const states = answers.map((answer) => view(answer).state).sort();
    expect(states).toEqual(['confirmed', 'refused']);
    expect(house.plant.writes.count()).toBe(writes + 1);
    const told = answers.map(view).find(({ state }) => state === 'refused');
    const now = answers.map(view).find(({ state }) => state === 'confirmed')?.value;
    expect(told?.outcome).toMatchObject({ code: 'value-changed', text: expect.stringContaining(String(now)) });
    // Asked with what was seen before: 409, with what is there now.
    await until(async () => (await present(alone)) === now, 'the screen to show the new value');
    const late = await supervisor.post('/commands', {
      tagId: alone,
      value: Number((seen + 0.1).toFixed(2)),
      observed: { value: seen, sourceTime: new Date().toISOString() },
    });
    expect(late).toMatchObject({ status: 409, body: { code: 'value-changed', current: now } });
  });

  it('CMD-13: by break-glass one signature suffices; the other is given afterwards', async () => {
    const refused = await operator.post('/commands', {
      tagId: alone,
      value: 7.1,
      observed: { value: 7, sourceTime: new Date().toISOString() },
      breakGlass: true,
    });
    expect(codeOf(refused)).toBe('break-glass-not-allowed');
    const command = await ask(operator, pair, { breakGlass: true });
    const answer = await sign(operator, command.id, command, 'operator');
    expect(view(answer)).toMatchObject({ state: 'confirmed', breakGlass: { missing: 1, overdue: false } });
    const due = await qa.get<{ commands: CommandView[] }>('/commands?breakGlass=due');
    expect(due.body.commands).toMatchObject([{ id: command.id, awaitingYou: true }]);
    const later = await sign(qa, command.id, await offer(qa, command.id), 'qa');
    expect(view(later)).toMatchObject({ state: 'confirmed', breakGlass: { missing: 0 } });
    expect((await qa.get<{ commands: CommandView[] }>('/commands?breakGlass=due')).body.commands).toEqual([]);
  });

  it('SIG-6: a statement used after its time is refused', async () => {
    const command = await ask(operator, pair);
    await sign(operator, command.id, command, 'operator');
    const offered = await offer(supervisor, command.id);
    const statement = await jwsOf(supervisor, offered, 'supervisor');
    shiftMs += 11 * 60_000;
    await expectRefused(
      () => send(supervisor, command.id, statement, 'supervisor'),
      'statement-expired',
      'wrong-stage',
    );
    await valuesAreGood();
  });

  describe('access tokens', () => {
    const bearer = async (token: string, method: string, path: string, body?: unknown) => {
      const response = await fetch(`${house.origin}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    async function issue(client: ApiClient, name: string, scopes: string[], areas = ['upstream']) {
      const offered = await client.post<Offered>('/tokens/statements', {
        change: { name, scopes, areas, expiresInDays: 30 },
      });
      if (offered.status !== 201) return offered;
      return client.post<{ id: string; token: string }>('/tokens/signatures', {
        statement: await client.signStatement(offered.body.statement, { signer: 'admin', meaning: 'approval' }),
        username: 'admin',
        password,
      });
    }
    async function issued(name: string, scopes: string[], areas?: string[]) {
      const answer = await issue(admin, name, scopes, areas);
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body as { id: string; token: string };
    }
    const proposal = { tagId: pair, value: 45, origin: 'MES, batch B-1042', reference: 'WO-1' };

    it('CMD-10: an administrator alone issues one, signed; the log and the database hold no secret', async () => {
      expect(codeOf(await issue(supervisor, 'mine', ['propose']))).toBe('right-missing');
      const { id, token } = await issued('MES', ['propose']);
      const secret = token.slice('cst_0123456789abcdef_'.length);
      expect(secret).toHaveLength(43);
      const record = (await house.records()).find(
        ({ kind, subject }) => kind === 'token.issued' && subject === `token:${id}`,
      );
      expect(record).toMatchObject({ actor: { id: 'admin' }, new: { name: 'MES', scopes: ['propose'] } });
      expect(JSON.stringify(await house.records())).not.toContain(secret);
      const rows = await house.database.superuser.query('SELECT document FROM projection');
      expect(JSON.stringify(rows.rows)).not.toContain(secret);
      const list = await admin.get('/tokens');
      expect(JSON.stringify(list.body)).toContain(id);
      expect(JSON.stringify(list.body)).not.toContain(secret);
    });

    it('CMD-10: proposes; it waits by name and origin; a person signs it', async () => {
      const { token } = await issued('historian', ['propose']);
      const now = await present(pair);
      const value = now > 50 ? now - 1 : now + 1;
      const writes = house.plant.writes.count();
      const made = await bearer(token, 'POST', '/proposals', { ...proposal, value });
      expect(made).toMatchObject({ status: 201, body: { state: 'proposed' } });
      const id = String(made.body.id);
      const { body } = await operator.get<{ commands: CommandView[] }>('/commands?awaiting=me');
      expect(body.commands.find((command) => command.id === id)).toMatchObject({
        state: 'proposed',
        proposal: { origin: proposal.origin, reference: 'WO-1', token: { name: 'historian' } },
      });
      expect(house.plant.writes.count()).toBe(writes);
      await sign(operator, id, await offer(operator, id), 'operator');
      const answer = await sign(supervisor, id, await offer(supervisor, id), 'supervisor');
      expect(answer.body).toMatchObject({ state: 'confirmed', askedBy: { id: 'operator' }, value });
      expect(house.plant.writes.count()).toBe(writes + 1);
    });

    it('CMD-10, CMD-13: a restart forgets neither a proposal nor a countersignature that is due', async () => {
      const { token } = await issued('before the restart', ['propose']);
      const now = await present(other);
      const made = await bearer(token, 'POST', '/proposals', {
        ...proposal,
        tagId: other,
        value: now > 120 ? now - 5 : now + 5,
      });
      const glass = await ask(operator, pair, { breakGlass: true });
      expect(view(await sign(operator, glass.id, glass, 'operator'))).toMatchObject({ state: 'confirmed' });
      await house.stopGateway();
      await house.startGateway();
      await until(() => house.gateway().health().status === 'ready', 'both PLCs to be connected again');
      for (const [client, name] of [
        [operator, 'operator'],
        [supervisor, 'supervisor'],
        [qa, 'qa'],
        [admin, 'admin'],
      ] as const)
        await client.signIn(name, password);
      const awaiting = await operator.get<{ commands: CommandView[] }>('/commands?awaiting=me');
      expect(awaiting.body.commands).toMatchObject([{ id: made.body.id, state: 'proposed' }]);
      const due = await qa.get<{ commands: CommandView[] }>('/commands?breakGlass=due');
      expect(due.body.commands).toMatchObject([{ id: glass.id, breakGlass: { missing: 1 } }]);
      expect(view(await sign(qa, glass.id, await offer(qa, glass.id), 'qa'))).toMatchObject({
        breakGlass: { missing: 0 },
      });
      const list = await operator.get<{ commands: CommandView[] }>('/commands?limit=100');
      const ids = list.body.commands.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toContain(made.body.id);
      const declined = await offer(operator, String(made.body.id), { purpose: 'decline' });
      expect(view(await sign(operator, String(made.body.id), declined, 'operator'))).toMatchObject({
        state: 'declined',
      });
    });

    it('CMD-10: can do nothing but its scope: no signing, no asking, no reading beyond', async () => {
      const { token } = await issued('narrow', ['propose']);
      const command = await ask(operator, pair);
      const statement = await jwsOf(operator, command, 'operator');
      const attempts: [string, string, unknown?][] = [
        ['GET', '/commands'],
        ['GET', `/commands/${command.id}`],
        [
          'POST',
          '/commands',
          { tagId: pair, value: 41, observed: { value: 40, sourceTime: new Date().toISOString() } },
        ],
        ['POST', `/commands/${command.id}/statements`, {}],
        ['POST', `/commands/${command.id}/signatures`, { statement, username: 'operator', password }],
        ['DELETE', `/commands/${command.id}`],
        ['GET', '/audit'],
        ['GET', '/audit/export?format=csv'],
        ['GET', '/tags'],
        ['GET', '/users'],
        ['POST', '/tokens/statements', { change: {} }],
        ['GET', '/plant'],
      ];
      const writes = house.plant.writes.count();
      for (const [method, path, body] of attempts) {
        const answer = await bearer(token, method, path, body);
        expect(answer, `${method} ${path}`).toMatchObject({ status: 403, body: { code: 'scope-missing' } });
        const { record } = answer.body as { record?: number };
        const found = (await house.records()).find(({ seq }) => seq === record);
        expect(found?.actor?.id, `${method} ${path}`).toMatch(/^token:/);
      }
      expect(house.plant.writes.count()).toBe(writes);
      expect(await bearer(token, 'POST', '/proposals', { ...proposal, tagId: 'WFI.TIC.SP', value: 80 })).toMatchObject({
        status: 403,
        body: { code: 'right-missing' },
      });
      await operator.send('DELETE', `/commands/${command.id}`);
    });

    it('CMD-10: with read-audit it reads the trail, and that is recorded under its name', async () => {
      const { id, token } = await issued('reviewer', ['read-audit']);
      expect(await bearer(token, 'GET', '/audit?limit=5')).toMatchObject({
        status: 200,
        body: { records: expect.any(Array) },
      });
      const seen = (await house.records()).findLast(({ kind }) => kind === 'audit.viewed');
      expect(seen?.actor).toMatchObject({ id: `token:${id}` });
      expect(await bearer(token, 'POST', '/proposals', proposal)).toMatchObject({ body: { code: 'scope-missing' } });
    });

    it('CMD-10, IDN-1: made up, revoked, planted in the database or of a session: refused', async () => {
      const { id, token } = await issued('short-lived', ['propose']);
      const invalid = { status: 401, body: { code: 'token-invalid' } };
      expect(
        await bearer(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, 'POST', '/proposals', proposal),
      ).toMatchObject(invalid);
      expect(await bearer('cst_0123456789abcdef_x', 'POST', '/proposals', proposal)).toMatchObject(invalid);
      expect(codeOf(await operator.post('/proposals', proposal))).toBe('token-invalid');
      const offered = await admin.post<Offered>(`/tokens/${id}/statements`, { action: 'revoke' });
      const revoked = await admin.post(`/tokens/${id}/signatures`, {
        statement: await admin.signStatement(offered.body.statement, {
          signer: 'admin',
          meaning: 'approval',
          comment: 'no longer needed',
        }),
        username: 'admin',
        password,
      });
      expect(revoked, JSON.stringify(revoked.body)).toMatchObject({ status: 200, body: { status: 'revoked' } });
      expect(await bearer(token, 'POST', '/proposals', proposal)).toMatchObject(invalid);
      // The superuser gives it back its life; the log says otherwise.
      await house.database.superuser.query(`SET session_replication_role = replica`);
      await house.database.superuser.query(
        `UPDATE projection SET document = replace(document, '"revoked"', '"active"') WHERE subject = $1`,
        [`token:${id}`],
      );
      expect(await bearer(token, 'POST', '/proposals', proposal)).toMatchObject(invalid);
      expect((await house.records()).findLast(({ kind }) => kind === 'security.alert')).toMatchObject({
        subject: `token:${id}`,
        detail: { code: 'row-altered' },
      });
    });

    it('CMD-10: is good until it expires', async () => {
      const { token } = await issued('for a month', ['propose']);
      expect((await bearer(token, 'POST', '/proposals', { ...proposal, value: 48 })).status).toBe(201);
      shiftMs += 30 * 86_400_000 + 1_000;
      expect(await bearer(token, 'POST', '/proposals', { ...proposal, value: 49 })).toMatchObject({
        status: 401,
        body: { code: 'token-invalid' },
      });
    });
  });

  it('AUD-5: the whole of it verifies; two signatures swapped in the database are found and named', async () => {
    await house.stopGateway();
    const checkpoint = await house.database.superuser.query<{ checkpoint: string }>(
      'SELECT checkpoint FROM log_record WHERE checkpoint IS NOT NULL ORDER BY seq DESC LIMIT 1',
    );
    expect(checkpoint.rows).toHaveLength(1);
    const verify = () => {
      const checks = new RecordChecks();
      return verifyLog(storedRows(house.database.superuser), {
        verifier: null,
        kept: null,
        checkSignature: (record) => checks.take(record),
      });
    };
    const good = await verify();
    expect(good.bad).toBeNull();
    expect(good.signatures).toBeGreaterThan(15);
    const signed = await house.database.superuser.query<{ seq: number; body: Buffer }>(
      `SELECT seq, body FROM log_record WHERE kind = 'command.countersigned' ORDER BY seq LIMIT 2`,
    );
    const [one, two] = signed.rows.map(({ seq, body }) => ({ seq: Number(seq), text: body.toString('utf8') }));
    if (one === undefined || two === undefined) throw new Error('there are no two countersignatures');
    const jws = (text: string): string => (JSON.parse(text) as { signature: { jws: string } }).signature.jws;
    await house.database.superuser.query(`SET session_replication_role = replica`);
    for (const [row, from] of [
      [one, two],
      [two, one],
    ] as const)
      await house.database.superuser.query('UPDATE log_record SET body = $2 WHERE seq = $1', [
        row.seq,
        Buffer.from(row.text.replace(jws(row.text), jws(from.text))),
      ]);
    expect((await verify()).bad).toMatchObject({ seq: one.seq });
  });
});
