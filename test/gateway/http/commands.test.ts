// Commands over real HTTP, DPoP, PostgreSQL, OPC UA and Modbus: the main job, and each bad input with its problem, its
// record and the proof that the PLC saw nothing (acceptance 2, 3 and 5).
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ApiAnswer, ApiClient, codeOf } from '../../support/api-client.ts';
import { openModbusProbe, openOpcUaProbe } from '../../support/plant.ts';
import { patienceMs } from '../../support/until.ts';
import { password, startWholeGateway, type WholeGateway } from './whole-gateway.ts';

let whole: WholeGateway;
let operator: ApiClient;
let supervisor: ApiClient;
beforeAll(async () => {
  whole = await startWholeGateway();
  operator = await whole.person('operator');
  supervisor = await whole.person('supervisor');
  for (const tag of ['BR101.TIC.SP', 'WFI.PUMP.CMD'])
    await vi.waitFor(async () => expect((await latest(tag)).quality).toBe('good'), { timeout: patienceMs });
});
afterAll(async () => {
  await whole?.stop();
});

type Asked = {
  id: string;
  state: string;
  value: unknown;
  statement: Record<string, unknown>;
  requires: { meanings: string[] };
};
type View = Asked & {
  outcome: { code: string; text: string } | null;
  stages: { kind: string; record: number }[];
  signatures: unknown[];
};

async function latest(tag: string): Promise<{ value: unknown; quality: string; sourceTime: string }> {
  const answer = await operator.get<{ latest: { value: unknown; quality: string; sourceTime: string } }>(
    `/tags/${tag}`,
  );
  return answer.body.latest;
}
async function present(tag: string): Promise<number> {
  const { value } = await latest(tag);
  if (typeof value !== 'number') throw new Error(`${tag} holds ${String(value)}`);
  return value;
}
/** A step away from where the setpoint is now, within its limits. */
async function next(tag: string, step: number, highest: number): Promise<number> {
  const now = await present(tag);
  return Number((now + (now + step > highest ? -step : step)).toFixed(2));
}
async function asked(client: ApiClient, tag: string, value: unknown): Promise<Asked> {
  const answer = await client.ask(tag, value);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
  return answer.body as unknown as Asked;
}
async function signature(
  client: ApiClient,
  name: string,
  command: Asked,
  change: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
) {
  const signer = {
    signer: name,
    meaning: command.requires.meanings[0] ?? '',
    reasonCode: 'batch-step',
    comment: 'as planned',
  };
  return { statement: await client.signStatement(command.statement, signer, change, header), username: name, password };
}

describe('the main job', () => {
  test('SIG-1, CMD-4, CMD-5: a signed setpoint reaches the OPC UA device, is read back, and stands in the log', async () => {
    const value = await next('BR101.TIC.SP', 0.5, 40);
    const before = await present('BR101.TIC.SP');
    const answer = await operator.changeSetpoint('BR101.TIC.SP', value, 'batch-step', 'operator', password);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const view = answer.body as unknown as View;
    expect(view).toMatchObject({
      state: 'confirmed',
      value,
      readBack: { value, quality: 'good' },
      signatures: [{ signer: 'operator', printedName: 'Olivia Brandt' }],
    });
    expect(view.stages.map(({ kind }) => kind)).toEqual([
      'command.asked',
      'command.signed',
      'command.accepted',
      'command.written',
      'command.confirmed',
    ]);
    const accepted = await whole.record(view.stages[2]?.record);
    expect(accepted).toMatchObject({
      kind: 'command.accepted',
      command: view.id,
      subject: 'BR101.TIC.SP',
      old: before,
      new: value,
      unit: '°C',
    });
    const probe = await openOpcUaProbe(whole.plant.opcuaEndpoint, whole.plant.dataFolder);
    expect((await probe.read('BR101.TIC.SP')).value).toBeCloseTo(value, 4);
    await probe.close();
    expect((await operator.get(`/commands/${view.id}`)).body).toEqual(answer.body);
  });

  test('SIG-1, CMD-5: the same over Modbus', async () => {
    const value = await next('WFI.TIC.SP', 0.5, 85);
    const answer = await operator.changeSetpoint('WFI.TIC.SP', value, 'adjustment', 'operator', password);
    expect(answer.body).toMatchObject({ state: 'confirmed', value });
    const probe = await openModbusProbe(whole.plant.modbusPort);
    const pdu = await probe.ask([3, 0, 0, 0, 2]);
    expect(pdu.readFloatBE(2)).toBeCloseTo(value, 4);
    probe.close();
  });

  test('SIG-5: the pump needs a second person, who signs at his own terminal', async () => {
    const { value: running } = await latest('WFI.PUMP.CMD');
    const command = await asked(operator, 'WFI.PUMP.CMD', running !== true);
    const writes = whole.plant.writes.count();
    const first = await operator.post(
      `/commands/${command.id}/signatures`,
      await signature(operator, 'operator', command),
    );
    expect(first.body).toMatchObject({ state: 'awaiting-countersignature', missingSignatures: 1 });
    const own = await operator.post<Asked>(`/commands/${command.id}/statements`, {});
    const same = await operator.post(
      `/commands/${command.id}/signatures`,
      await signature(operator, 'operator', { ...command, ...own.body }),
    );
    // The operator has no right to verify; and would be the same person.
    expect(['right-missing', 'same-signer']).toContain(codeOf(same));
    expect(whole.plant.writes.count()).toBe(writes);
    const offer = await supervisor.send<Asked>('POST', `/commands/${command.id}/statements`);
    expect(offer.body.statement).toMatchObject({
      purpose: 'countersign',
      countersigns: expect.stringMatching(/^[\w-]{43}$/),
    });
    const second = await supervisor.post(
      `/commands/${command.id}/signatures`,
      await signature(supervisor, 'supervisor', { ...command, ...offer.body }),
    );
    expect(second.body).toMatchObject({ state: 'confirmed' });
    expect(whole.plant.writes.count()).toBe(writes + 1);
  });

  test('CMD-5: a value that the device refuses is closed as rejected', async () => {
    const value = await next('BR101.PH.SP', 0.05, 7.4);
    whole.plant.faults.inject({
      kind: 'refuse-write',
      protocol: 'opcua',
      points: ['BR101.PH.SP'],
      status: 'BadNotWritable',
      times: 1,
    });
    try {
      const answer = await operator.changeSetpoint('BR101.PH.SP', value, 'adjustment', 'operator', password);
      expect(answer.body).toMatchObject({ state: 'rejected', outcome: { code: 'BadNotWritable' } });
    } finally {
      whole.plant.faults.clear();
    }
  });
});

describe('a plant that misbehaves', () => {
  afterEach(() => whole.plant.faults.clear());

  test('CMD-5: a device that says yes and does nothing is not confirmed', async () => {
    const value = await next('WFI.TIC.SP', 0.5, 85);
    whole.plant.faults.inject({ kind: 'ignore-write', protocol: 'modbus', points: ['WFI.TIC.SP'], times: 1 });
    const answer = await operator.changeSetpoint('WFI.TIC.SP', value, 'adjustment', 'operator', password);
    expect(answer.body).toMatchObject({ state: 'unknown', outcome: { code: 'not-shown' } });
  });

  test('CMD-5: a write whose answer never comes is sent once, and closed by what the device holds', async () => {
    const value = await next('WFI.TIC.SP', 0.5, 85);
    const writes = whole.plant.writes.count();
    whole.plant.faults.inject({
      kind: 'drop-connection',
      protocol: 'modbus',
      points: ['WFI.TIC.SP'],
      on: 'writes',
      when: 'after-apply',
      times: 1,
    });
    const answer = await operator.changeSetpoint('WFI.TIC.SP', value, 'adjustment', 'operator', password);
    const { id } = answer.body as unknown as View;
    await vi.waitFor(
      async () => {
        const { body } = await operator.get<View>(`/commands/${id}`);
        expect(['confirmed', 'unknown']).toContain(body.state);
      },
      { timeout: patienceMs, interval: 100 },
    );
    expect(whole.plant.writes.count()).toBe(writes + 1);
    const written = (await whole.records('command.written')).at(-1);
    expect(written).toMatchObject({ command: id, detail: { answered: false } });
    await vi.waitFor(async () => expect((await latest('WFI.TIC.SP')).quality).toBe('good'), { timeout: patienceMs });
  });
});

type Case = {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly send: (command: Asked) => Promise<ApiAnswer<unknown>>;
  /** Kind of the refusal's record. */
  readonly record: string;
};
const sign = (command: Asked, body: unknown): Promise<ApiAnswer<unknown>> =>
  operator.post(`/commands/${command.id}/signatures`, body);
const altered =
  (change: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  async (command: Asked) =>
    sign(command, await signature(operator, 'operator', command, change, header));
const ask = (change: Record<string, unknown>) => async () => {
  const { value, sourceTime } = await latest('BR101.TIC.SP');
  return operator.post('/commands', { tagId: 'BR101.TIC.SP', value: 37.5, observed: { value, sourceTime }, ...change });
};
const raw = (rawBody: string) => async () => operator.post('/commands', undefined, { rawBody });

const badAsking: readonly Case[] = [
  {
    title: 'malformed JSON',
    status: 400,
    code: 'malformed-request',
    record: 'command.refused',
    send: raw('{"tagId": "BR101.TIC.SP", '),
  },
  {
    title: 'NaN',
    status: 400,
    code: 'malformed-request',
    record: 'command.refused',
    send: raw('{"tagId":"BR101.TIC.SP","value":NaN}'),
  },
  {
    title: 'an unknown field',
    status: 400,
    code: 'unknown-field',
    record: 'command.refused',
    send: ask({ force: true }),
  },
  {
    title: 'a prototype',
    status: 400,
    code: 'malformed-request',
    record: 'command.refused',
    send: raw('{"__proto__":{"value":1},"tagId":"BR101.TIC.SP"}'),
  },
  {
    title: 'an object for a value',
    status: 400,
    code: 'malformed-request',
    record: 'command.refused',
    send: ask({ value: { n: 1 } }),
  },
  {
    title: 'a number beyond all doubles',
    status: 400,
    code: 'malformed-request',
    record: 'command.refused',
    send: raw(`{"tagId":"BR101.TIC.SP","value":1e999,"observed":{"value":37,"sourceTime":"2026-04-17T08:00:00Z"}}`),
  },
  {
    title: 'a huge body',
    status: 413,
    code: 'body-too-large',
    record: 'command.refused',
    send: raw(JSON.stringify({ tagId: 'x'.repeat(70_000) })),
  },
  {
    title: 'a text for a number',
    status: 422,
    code: 'value-wrong-type',
    record: 'command.refused',
    send: ask({ value: '37.5' }),
  },
  {
    title: 'a value out of range',
    status: 422,
    code: 'value-out-of-range',
    record: 'command.refused',
    send: ask({ value: 60 }),
  },
  {
    title: 'an unknown tag',
    status: 404,
    code: 'tag-unknown',
    record: 'command.refused',
    send: ask({ tagId: 'BR999.TIC.SP' }),
  },
  {
    title: 'a measured value',
    status: 422,
    code: 'tag-not-writable',
    record: 'command.refused',
    send: ask({ tagId: 'BR101.TIC.PV' }),
  },
  {
    title: 'a stale observation',
    status: 409,
    code: 'value-changed',
    record: 'command.refused',
    send: ask({ observed: { value: 31, sourceTime: '2026-04-17T08:00:00Z' } }),
  },
];
const badSigning: readonly Case[] = [
  {
    title: 'a wrong password',
    status: 401,
    code: 'signature-refused',
    record: 'command.signature-refused',
    send: async (command) =>
      sign(command, { ...(await signature(operator, 'operator', command)), password: 'not the password' }),
  },
  {
    title: 'no password',
    status: 401,
    code: 'signature-refused',
    record: 'command.signature-refused',
    send: async (command) =>
      sign(command, { ...(await signature(operator, 'operator', command)), password: undefined }),
  },
  {
    title: 'another user name than was signed',
    status: 401,
    code: 'signature-refused',
    record: 'command.signature-refused',
    send: async (command) =>
      sign(command, { ...(await signature(operator, 'operator', command)), username: 'supervisor' }),
  },
  {
    title: 'an unknown reason',
    status: 422,
    code: 'reason-unknown',
    record: 'command.signature-refused',
    send: altered({ reasonCode: 'because' }),
  },
  {
    title: 'no reason',
    status: 422,
    code: 'reason-missing',
    record: 'command.signature-refused',
    send: altered({ reasonCode: null }),
  },
  {
    title: 'an unknown field',
    status: 400,
    code: 'unknown-field',
    record: 'command.signature-refused',
    send: async (command) => sign(command, { ...(await signature(operator, 'operator', command)), force: true }),
  },
  {
    title: 'a reused nonce of another command',
    status: 409,
    code: 'statement-altered',
    record: 'command.signature-refused',
    send: async (command) =>
      altered({ nonce: (await asked(operator, 'BR101.DO.SP', await next('BR101.DO.SP', 1, 60))).statement.nonce })(
        command,
      ),
  },
  {
    title: 'an algorithm of none',
    status: 400,
    code: 'malformed-statement',
    record: 'command.signature-refused',
    send: async (command) => {
      const { statement, ...rest } = await signature(operator, 'operator', command);
      const header = Buffer.from(
        JSON.stringify({ alg: 'none', kid: operator.key.id, typ: 'countersign-statement+jws' }),
      ).toString('base64url');
      return sign(command, { ...rest, statement: `${header}.${statement.split('.')[1]}.` });
    },
  },
  {
    title: 'a key that is not enrolled',
    status: 409,
    code: 'statement-altered',
    record: 'command.signature-refused',
    send: async (command) => sign(command, await signature(await ApiClient.create(whole.origin), 'operator', command)),
  },
  {
    title: 'a session of another terminal',
    status: 403,
    code: 'terminal-foreign-session',
    record: 'command.signature-refused',
    send: async (command) => {
      const thief = await ApiClient.create(whole.origin);
      await thief.enrol('a terminal with a stolen cookie');
      thief.cookie = operator.cookie;
      return thief.post(`/commands/${command.id}/signatures`, await signature(thief, 'operator', command));
    },
  },
  {
    title: 'a replayed proof',
    status: 401,
    code: 'proof-replayed',
    record: 'command.signature-refused',
    send: async (command) => {
      const body = await signature(operator, 'operator', command, { reasonCode: 'because' });
      const path = `/commands/${command.id}/signatures`;
      await operator.get('/session');
      const proof = await operator.proof('POST', `/api/v1${path}`, JSON.stringify(body));
      await operator.post(path, body, { proof, once: true });
      return operator.post(path, body, { proof, once: true });
    },
  },
  {
    title: 'a proof over another body',
    status: 401,
    code: 'proof-invalid',
    record: 'command.signature-refused',
    send: async (command) => {
      const bodyDigest = createHash('sha256').update('{}').digest('base64url');
      return operator.post(`/commands/${command.id}/signatures`, await signature(operator, 'operator', command), {
        claims: { bodyDigest },
      });
    },
  },
];

async function refusedInSilence({ status, code, record, send }: Case): Promise<void> {
  const command = await asked(operator, 'BR101.TIC.SP', await next('BR101.TIC.SP', 0.3, 40));
  const writes = whole.plant.writes.count();
  const answer = await send(command);
  expect({ status: answer.status, code: codeOf(answer) }, JSON.stringify(answer.body)).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const { record: seq } = answer.body as { record?: number };
  const recorded = await whole.record(seq);
  expect(recorded).toMatchObject({ kind: record });
  expect(JSON.stringify(recorded)).not.toContain('not the password');
  expect((await operator.get(`/commands/${command.id}`)).body).toMatchObject({ state: 'asked' });
  expect(whole.plant.writes.count()).toBe(writes);
  expect((await operator.send('DELETE', `/commands/${command.id}`)).body).toMatchObject({ state: 'withdrawn' });
}

describe('bad input', () => {
  test.each(badAsking)(
    'SIG-1, AUD-1: asking with $title is refused as $code, recorded, and the PLC sees nothing',
    refusedInSilence,
  );
  test.each(badSigning)(
    'SIG-1, AUD-1: signing with $title is refused as $code, recorded, and the PLC sees nothing',
    refusedInSilence,
  );

  const members = [
    'version',
    'purpose',
    'command',
    'tag',
    'description',
    'observed',
    'value',
    'unit',
    'terminal',
    'expiresAt',
    'configuration',
  ];
  test('SIG-6: a statement altered in any field is refused, recorded, and the PLC sees nothing', async () => {
    const command = await asked(operator, 'BR101.TIC.SP', await next('BR101.TIC.SP', 0.3, 40));
    expect(Object.keys(command.statement).sort()).toEqual([...members, 'nonce'].sort());
    const writes = whole.plant.writes.count();
    for (const member of members) {
      for (const value of [undefined, 'altered']) {
        const answer = await altered({ [member]: value })(command);
        expect([member, codeOf(answer)]).toEqual([member, 'statement-altered']);
        expect(await whole.record((answer.body as { record?: number }).record)).toMatchObject({
          command: command.id,
          kind: 'command.signature-refused',
        });
      }
    }
    expect(whole.plant.writes.count()).toBe(writes);
    // The same statement, unaltered, is good: it was the alterations that were refused.
    expect((await altered({})(command)).body).toMatchObject({ state: 'confirmed' });
    expect(codeOf(await altered({})(command))).toBe('statement-reused');
  });

  test('SIG-1: without a session, a proof, or with a token, nothing can be asked', async () => {
    const writes = whole.plant.writes.count();
    const body = { tagId: 'BR101.TIC.SP', value: 37.5, observed: { value: 37, sourceTime: '2026-04-17T08:00:00Z' } };
    const stranger = await ApiClient.create(whole.origin);
    expect(codeOf(await stranger.post('/commands', body))).toBe('terminal-unknown');
    await stranger.enrol('nobody');
    expect(codeOf(await stranger.post('/commands', body))).toBe('not-signed-in');
    expect(codeOf(await operator.post('/commands', body, { proof: null }))).toBe('proof-missing');
    expect(codeOf(await operator.post('/commands', body, { headers: { authorization: 'Bearer x' } }))).toBe(
      'token-invalid',
    );
    expect(whole.plant.writes.count()).toBe(writes);
  });

  test('CMD-2: who lacks the right in the tag’s area is refused, and his command is recorded', async () => {
    const engineer = await whole.person('engineer');
    const answer = await engineer.ask('BR101.TIC.SP', await next('BR101.TIC.SP', 0.3, 40));
    expect(answer).toMatchObject({ status: 403, body: { code: 'right-missing' } });
    expect(await whole.record(answer.body.record)).toMatchObject({
      kind: 'command.refused',
      actor: { id: 'engineer' },
    });
    expect((await engineer.get<{ setpoint: unknown }>('/tags/BR101.TIC.SP')).body.setpoint).toMatchObject({
      allowed: false,
    });
  });
});
