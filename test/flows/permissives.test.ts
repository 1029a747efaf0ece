// Permissives and confirmation by feedback over real sockets: the demo plant, its PLCs changed behind the gateway's back
// by clients of their own, and the PLC's own write log as the judge (CMD-2, CMD-5).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AskedCommand, CommandView } from '../../gateway/contract/command.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { ApiClient } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type OpcUaProbe, openOpcUaProbe } from '../support/plant.ts';
import { until } from '../support/until.ts';

const password = 'countersign-demo';

describe('permissives of the demo plant, by the API', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let probe: OpcUaProbe;
  beforeAll(async () => {
    house = await startTestGateway();
    operator = await house.person('operator');
    probe = await openOpcUaProbe(house.plant.opcuaEndpoint, house.plant.dataFolder);
  });
  afterAll(async () => {
    await probe.close();
    await house.stop();
  });

  async function tag(id: string): Promise<TagView> {
    return (await operator.get<TagView>(`/tags/${id}`)).body;
  }
  async function switchMode(to: 0 | 1): Promise<void> {
    await probe.write('BR101.TIC.MODE', to, 'int32');
    await until(async () => (await tag('BR101.TIC.MODE')).latest.value === to, 'the mode to show');
  }
  const writesOf = (id: string) => house.plant.writes.applied(id).length;

  it('CMD-2: a condition that the plant does not meet is shown, refuses the command by name, and is recorded; the PLC sees nothing', async () => {
    await switchMode(0);
    expect((await tag('BR101.TIC.SP')).setpoint?.permissives).toEqual([
      {
        name: 'Temperature controller in automatic',
        met: false,
        present: 'BR101.TIC.MODE: Manual',
        remedy: 'Put the controller into automatic first; in manual it does not follow its setpoint.',
      },
    ]);
    const answer = await operator.changeSetpoint('BR101.TIC.SP', 37.5, 'adjustment', 'operator', password);
    expect(answer).toMatchObject({ status: 422, body: { code: 'permissive-not-met' } });
    const refusal = answer.body as unknown as { detail: string; record: number };
    expect(refusal.detail).toContain('“Temperature controller in automatic” is not met (BR101.TIC.MODE: Manual)');
    expect((await house.records(refusal.record - 1))[0]).toMatchObject({
      seq: refusal.record,
      kind: 'command.refused',
      subject: 'BR101.TIC.SP',
      detail: { code: 'permissive-not-met' },
    });
    expect(writesOf('BR101.TIC.SP')).toBe(0);
  });

  it('CMD-2: met when asked and lost before the signature: the gate reads the device itself and writes nothing', async () => {
    await switchMode(1);
    const asked = (await operator.ask('BR101.TIC.SP', 37.6)).body as unknown as AskedCommand;
    expect(asked.permissives).toMatchObject([{ met: true, present: 'BR101.TIC.MODE: Automatic' }]);
    // Straight in the PLC; the tag store may not even know it yet.
    await probe.write('BR101.TIC.MODE', 0, 'int32');
    const signed = await operator.post<CommandView>(`/commands/${asked.id}/signatures`, {
      statement: await operator.signStatement(asked.statement, {
        signer: 'operator',
        meaning: asked.requires.meanings[0] ?? '',
        reasonCode: 'adjustment',
        comment: null,
      }),
      username: 'operator',
      password,
    });
    expect(signed.body).toMatchObject({ state: 'refused', outcome: { code: 'permissive-not-met' } });
    expect(writesOf('BR101.TIC.SP')).toBe(0);
    const held = await probe.read('BR101.TIC.SP');
    expect(held.value).toBeCloseTo(37, 5);
    await switchMode(1);
    const again = await operator.changeSetpoint('BR101.TIC.SP', 37.6, 'adjustment', 'operator', password);
    expect(again.body).toMatchObject({ state: 'confirmed' });
    expect(writesOf('BR101.TIC.SP')).toBe(1);
  });

  it('CMD-5, CMD-2: the pump is confirmed by its feedback, and is not started without water', async () => {
    const change = async (to: boolean): Promise<CommandView> => {
      const first = await operator.changeSetpoint(
        'WFI.PUMP.CMD',
        to,
        { code: 'maintenance', comment: 'test' },
        'operator',
        password,
      );
      const { id } = first.body as unknown as CommandView;
      const offer = await operator.post<AskedCommand>(`/commands/${id}/statements`, {});
      const second = await operator.post<CommandView>(`/commands/${id}/signatures`, {
        statement: await operator.signStatement(offer.body.statement, {
          signer: 'supervisor',
          meaning: offer.body.requires.meanings[0] ?? '',
          reasonCode: 'maintenance',
          comment: 'seen',
        }),
        username: 'supervisor',
        password,
      });
      return second.body;
    };
    // Certified once, at a terminal of his own.
    await house.person('supervisor');
    const stopped = await change(false);
    expect(stopped).toMatchObject({ state: 'confirmed', readBack: { value: false } });
    expect(stopped.outcome?.text).toContain('WFI.PUMP.RUN shows Stopped');

    await until(async () => (await tag('WFI.PUMP.CMD')).latest.value === false, 'the command to show');
    // A started pump needs water: met at first, as the dialog would show it.
    expect((await tag('WFI.PUMP.CMD')).setpoint?.permissives).toMatchObject([
      { name: 'Tank level not low, to start', met: true, present: 'WFI.LIC.LOW: Normal' },
    ]);
    house.plant.plant.disturbances.makeUpWaterLost = true;
    house.plant.plant.disturbances.extraDrawM3PerHour = 1000;
    await until(async () => (await tag('WFI.LIC.LOW')).latest.value === true, 'the tank to run low');
    const dry = await operator.changeSetpoint(
      'WFI.PUMP.CMD',
      true,
      { code: 'maintenance', comment: 'x' },
      'operator',
      password,
    );
    expect(dry).toMatchObject({ status: 422, body: { code: 'permissive-not-met' } });
    expect((dry.body as unknown as { detail: string }).detail).toContain('WFI.LIC.LOW: Low level');
    expect(writesOf('WFI.PUMP.CMD')).toBe(1);
  });
});

describe('the pace of a setpoint, by the API', () => {
  let house: TestGateway;
  beforeAll(async () => {
    house = await startTestGateway({
      settings: (settings) => ({
        ...settings,
        plant: {
          ...settings.plant,
          tags: settings.plant.tags.map((tag) => {
            const { setpoint } = tag;
            if (setpoint === null) return tag;
            if (tag.id === 'BR101.PH.SP')
              return { ...tag, setpoint: { ...setpoint, rate: { max: 0.2, withinMs: 3_600_000 } } };
            return tag.id === 'WFI.TIC.SP' ? { ...tag, setpoint: { ...setpoint, minIntervalMs: 3_600_000 } } : tag;
          }),
        },
      }),
    });
  });
  afterAll(() => house?.stop());

  it('CMD-2: rate and least time are counted over a restart of the gateway; the refusals are recorded and the PLCs see nothing', async () => {
    const before = await house.person('operator');
    const change = (who: ApiClient, tag: string, to: number) =>
      who.changeSetpoint(tag, to, 'adjustment', 'operator', password);
    // A connection stands a moment before its first values are there.
    for (const id of ['BR101.PH.SP', 'WFI.TIC.SP'])
      await until(
        async () => (await before.get<TagView>(`/tags/${id}`)).body.latest.quality === 'good',
        `${id} to be read`,
      );
    expect((await change(before, 'BR101.PH.SP', 7.2)).body).toMatchObject({ state: 'confirmed' });
    expect((await change(before, 'WFI.TIC.SP', 81)).body).toMatchObject({ state: 'confirmed' });

    await house.stopGateway();
    await house.startGateway();
    await until(() => house.gateway().health().status === 'ready', 'both PLCs to be connected again');
    const after = await house.person('operator');
    for (const id of ['BR101.PH.SP', 'WFI.TIC.SP'])
      await until(
        async () => (await after.get<TagView>(`/tags/${id}`)).body.latest.quality === 'good',
        `${id} to be read again`,
      );
    const view = (await after.get<TagView>('/tags/BR101.PH.SP')).body;
    expect(view.setpoint?.rate).toEqual({ max: 0.2, withinSeconds: 3600 });

    // 7.1 was there within the hour: 7.35 is more than 0.2 away from it, though only 0.15 from what is there now.
    const tooFar = await change(after, 'BR101.PH.SP', 7.35);
    expect(tooFar).toMatchObject({ status: 422, body: { code: 'rate-exceeded' } });
    const tooSoon = await change(after, 'WFI.TIC.SP', 82);
    expect(tooSoon).toMatchObject({ status: 422, body: { code: 'command-too-soon' } });
    for (const { body } of [tooFar, tooSoon]) {
      const { record, code } = body as unknown as { record: number; code: string };
      expect((await house.records(record - 1))[0]).toMatchObject({ kind: 'command.refused', detail: { code } });
    }
    expect(house.plant.writes.applied('BR101.PH.SP')).toHaveLength(1);
    expect(house.plant.writes.applied('WFI.TIC.SP')).toHaveLength(1);
    expect((await change(after, 'BR101.PH.SP', 7.25)).body).toMatchObject({ state: 'confirmed' });
  });
});
