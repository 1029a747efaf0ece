import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { UnattributedChange } from '../../gateway/contract/unattributed-change.ts';
import type { ApiClient } from '../support/api-client.ts';
import { demoPassword, type LogRecord, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openModbusProbe, openOpcUaProbe } from '../support/plant.ts';
import { until } from '../support/until.ts';

// Real sockets: somebody with another OPC UA or Modbus client changes setpoints past the gateway.
describe('a setpoint that changes in the PLC without a command', () => {
  let house: TestGateway;
  let operator: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway();
    operator = await house.person('operator');
    await baselines();
  });
  afterAll(() => house?.stop());

  /** An unsigned write by an OPC UA client of its own, as an engineering tool makes it. */
  async function engineerWrites(tag: string, value: number): Promise<void> {
    const probe = await openOpcUaProbe(house.plant.opcuaEndpoint, house.plant.dataFolder);
    try {
      expect(await probe.write(tag, value)).toBe('Good');
    } finally {
      await probe.close();
    }
  }
  const writable = 8;
  const baselines = () =>
    until(async () => (await of('setpoint.baseline')).length >= writable, 'the first values of all setpoints');
  async function of(kind: string, subject?: string): Promise<readonly LogRecord[]> {
    const records = await house.records();
    return records.filter((record) => record.kind === kind && (subject === undefined || record.subject === subject));
  }
  const unattributed = (subject: string, count = 1) =>
    until(async () => {
      const found = await of('setpoint.unattributed', subject);
      return found.length >= count ? found : null;
    }, `an unattributed change of ${subject}`);

  it('CMD-11: is recorded with old and new value, and listed; the first values ever are its baseline, each once', async () => {
    expect(await of('setpoint.unattributed')).toEqual([]);
    expect(await of('setpoint.baseline', 'BR101.TIC.SP')).toMatchObject([
      { actor: null, new: 37, unit: '°C', detail: { why: 'first-seen', connection: 'bioreactor' } },
    ]);
    await engineerWrites('BR101.TIC.SP', 38);
    const [record] = await unattributed('BR101.TIC.SP');
    expect(record).toMatchObject({
      actor: null,
      terminal: null,
      old: 37,
      new: 38,
      unit: '°C',
      detail: { while: 'live', count: 1, quality: 'good', connection: 'bioreactor', area: 'upstream' },
    });
    const trail = await operator.get<{ records: LogRecord[] }>('/audit?kind=setpoint.unattributed');
    expect(trail.body.records.map((one) => one.subject)).toEqual(['BR101.TIC.SP']);
    const list = await operator.get<{ changes: UnattributedChange[] }>('/unattributed-changes');
    expect(list.body.changes).toMatchObject([{ record: record?.seq, tagId: 'BR101.TIC.SP', old: 37, new: 38 }]);
  });

  it('CMD-11: over Modbus, in engineering units; a burst is one record with its extremes', async () => {
    const probe = await openModbusProbe(house.plant.modbusPort);
    try {
      for (const raw of [1100, 1300, 1250]) {
        await probe.ask([6, 0, 2, raw >> 8, raw & 0xff]);
        const shown = async () =>
          (await operator.get<{ latest: { value: number } }>('/tags/WFI.FIC.SP')).body.latest.value === raw / 100;
        await until(shown, `the gateway to see ${raw}`);
      }
    } finally {
      probe.close();
    }
    const found = await unattributed('WFI.FIC.SP');
    expect(found).toMatchObject([{ new: 12.5, detail: { count: 3, first: 11, min: 11, max: 13 } }]);
  });

  it('CMD-11: our own signed change is not reported, a foreign one after it is, from the value that was signed', async () => {
    for (const [tag, value] of [
      ['BR101.PH.SP', 7.15],
      ['WFI.TIC.SP', 81.3],
    ] as const) {
      const answer = await operator.changeSetpoint(tag, value, 'batch-step', 'operator', demoPassword);
      expect((answer.body as unknown as CommandView).state).toBe('confirmed');
    }
    await engineerWrites('BR101.PH.SP', 7);
    expect(await unattributed('BR101.PH.SP')).toMatchObject([{ old: 7.15, new: 7 }]);
    expect(await of('setpoint.unattributed', 'WFI.TIC.SP')).toEqual([]);
  });

  it('CMD-11: what changed while the gateway was down is found at its start, once; what did not is not reported', async () => {
    const before = (await of('setpoint.unattributed')).length;
    await house.stopGateway();
    await engineerWrites('BR101.DO.SP', 55);
    await house.startGateway();
    expect(await unattributed('BR101.DO.SP')).toMatchObject([{ new: 55, detail: { while: 'outage' } }]);
    await house.stopGateway();
    await house.startGateway();
    await until(() => house.gateway().health().status === 'ready', 'both PLCs');
    operator = await house.person('operator');
    const speed = async () => (await operator.get<{ latest: { quality: string } }>('/tags/BR101.SIC.SP')).body.latest;
    await until(async () => (await speed()).quality === 'good', 'the first value after the start');
    // A later change shows that the watch is at work, and that nothing else was found on the way.
    await engineerWrites('BR101.SIC.SP', 130);
    expect(await unattributed('BR101.SIC.SP')).toMatchObject([{ new: 130, detail: { while: 'live' } }]);
    expect(await of('setpoint.unattributed')).toHaveLength(before + 2);
    expect(await of('setpoint.baseline')).toHaveLength(writable);
  });

  it('CMD-6, CMD-11: an unknown outcome may have brought either value; the next one that nobody signed is reported', async () => {
    house.plant.faults.inject({
      kind: 'never-answer',
      protocol: 'modbus',
      on: 'writes',
      points: ['WFI.TIC.SP'],
      when: 'before-apply',
    });
    const answer = await operator.changeSetpoint('WFI.TIC.SP', 82, 'batch-step', 'operator', demoPassword);
    const { id } = answer.body as unknown as CommandView;
    const closed = await until(async () => {
      const { body } = await operator.get<CommandView>(`/commands/${id}`);
      return ['confirmed', 'unknown'].includes(body.state) ? body : null;
    }, 'the outcome');
    house.plant.faults.clear();
    expect(closed.state).toBe('unknown');
    await until(() => house.gateway().health().status === 'ready', 'the PLC again');
    const seen = async () => (await operator.get<{ latest: { value: number } }>('/tags/WFI.TIC.SP')).body.latest.value;
    for (const value of [82, 79]) {
      const probe = await openModbusProbe(house.plant.modbusPort);
      const bytes = Buffer.alloc(4);
      bytes.writeFloatBE(value);
      await probe.ask([16, 0, 0, 0, 2, 4, ...bytes]);
      probe.close();
      await until(async () => (await seen()) === value, `the gateway to see ${value}`);
    }
    expect(await unattributed('WFI.TIC.SP')).toMatchObject([{ old: 82, new: 79, detail: { count: 1 } }]);
  });
});
