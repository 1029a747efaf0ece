// Passkeys against the whole house (SIG-7): real PostgreSQL, real PLCs, a passkey in software. Each refusal has its
// record and leaves the PLC alone; what was signed is verified again from the log.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParsedRecord } from '../../gateway/audit/parsed-record.ts';
import { storedRows } from '../../gateway/audit/postgres-rows.ts';
import { verifyLog } from '../../gateway/audit/verify.ts';
import { RecordChecks } from '../../gateway/audit/verify-records.ts';
import { signatureChecker } from '../../gateway/audit/verify-signatures.ts';
import type { SigningComponents } from '../../gateway/contract/passkey.ts';
import type { Settings } from '../../gateway/settings/load.ts';
import { type ApiAnswer, type ApiClient, codeOf } from '../support/api-client.ts';
import { demoPassword as password, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type PasskeyBend, SoftwarePasskey } from '../support/software-passkey.ts';

const policies: { readonly [tag: string]: SigningComponents } = {
  'BR101.TIC.SP': 'password-and-passkey',
  'WFI.PUMP.CMD': 'password-and-passkey',
  'BR101.PH.SP': 'passkey',
};

function withPasskeys(settings: Settings): Settings {
  const tags = settings.plant.tags.map((tag) => {
    const components = policies[tag.id];
    return tag.setpoint === null || components === undefined
      ? tag
      : { ...tag, setpoint: { ...tag.setpoint, policy: { ...tag.setpoint.policy, components } } };
  });
  return { ...settings, plant: { ...settings.plant, tags } };
}

type Offered = {
  id: string;
  statement: Record<string, unknown>;
  requires: { components: string[]; passkey?: { rpId: string; credentialIds: string[] } };
};

describe('passkeys as a component of a signature', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let supervisor: ApiClient;
  let mine: SoftwarePasskey;
  let theirs: SoftwarePasskey;

  beforeAll(async () => {
    house = await startTestGateway({ settings: withPasskeys });
    [operator, supervisor] = await Promise.all([house.person('operator'), house.person('supervisor')]);
    mine = new SoftwarePasskey(house.origin);
    theirs = new SoftwarePasskey(house.origin);
    expect((await register(operator, mine)).status).toBe(201);
    expect((await register(supervisor, theirs)).status).toBe(201);
  });
  afterAll(() => house?.stop());

  type Options = { challenge: string; excludeCredentials: { id: string }[] };
  async function optionsOf(client: ApiClient): Promise<Options> {
    const options = await client.post<Options>('/passkeys/options', {});
    expect(options.status).toBe(200);
    return options.body;
  }
  /** Confirmed by the first passkey that the person registered, where there is one. */
  const confirmation = (client: ApiClient, { challenge, excludeCredentials }: Options) =>
    excludeCredentials.length === 0 ? {} : { confirmation: (client === supervisor ? theirs : mine).confirm(challenge) };
  async function register(client: ApiClient, passkey: SoftwarePasskey, bend: PasskeyBend = {}, word = password) {
    const options = await optionsOf(client);
    return client.post('/passkeys', {
      name: 'in software',
      password: word,
      response: registration(passkey, options.challenge, bend),
      ...confirmation(client, options),
    });
  }
  function registration(passkey: SoftwarePasskey, challenge: string, bend: PasskeyBend = {}) {
    const { clientExtensionResults: _none, ...response } = passkey.register(challenge, bend);
    return response;
  }

  async function asked(client: ApiClient, tag = 'BR101.TIC.SP'): Promise<Offered> {
    const now = await client.get<{ latest: { value: number } }>(`/tags/${tag}`);
    const value =
      tag === 'BR101.PH.SP' ? (now.body.latest.value > 7 ? 6.9 : 7.1) : now.body.latest.value > 37 ? 36.6 : 37.4;
    const answer = await client.ask(tag, value);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as unknown as Offered;
  }
  const jwsOf = (
    client: ApiClient,
    { statement }: Pick<Offered, 'statement'>,
    signer = 'operator',
    meaning = 'responsibility',
  ) =>
    client.signStatement(statement, {
      signer,
      meaning,
      reasonCode: statement.tag === 'WFI.PUMP.CMD' ? 'maintenance' : 'adjustment',
      comment: 'with a passkey',
    });
  const send = (client: ApiClient, id: string, body: Record<string, unknown>): Promise<ApiAnswer> =>
    client.post(`/commands/${id}/signatures`, body);

  /** The refusal's code, its record, and neither an intent nor a write. */
  async function refused(code: string, work: () => Promise<ApiAnswer>, kind = 'command.signature-refused') {
    const before = (await house.records()).length;
    const writes = house.plant.writes.count();
    const answer = await work();
    expect(codeOf(answer), JSON.stringify(answer.body)).toBe(code);
    const added = (await house.records()).slice(before);
    const record = added.find((one) => one.kind === kind);
    expect(record?.detail?.code).toBe(code);
    expect(answer.body.record).toBe(record?.seq);
    expect(added.some((one) => one.kind === 'command.accepted')).toBe(false);
    expect(house.plant.writes.count()).toBe(writes);
  }
  /** `checkSignature` alone, over records that a forger could have made consistent otherwise. */
  async function complaints(records: readonly ParsedRecord[]): Promise<readonly string[]> {
    const check = signatureChecker();
    const found: string[] = [];
    for (const record of records) {
      const why = await check(record);
      if (why !== null) found.push(`${record.seq}: ${why}`);
    }
    return found;
  }
  const parsed = async () => (await house.records()) as unknown as ParsedRecord[];

  it('SIG-7: a person registers a passkey with his password; the record holds its public key and his list shows it', async () => {
    const [record] = (await house.records()).filter(({ subject }) => subject === `passkey:${mine.id}`);
    expect(record).toMatchObject({
      kind: 'passkey.registered',
      actor: { id: 'operator' },
      new: { account: 'operator', rpId: 'localhost', status: 'active', counter: 0 },
      detail: { projection: { subject: `passkey:${mine.id}` } },
    });
    expect((record?.new as { publicKey?: string } | undefined)?.publicKey).toMatch(/^pQECAyYgASFYI/);
    const list = await operator.get('/passkeys');
    expect(list.body).toMatchObject({ rpId: 'localhost', passkeys: [{ id: mine.id, name: 'in software' }] });
  });

  it('SIG-7: refuses a registration with a wrong password, without user verification, replayed, or from another page', async () => {
    const kind = 'passkey.change-refused';
    const fresh = () => new SoftwarePasskey(house.origin);
    await refused('signature-refused', () => register(operator, fresh(), {}, 'not the password'), kind);
    await refused('user-verification-missing', () => register(operator, fresh(), { userVerified: false }), kind);
    await refused('assertion-invalid', () => register(operator, fresh(), { origin: 'https://evil.example' }), kind);
    await refused('assertion-invalid', () => register(operator, fresh(), { rpId: 'evil.example' }), kind);
    await refused('wrong-stage', () => register(supervisor, mine), kind);
    const options = await optionsOf(operator);
    const body = () => ({
      name: 'twice',
      password,
      response: registration(fresh(), options.challenge),
      ...confirmation(operator, options),
    });
    expect((await operator.post('/passkeys', body())).status).toBe(201);
    await refused('assertion-challenge', () => operator.post('/passkeys', body()), kind);
  });

  it('SIG-7: with the password alone nobody adds a passkey to those that a person has, nor takes one away', async () => {
    const kind = 'passkey.change-refused';
    const attempt = async (code: string, give: (challenge: string) => Record<string, unknown>) => {
      await refused(
        code,
        async () => {
          const { challenge } = await optionsOf(operator);
          const response = registration(new SoftwarePasskey(house.origin), challenge);
          return operator.post('/passkeys', { name: 'a thief’s', password, response, ...give(challenge) });
        },
        kind,
      );
      await refused(
        code,
        async () => {
          const { challenge } = await optionsOf(operator);
          return operator.post(`/passkeys/${mine.id}/removal`, { password, ...give(challenge) });
        },
        kind,
      );
    };
    await attempt('assertion-missing', () => ({}));
    await attempt('passkey-foreign', (challenge) => ({ confirmation: theirs.confirm(challenge) }));
    await attempt('passkey-unknown', (challenge) => ({
      confirmation: new SoftwarePasskey(house.origin).confirm(challenge),
    }));
    const stale = (await optionsOf(operator)).challenge;
    await attempt('assertion-challenge', () => ({ confirmation: mine.confirm(stale) }));
    await attempt('user-verification-missing', (challenge) => ({
      confirmation: mine.confirm(challenge, { userVerified: false }),
    }));
    expect((await operator.get('/passkeys')).body.passkeys).toContainEqual(expect.objectContaining({ id: mine.id }));
  });

  it('SIG-7, IDN-9: an administrator takes away a passkey that was lost, signed and explained; nobody else can', async () => {
    const lost = new SoftwarePasskey(house.origin);
    expect((await register(operator, lost)).status).toBe(201);
    const administrator = await house.person('admin');
    const users = (await administrator.get<{ users: { id: string; passkeys: unknown[] }[] }>('/users')).body.users;
    expect(users.find(({ id }) => id === 'operator')?.passkeys).toContainEqual({ id: lost.id, name: 'in software' });
    const kind = 'passkey.change-refused';
    const path = `/passkeys/${lost.id}`;
    await refused('right-missing', () => supervisor.post(`${path}/statements`, { action: 'remove-passkey' }), kind);
    const offer = await administrator.post<{ statement: Record<string, unknown> }>(`${path}/statements`, {
      action: 'remove-passkey',
    });
    expect(offer.status, JSON.stringify(offer.body)).toBe(201);
    const sign = async (comment: string, to = path) => {
      const part = { signer: 'admin', meaning: 'approval', comment };
      const statement = await administrator.signStatement(offer.body.statement, part);
      return administrator.post(`${to}/signatures`, { statement, username: 'admin', password });
    };
    await refused('comment-missing', () => sign(''), kind);
    await refused('statement-altered', () => sign('Another one', `/passkeys/${mine.id}`), kind);
    const done = await sign('The badge was lost on the way home.');
    expect(done.body, JSON.stringify(done.body)).toEqual({ id: lost.id, account: 'operator' });
    expect((await house.records()).findLast(({ kind: one }) => one === 'passkey.removed')).toMatchObject({
      actor: { id: 'admin' },
      subject: `passkey:${lost.id}`,
      reason: { comment: 'The badge was lost on the way home.' },
      signature: { jws: expect.any(String) },
    });
    const offered = await asked(operator);
    const statement = await jwsOf(operator, offered);
    await refused('passkey-unknown', () =>
      send(operator, offered.id, { statement, username: 'operator', password, assertion: lost.assert(statement) }),
    );
    await operator.send('DELETE', `/commands/${offered.id}`);
    expect(await complaints(await parsed())).toEqual([]);
  });

  it('SIG-7, SIG-3: password and passkey: both are asked for, the answer is kept with the signature, the log verifies', async () => {
    const offered = await asked(operator);
    expect(offered.requires.components).toEqual(['username', 'password', 'passkey']);
    expect(offered.requires.passkey?.rpId).toBe('localhost');
    expect(offered.requires.passkey?.credentialIds).toContain(mine.id);
    const statement = await jwsOf(operator, offered);
    const assertion = mine.assert(statement);
    const answer = await send(operator, offered.id, { statement, username: 'operator', password, assertion });
    expect(answer.body).toMatchObject({ state: 'confirmed' });
    const records = await house.records();
    const registered = records.find(({ kind, subject }) => kind === 'passkey.registered' && subject.endsWith(mine.id));
    const signed = records.find(({ kind, command }) => kind === 'command.signed' && command === offered.id);
    expect(signed).toMatchObject({
      signature: { jws: statement, assertion: { id: mine.id } },
      detail: { standsOn: { passkey: registered?.seq } },
    });
    const checks = new RecordChecks();
    const verified = await verifyLog(storedRows(house.database.superuser), {
      verifier: null,
      kept: null,
      checkSignature: (record) => checks.take(record),
    });
    expect(verified.bad).toBeNull();
    expect(verified.signatures).toBeGreaterThan(0);
  });

  const bends: [string, string, (jws: string) => Record<string, unknown>][] = [
    ['no answer of a passkey', 'assertion-missing', () => ({ assertion: undefined })],
    [
      'an answer to another challenge',
      'assertion-challenge',
      (jws) => ({ assertion: mine.assert(jws, { challenge: 'AAAA' }) }),
    ],
    ['another person’s passkey', 'passkey-foreign', (jws) => ({ assertion: theirs.assert(jws) })],
    ['an unknown passkey', 'passkey-unknown', (jws) => ({ assertion: new SoftwarePasskey(house.origin).assert(jws) })],
    [
      'no user verification',
      'user-verification-missing',
      (jws) => ({ assertion: mine.assert(jws, { userVerified: false }) }),
    ],
    [
      'another page',
      'assertion-invalid',
      (jws) => ({ assertion: mine.assert(jws, { origin: 'https://evil.example' }) }),
    ],
    [
      'another relying party',
      'assertion-invalid',
      (jws) => ({ assertion: mine.assert(jws, { rpId: 'evil.example' }) }),
    ],
    [
      'a registration in place of a use',
      'assertion-invalid',
      (jws) => ({ assertion: mine.assert(jws, { type: 'webauthn.create' }) }),
    ],
    [
      'another key under the same id',
      'assertion-invalid',
      (jws) => ({ assertion: theirs.assert(jws, { id: mine.id }) }),
    ],
    [
      'a wrong password beside a good answer',
      'signature-refused',
      (jws) => ({ assertion: mine.assert(jws), password: 'no' }),
    ],
  ];
  it.each(bends)('SIG-7: %s is refused (%s), with its record and no write', async (_name, code, bend) => {
    const offered = await asked(operator);
    const statement = await jwsOf(operator, offered);
    await refused(code, () =>
      send(operator, offered.id, { statement, username: 'operator', password, ...bend(statement) }),
    );
    expect((await operator.send('DELETE', `/commands/${offered.id}`)).status).toBe(200);
  });

  it('SIG-7: an answer moved to another command or sent twice is refused', async () => {
    const [first, second] = [await asked(operator), await asked(operator)];
    const [one, two] = [await jwsOf(operator, first), await jwsOf(operator, second)];
    const assertion = mine.assert(one);
    const components = { username: 'operator', password, assertion };
    await refused('assertion-challenge', () => send(operator, second.id, { statement: two, ...components }));
    expect((await send(operator, first.id, { statement: one, ...components })).body.state).toBe('confirmed');
    await refused('statement-reused', () => send(operator, first.id, { statement: one, ...components }));
    await operator.send('DELETE', `/commands/${second.id}`);
  });

  it('SIG-7: a counter that does not grow is refused, across a restart too', async () => {
    const counting = new SoftwarePasskey(house.origin, true);
    expect((await register(operator, counting)).status).toBe(201);
    const use = async (bend: PasskeyBend = {}) => {
      const offered = await asked(operator);
      const statement = await jwsOf(operator, offered);
      const assertion = counting.assert(statement, bend);
      return send(operator, offered.id, { statement, username: 'operator', password, assertion });
    };
    expect((await use({ counter: 5 })).body.state).toBe('confirmed');
    const used = (await house.records()).findLast(({ kind }) => kind === 'passkey.used');
    expect(used).toMatchObject({ old: { counter: 0 }, new: { counter: 5 } });
    const signed = (await house.records()).findLast(({ kind }) => kind === 'command.signed');
    expect(signed?.detail).toMatchObject({ standsOn: { passkey: used?.seq } });
    await refused('assertion-counter', () => use({ counter: 5 }));
    await house.stopGateway();
    await house.startGateway();
    await operator.signIn('operator', password);
    await expect
      .poll(
        async () => (await operator.get<{ latest: { quality: string } }>('/tags/BR101.TIC.SP')).body.latest.quality,
        { timeout: 20_000 },
      )
      .toBe('good');
    await supervisor.signIn('supervisor', password);
    await refused('assertion-counter', () => use({ counter: 4 }));
    expect(await complaints(await parsed())).toEqual([]);
  });

  it('SIG-7, SIG-3: a passkey alone: with the user name at first, then by itself; no password is asked', async () => {
    const client = await house.person('operator');
    const offered = await asked(client, 'BR101.PH.SP');
    expect(offered.requires.components).toEqual(['username', 'passkey']);
    const statement = await jwsOf(client, offered);
    await refused('signature-refused', () =>
      send(client, offered.id, { statement, assertion: mine.assert(statement) }),
    );
    await refused('passkey-foreign', () =>
      send(client, offered.id, { statement, username: 'operator', assertion: theirs.assert(statement) }),
    );
    await refused('assertion-missing', () => send(client, offered.id, { statement, username: 'operator', password }));
    const signed = await send(client, offered.id, {
      statement,
      username: 'operator',
      assertion: mine.assert(statement),
    });
    expect(signed.body.state).toBe('confirmed');
    const next = await asked(client, 'BR101.PH.SP');
    expect(next.requires.components).toEqual(['passkey']);
    const again = await jwsOf(client, next);
    expect((await send(client, next.id, { statement: again, assertion: mine.assert(again) })).body.state).toBe(
      'confirmed',
    );
    // Where the policy asks for the password, a passkey is no stand-in for it.
    const both = await asked(client);
    const jws = await jwsOf(client, both);
    await refused('signature-refused', () => send(client, both.id, { statement: jws, assertion: mine.assert(jws) }));
    await client.send('DELETE', `/commands/${both.id}`);
  });

  it('SIG-4, SIG-5, SIG-7: a second person countersigns in the operator’s session with his own passkey, not with the operator’s', async () => {
    const tag = await operator.get<{ latest: { value: boolean } }>('/tags/WFI.PUMP.CMD');
    const ask = await operator.ask('WFI.PUMP.CMD', !tag.body.latest.value);
    expect(ask.status, JSON.stringify(ask.body)).toBe(201);
    const offered = ask.body as unknown as Offered;
    const statement = await jwsOf(operator, offered);
    const first = { statement, username: 'operator', password, assertion: mine.assert(statement) };
    expect((await send(operator, offered.id, first)).body.state).toBe('awaiting-countersignature');
    const offer = await operator.post<Pick<Offered, 'statement'>>(`/commands/${offered.id}/statements`, {});
    const second = await jwsOf(operator, offer.body, 'supervisor', 'verification');
    const who = { statement: second, username: 'supervisor', password };
    await refused('passkey-foreign', () => send(operator, offered.id, { ...who, assertion: mine.assert(second) }));
    const answer = await send(operator, offered.id, { ...who, assertion: theirs.assert(second) });
    expect(answer.body.state, JSON.stringify(answer.body)).toBe('confirmed');
    expect(await complaints(await parsed())).toEqual([]);
  });

  it('SIG-7, AUD-5: audit verify names an answer that was swapped, taken out, or is another person’s', async () => {
    const records = await parsed();
    const signed = records.filter(
      ({ kind, signature }) => kind === 'command.signed' && signature?.assertion !== undefined,
    );
    const [one, two] = signed;
    if (one?.signature === undefined || two?.signature === undefined) throw new Error('two signatures are needed');
    const bent = (change: Partial<ParsedRecord>) =>
      complaints(records.map((record) => (record.seq === one.seq ? { ...record, ...change } : record)));
    const { jws, assertion } = one.signature;
    const only = async (change: Partial<ParsedRecord>, why: RegExp) => {
      const found = await bent(change);
      expect(found[0]).toMatch(new RegExp(`^${one.seq}: .*`));
      expect(found[0]).toMatch(why);
    };
    await only({ signature: { jws, assertion: two.signature.assertion } }, /something else|stands on/);
    await only({ signature: { jws } }, /no passkey’s answer/);
    await only({ actor: { id: 'supervisor' } }, /another person’s/);
    await only({ detail: { ...one.detail, standsOn: { passkey: 0 } } }, /the record that its passkey stands on/);
    const weak = structuredClone(assertion) as { response: { signature: string } };
    weak.response.signature = (two.signature.assertion as typeof weak).response.signature;
    await only({ signature: { jws, assertion: weak } }, /does not verify/);
    // A passkey’s key that was exchanged after the fact.
    const other = records.find(({ subject }) => subject === `passkey:${theirs.id}`);
    const { publicKey } = (other?.new ?? {}) as { publicKey?: string };
    expect(publicKey).toBeDefined();
    const exchanged = records.map((record) =>
      record.subject === `passkey:${mine.id}` ? { ...record, new: { ...(record.new as object), publicKey } } : record,
    );
    expect((await complaints(exchanged)).length).toBeGreaterThan(0);
  });

  it('SIG-7, IDN-1: a passkey’s row changed in the database is worth nothing, and reported', async () => {
    const passkey = new SoftwarePasskey(house.origin);
    expect((await register(operator, passkey)).status).toBe(201);
    const { superuser } = house.database;
    await superuser.query('ALTER TABLE projection DISABLE TRIGGER USER');
    const change = (from: string, to: string) =>
      superuser.query(`UPDATE projection SET document = replace(document, $2, $3) WHERE subject = $1`, [
        `passkey:${passkey.id}`,
        from,
        to,
      ]);
    await change('"account":"operator"', '"account":"supervisor"');
    const offered = await asked(operator);
    const statement = await jwsOf(operator, offered);
    await refused('passkey-unknown', () =>
      send(operator, offered.id, { statement, username: 'operator', password, assertion: passkey.assert(statement) }),
    );
    await change('"account":"supervisor"', '"account":"operator"');
    await superuser.query('ALTER TABLE projection ENABLE TRIGGER USER');
    const alert = (await house.records()).findLast(({ kind }) => kind === 'security.alert');
    expect(alert).toMatchObject({ subject: `passkey:${passkey.id}`, detail: { code: 'row-altered' } });
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-7: a removed passkey signs nothing more and cannot come back; nobody removes another person’s', async () => {
    const passkey = new SoftwarePasskey(house.origin);
    expect((await register(operator, passkey)).status).toBe(201);
    const remove = async (client: ApiClient, word: string) =>
      client.post(`/passkeys/${passkey.id}/removal`, {
        password: word,
        ...confirmation(client, await optionsOf(client)),
      });
    const kind = 'passkey.change-refused';
    await refused('not-found', () => remove(supervisor, password), kind);
    await refused('signature-refused', () => remove(operator, 'not the password'), kind);
    expect((await remove(operator, password)).status).toBe(204);
    expect((await house.records()).findLast(({ subject }) => subject === `passkey:${passkey.id}`)).toMatchObject({
      kind: 'passkey.removed',
      new: { status: 'removed' },
    });
    const offered = await asked(operator);
    expect(offered.requires.passkey?.credentialIds).not.toContain(passkey.id);
    const statement = await jwsOf(operator, offered);
    await refused('passkey-unknown', () =>
      send(operator, offered.id, { statement, username: 'operator', password, assertion: passkey.assert(statement) }),
    );
    await refused('wrong-stage', () => register(operator, passkey), kind);
    await operator.send('DELETE', `/commands/${offered.id}`);
  });

  it('SIG-7, CMD-2: a passkey taken away between the signatures takes its signature with it', async () => {
    const passkey = new SoftwarePasskey(house.origin);
    expect((await register(operator, passkey)).status).toBe(201);
    const tag = await operator.get<{ latest: { value: boolean } }>('/tags/WFI.PUMP.CMD');
    const offered = (await operator.ask('WFI.PUMP.CMD', !tag.body.latest.value)).body as unknown as Offered;
    const statement = await jwsOf(operator, offered);
    const first = { statement, username: 'operator', password, assertion: passkey.assert(statement) };
    expect((await send(operator, offered.id, first)).body.state).toBe('awaiting-countersignature');
    const removal = { password, ...confirmation(operator, await optionsOf(operator)) };
    expect((await operator.post(`/passkeys/${passkey.id}/removal`, removal)).status).toBe(204);
    const writes = house.plant.writes.count();
    const offer = await supervisor.post<Pick<Offered, 'statement'>>(`/commands/${offered.id}/statements`, {});
    const second = await jwsOf(supervisor, offer.body, 'supervisor', 'verification');
    const who = { statement: second, username: 'supervisor', password, assertion: theirs.assert(second) };
    expect((await send(supervisor, offered.id, who)).body).toMatchObject({
      state: 'refused',
      outcome: { code: 'passkey-unknown', text: expect.stringContaining('Nothing was written.') },
    });
    expect(house.plant.writes.count()).toBe(writes);
    expect((await house.records()).findLast(({ command }) => command === offered.id)).toMatchObject({
      kind: 'command.refused',
      detail: { code: 'passkey-unknown' },
    });
    expect(await complaints(await parsed())).toEqual([]);
  });
});
