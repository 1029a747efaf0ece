// What proves a write, with real PLCs that misbehave (CMD-5, SIM-2): over OPC UA and Modbus TCP, judged by the simulator's
// own write log.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AskedCommand, CommandView } from '../../gateway/contract/command.ts';
import type { ApiClient } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const password = 'countersign-demo';

describe('a write that the device does not keep', () => {
  let house: TestGateway;
  let operator: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway({
      settings: (settings) => ({
        ...settings,
        plant: {
          ...settings.plant,
          tags: settings.plant.tags.map((tag) =>
            tag.setpoint === null
              ? tag
              : { ...tag, setpoint: { ...tag.setpoint, settleMs: 800, confirmWithinMs: 1000 } },
          ),
        },
      }),
    });
    operator = await house.person('operator');
    await house.person('supervisor');
  });
  afterEach(() => house.plant.faults.clear());
  afterAll(() => house?.stop());

  const change = async (tag: string, to: unknown): Promise<CommandView> => {
    const answer = await operator.changeSetpoint(
      tag,
      to,
      { code: tag === 'WFI.PUMP.CMD' ? 'maintenance' : 'adjustment', comment: 'test' },
      'operator',
      password,
    );
    return answer.body as unknown as CommandView;
  };

  it.each([
    { tag: 'BR101.DO.SP', to: 45, back: 40, protocol: 'opcua' },
    { tag: 'WFI.FIC.SP', to: 13, back: 12, protocol: 'modbus' },
  ] as const)(
    'CMD-5: over $protocol, a value that was there and went back has reverted, and is told so',
    async (given) => {
      const { tag, to, back, protocol } = given;
      house.plant.faults.inject({ kind: 'revert-value', protocol, points: [tag], afterMs: 400, times: 1 });
      const command = await change(tag, to);
      expect(command).toMatchObject({ state: 'failed', outcome: { code: 'reverted' }, readBack: { value: back } });
      expect(command.outcome?.text).toMatch(/^The device held .*, then went to /);
      expect(house.plant.writes.applied(tag)).toHaveLength(1);
    },
  );

  it('CMD-5: a pump whose feedback does not follow its command is a failure that names both', async () => {
    house.plant.faults.inject({ kind: 'freeze-value', protocol: 'modbus', points: ['WFI.PUMP.RUN'] });
    const { id } = await change('WFI.PUMP.CMD', false);
    const offer = await operator.post<AskedCommand>(`/commands/${id}/statements`, {});
    const signed = await operator.post<CommandView>(`/commands/${id}/signatures`, {
      statement: await operator.signStatement(offer.body.statement, {
        signer: 'supervisor',
        meaning: offer.body.requires.meanings[0] ?? '',
        reasonCode: 'maintenance',
        comment: 'seen',
      }),
      username: 'supervisor',
      password,
    });
    expect(signed.body).toMatchObject({
      state: 'failed',
      outcome: { code: 'feedback-differs' },
      readBack: { value: false },
    });
    expect(signed.body.outcome?.text).toBe('The device holds Stop, but WFI.PUMP.RUN shows Running.');
    const records = await house.records();
    const closing = records.find(({ kind, command }) => kind === 'command.failed' && command === id);
    expect(closing).toMatchObject({ subject: 'WFI.PUMP.CMD', detail: { code: 'feedback-differs' } });
    await until(() => house.plant.writes.applied('WFI.PUMP.CMD').length === 1, 'the one write');
  });
});
