// What arrives in the same instant: one signature sent many times, a withdrawal beside a signature, a terminal revoked
// beside one, and statements used for another purpose than they were made for (issue 3, acceptance 3 and 4). Whatever wins,
// log, answers and the PLC's own write log say the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandView } from '../../gateway/contract/command.ts';
import { type ApiAnswer, ApiClient, codeOf } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const password = 'countersign-demo';
const single = 'BR101.PH.SP';
const countersigned = 'WFI.PUMP.CMD';

type Asked = { readonly id: string; readonly statement: Record<string, unknown> };

describe('at once', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let supervisor: ApiClient;
  let admin: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway();
    [operator, supervisor, admin] = await Promise.all([
      house.person('operator'),
      house.person('supervisor'),
      house.person('admin'),
    ]);
  });
  afterAll(() => house?.stop());

  async function ask(client: ApiClient, tag: string): Promise<Asked> {
    const { body } = await client.get<{ latest: { value: number | boolean } }>(`/tags/${tag}`);
    const { value } = body.latest;
    const wanted = typeof value === 'boolean' ? !value : value > 7.1 ? 7 : 7.2;
    const answer = await client.ask(tag, wanted);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as unknown as Asked;
  }
  const jwsOf = (client: ApiClient, statement: Record<string, unknown>, signer: string, meaning: string) =>
    client.signStatement(statement, {
      signer,
      meaning,
      reasonCode: statement.tag === countersigned ? 'maintenance' : 'adjustment',
      comment: 'at once',
    });
  const send = (client: ApiClient, id: string, statement: string, username: string): Promise<ApiAnswer> =>
    client.post(`/commands/${id}/signatures`, { statement, username, password });
  const kindsOf = async (id: string) =>
    (await house.records()).filter(({ command }) => command === id).map(({ kind }) => kind);
  const stateOf = async (client: ApiClient, id: string) =>
    (await client.get<CommandView>(`/commands/${id}`)).body.state;

  it('SIG-6, CMD-4: one signature sent ten times at once is written once; nine are refused, each with its record', async () => {
    const command = await ask(operator, single);
    const statement = await jwsOf(operator, command.statement, 'operator', 'responsibility');
    const writes = house.plant.writes.count();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(operator, command.id, statement, 'operator')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200);
    for (const answer of refused) {
      expect(['statement-reused', 'wrong-stage', 'command-in-progress']).toContain(codeOf(answer));
      const record = (await house.records()).find(({ seq }) => seq === answer.body.record);
      expect(record).toMatchObject({ kind: 'command.signature-refused', command: command.id });
    }
    expect(house.plant.writes.count()).toBe(writes + 1);
    const kinds = await kindsOf(command.id);
    for (const kind of ['command.signed', 'command.accepted', 'command.confirmed'])
      expect(kinds.filter((one) => one === kind)).toHaveLength(1);
  });

  it('CMD-1: withdrawn and signed at once, it is either withdrawn and never written, or written and not withdrawn', async () => {
    for (let round = 0; round < 6; round += 1) {
      const command = await ask(operator, single);
      const statement = await jwsOf(operator, command.statement, 'operator', 'responsibility');
      const writes = house.plant.writes.count();
      const both = [
        () => send(operator, command.id, statement, 'operator'),
        () => operator.send('DELETE', `/commands/${command.id}`),
      ];
      await Promise.all((round % 2 === 0 ? both : both.reverse()).map((work) => work()));
      const state = await stateOf(operator, command.id);
      const kinds = await kindsOf(command.id);
      expect(['withdrawn', 'confirmed']).toContain(state);
      expect(kinds.includes('command.accepted')).toBe(state === 'confirmed');
      expect(kinds.includes('command.withdrawn')).toBe(state === 'withdrawn');
      expect(house.plant.writes.count()).toBe(state === 'confirmed' ? writes + 1 : writes);
    }
  });

  it('SIG-5: declined and countersigned at once, only one of both happens', async () => {
    for (let round = 0; round < 4; round += 1) {
      const command = await ask(operator, countersigned);
      await send(
        operator,
        command.id,
        await jwsOf(operator, command.statement, 'operator', 'responsibility'),
        'operator',
      );
      const offer = async (body: Record<string, unknown>) =>
        (await supervisor.post<{ statement: Record<string, unknown> }>(`/commands/${command.id}/statements`, body)).body
          .statement;
      const yes = await jwsOf(supervisor, await offer({}), 'supervisor', 'verification');
      const no = await jwsOf(supervisor, await offer({ purpose: 'decline' }), 'supervisor', 'verification');
      const writes = house.plant.writes.count();
      const answers = await Promise.all(
        (round % 2 === 0 ? [yes, no] : [no, yes]).map((one) => send(supervisor, command.id, one, 'supervisor')),
      );
      const state = await stateOf(supervisor, command.id);
      expect(['declined', 'confirmed'], JSON.stringify(answers.map(({ body }) => body))).toContain(state);
      const kinds = await kindsOf(command.id);
      expect(kinds.includes('command.declined')).toBe(state === 'declined');
      expect(kinds.includes('command.accepted')).toBe(state === 'confirmed');
      expect(house.plant.writes.count()).toBe(state === 'confirmed' ? writes + 1 : writes);
    }
  });

  it('SIG-6: a statement made for one purpose is refused for every other', async () => {
    const command = await ask(operator, countersigned);
    const first = await jwsOf(operator, command.statement, 'operator', 'responsibility');
    await send(operator, command.id, first, 'operator');
    const offered = await supervisor.post<{ statement: Record<string, unknown> }>(
      `/commands/${command.id}/statements`,
      {},
    );
    const declining = await supervisor.post<{ statement: Record<string, unknown> }>(
      `/commands/${command.id}/statements`,
      { purpose: 'decline' },
    );
    const writes = house.plant.writes.count();
    const bends: Record<string, unknown>[] = [
      { ...declining.body.statement, purpose: 'countersign' },
      { ...offered.body.statement, purpose: 'command' },
      { ...offered.body.statement, purpose: 'resolve' },
      { ...offered.body.statement, countersigns: command.statement.nonce },
      Object.fromEntries(Object.entries(offered.body.statement).filter(([name]) => name !== 'countersigns')),
    ];
    for (const bend of bends) {
      const answer = await send(
        supervisor,
        command.id,
        await jwsOf(supervisor, bend, 'supervisor', 'verification'),
        'supervisor',
      );
      expect(['statement-altered', 'malformed-statement'], JSON.stringify(answer.body)).toContain(codeOf(answer));
      expect((await house.records()).find(({ seq }) => seq === answer.body.record)).toMatchObject({
        kind: 'command.signature-refused',
      });
    }
    // A good one, sent where an administrator's action or the other route of a command would take it.
    const good = await jwsOf(supervisor, offered.body.statement, 'supervisor', 'verification');
    for (const path of [
      '/users/operator/signatures',
      `/terminals/${operator.key.id}/signatures`,
      '/tokens/signatures',
    ]) {
      const answer = await admin.post(path, { statement: good, username: 'admin', password });
      expect(answer.status, `${path}: ${JSON.stringify(answer.body)}`).toBeGreaterThanOrEqual(400);
    }
    expect(house.plant.writes.count()).toBe(writes);
    expect((await send(supervisor, command.id, good, 'supervisor')).body.state).toBe('confirmed');
  });

  it('TRM-4, CMD-2: a terminal revoked beside its signature writes nothing once the revocation is in the log', async () => {
    for (let round = 0; round < 3; round += 1) {
      const panel = await ApiClient.create(house.origin);
      await panel.enrol(`panel ${round}`);
      await panel.signIn('operator', password);
      const command = await ask(panel, single);
      const statement = await jwsOf(panel, command.statement, 'operator', 'responsibility');
      const path = `/terminals/${panel.key.id}`;
      const offer = await admin.post<{ statement: Record<string, unknown> }>(`${path}/statements`, {
        action: 'revoke',
      });
      const revocation = await admin.signStatement(offer.body.statement, {
        signer: 'admin',
        meaning: 'approval',
        comment: 'stolen',
      });
      const writes = house.plant.writes.count();
      await Promise.all([
        admin.post(`${path}/signatures`, { statement: revocation, username: 'admin', password }),
        send(panel, command.id, statement, 'operator'),
      ]);
      const records = await house.records();
      const revoked = records.find(
        ({ kind, subject }) => kind === 'terminal.revoked' && subject.includes(panel.key.id),
      );
      const accepted = records.find(({ kind, command: id }) => kind === 'command.accepted' && id === command.id);
      expect(revoked).toBeDefined();
      if (accepted === undefined || accepted.seq > (revoked?.seq ?? 0)) expect(house.plant.writes.count()).toBe(writes);
      expect(codeOf(await panel.get('/session'))).toBe('terminal-revoked');
    }
  });
});
