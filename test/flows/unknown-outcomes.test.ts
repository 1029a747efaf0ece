import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Offer } from '../../gateway/contract/statement.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { ApiClient } from '../support/api-client.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

// Real sockets: a PLC that swallows a write, a gateway that is restarted, a person who looks at the equipment.
describe('an outcome that nobody knows', () => {
  let house: TestGateway;
  let operator: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway();
    operator = await house.person('operator');
  });
  afterAll(() => house?.stop());

  const tag = async (client: ApiClient) => (await client.get<TagView>('/tags/WFI.TIC.SP')).body;
  const ready = () => until(() => house.gateway().health().status === 'ready', 'both PLCs');

  it('CMD-5, CMD-6: stays in every view of its tag, over a restart too, blocks nothing, and goes by a signature alone', async () => {
    expect((await tag(operator)).unresolved).toBeUndefined();
    house.plant.faults.inject({
      kind: 'never-answer',
      protocol: 'modbus',
      on: 'writes',
      points: ['WFI.TIC.SP'],
      when: 'before-apply',
    });
    const answer = await operator.changeSetpoint('WFI.TIC.SP', 81, 'batch-step', 'operator', demoPassword);
    const { id } = answer.body as unknown as CommandView;
    await until(
      async () => (await operator.get<CommandView>(`/commands/${id}`)).body.state === 'unknown',
      'the unknown outcome',
    );
    house.plant.faults.clear();
    expect((await tag(operator)).unresolved).toMatchObject([{ command: id, value: 81 }]);

    await house.stopGateway();
    await house.startGateway();
    await ready();
    operator = await house.person('operator');
    await until(async () => (await tag(operator)).unresolved?.[0]?.command === id, 'it to be shown again');
    const writes = house.plant.writes.count();

    const next = await operator.changeSetpoint('WFI.TIC.SP', 81.5, 'batch-step', 'operator', demoPassword);
    expect(next.body).toMatchObject({ state: 'confirmed' });
    expect(house.plant.writes.count()).toBe(writes + 1);
    expect((await tag(operator)).unresolved).toHaveLength(1);

    const supervisor = await house.person('supervisor');
    const offer = await supervisor.post<Offer>(`/commands/${id}/statements`, {
      purpose: 'resolve',
      found: 'not-reached',
    });
    expect(offer.status).toBe(200);
    const signed = await supervisor.post(`/commands/${id}/signatures`, {
      statement: await supervisor.signStatement(offer.body.statement as unknown as Record<string, unknown>, {
        signer: 'supervisor',
        meaning: 'review',
        reasonCode: null,
        comment: 'The controller’s own display showed the old value.',
      }),
      username: 'supervisor',
      password: demoPassword,
    });
    expect(signed.body).toMatchObject({ state: 'resolved', outcome: { code: 'not-reached' } });
    expect((await tag(operator)).unresolved).toBeUndefined();
    expect(house.plant.writes.count()).toBe(writes + 1);

    await house.stopGateway();
    await house.startGateway();
    await ready();
    operator = await house.person('operator');
    expect((await tag(operator)).unresolved).toBeUndefined();
  });
});
