import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { ApiClient } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openModbusProbe, openOpcUaProbe } from '../support/plant.ts';
import { until } from '../support/until.ts';

const password = 'countersign-demo';

describe('the main job by the API, over real sockets', () => {
  let house: TestGateway;
  let operator: ApiClient;
  beforeAll(async () => {
    house = await startTestGateway();
    operator = await house.person('operator');
  });
  afterAll(() => house?.stop());

  async function value(tag: string): Promise<number> {
    return Number((await operator.get<{ latest: { value: number } }>(`/tags/${tag}`)).body.latest.value);
  }

  it('SIG-1, CMD-1, CMD-5: a signed setpoint reaches the OPC UA device, is confirmed by read-back, and the temperature follows', async () => {
    const before = await value('BR101.TIC.PV');
    const answer = await operator.changeSetpoint('BR101.TIC.SP', 38.2, 'adjustment', 'operator', password);
    expect(answer.status).toBe(200);
    const command = answer.body as unknown as CommandView;
    expect(command).toMatchObject({ state: 'confirmed', value: 38.2, missingSignatures: 0, readBack: { value: 38.2 } });

    const probe = await openOpcUaProbe(house.plant.opcuaEndpoint, house.plant.dataFolder);
    const held = await probe.read('BR101.TIC.SP');
    // CMD-12: the device itself shows whose write it was.
    expect((await probe.read('BR101.TIC.SP#LastWrite.AuditEntryId')).value).toBe(command.id);
    await probe.close();
    expect(held.value).toBeCloseTo(38.2, 5);
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(1);
    await until(async () => (await value('BR101.TIC.PV')) > before + 0.05, 'the temperature to follow');
  });

  it('SIG-1, DRV-4: a signed setpoint reaches the Modbus device in its registers', async () => {
    const answer = await operator.changeSetpoint('WFI.TIC.SP', 81.5, 'batch-step', 'operator', password);
    expect(answer.body).toMatchObject({ state: 'confirmed' });
    const scaled = await operator.changeSetpoint('WFI.FIC.SP', 12.34, 'batch-step', 'operator', password);
    expect(scaled.body).toMatchObject({ state: 'confirmed', value: 12.34 });
    const probe = await openModbusProbe(house.plant.modbusPort);
    const pdu = await probe.ask([3, 0, 0, 0, 3]);
    probe.close();
    expect(pdu.readFloatBE(2)).toBeCloseTo(81.5, 5);
    expect(pdu.readUInt16BE(6)).toBe(1234);
  });

  it('SIG-2, SIG-6, SIG-8, AUD-2: the audit trail shows the change with who, where, what, why and the signature', async () => {
    const answer = await operator.changeSetpoint(
      'BR101.PH.SP',
      7.15,
      { code: 'adjustment', comment: 'drift of the probe' },
      'operator',
      password,
    );
    const command = answer.body as unknown as CommandView;
    expect(command.signatures[0]).toMatchObject({
      signer: 'operator',
      printedName: 'Olivia Brandt',
      meaning: 'responsibility',
      reasonCode: 'adjustment',
      comment: 'drift of the probe',
    });
    const page = await operator.get<{ records: Record<string, unknown>[] }>(`/audit?tag=BR101.PH.SP&limit=50`);
    expect(page.status).toBe(200);
    const ours = page.body.records.filter((record) => record.command === command.id);
    expect(ours.map((record) => record.kind).reverse()).toEqual([
      'command.asked',
      'command.signed',
      'command.accepted',
      'command.written',
      'command.confirmed',
    ]);
    const signed = ours.find((record) => record.kind === 'command.signed');
    expect(signed).toMatchObject({
      actor: { id: 'operator', printedName: 'Olivia Brandt' },
      terminal: { id: operator.key.id },
      address: '127.0.0.1',
      subject: 'BR101.PH.SP',
      unit: 'pH',
      old: 7.1,
      new: 7.15,
      reason: { code: 'adjustment', comment: 'drift of the probe' },
      meaning: 'responsibility',
    });
    const jws = (signed as { signature: { jws: string } }).signature.jws;
    const payload = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'));
    expect(payload).toMatchObject({
      tag: 'BR101.PH.SP',
      value: 7.15,
      signer: 'operator',
      terminal: operator.key.id,
      command: command.id,
    });
  });

  it('SIG-5, SIG-4: a machine command waits for a second person, who signs at the same terminal without ending the session', async () => {
    const first = await operator.changeSetpoint(
      'WFI.PUMP.CMD',
      false,
      { code: 'maintenance', comment: 'valve work' },
      'operator',
      password,
    );
    expect(first.body).toMatchObject({ state: 'awaiting-countersignature', missingSignatures: 1 });
    expect(house.plant.writes.applied('WFI.PUMP.CMD')).toHaveLength(0);
    const id = (first.body as unknown as CommandView).id;
    const supervisor = await house.person('supervisor');
    await supervisor.signOut();
    const offer = await operator.post<{ statement: Record<string, unknown>; requires: { meanings: string[] } }>(
      `/commands/${id}/statements`,
      {},
    );
    expect(offer.status).toBe(200);
    const second = await operator.post(`/commands/${id}/signatures`, {
      statement: await operator.signStatement(offer.body.statement, {
        signer: 'supervisor',
        meaning: offer.body.requires.meanings[0] ?? '',
        reasonCode: 'maintenance',
        comment: 'seen',
      }),
      username: 'supervisor',
      password,
    });
    expect(second.body).toMatchObject({ state: 'confirmed' });
    expect(house.plant.writes.applied('WFI.PUMP.CMD')).toHaveLength(1);
    expect((await operator.get('/session')).body).toMatchObject({ user: { id: 'operator' } });
  });

  it('OPS-4: OpenAPI describes every route that a script needs, and the health says that all is well', async () => {
    const openapi = (await (await fetch(`${house.origin}/api/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, unknown>;
    };
    expect(openapi.openapi).toMatch(/^3\.1/);
    for (const path of [
      '/api/v1/terminals',
      '/api/v1/session',
      '/api/v1/certification',
      '/api/v1/tags/{id}',
      '/api/v1/commands',
      '/api/v1/commands/{id}/signatures',
      '/api/v1/audit',
    ])
      expect(Object.keys(openapi.paths)).toContain(path);
    const health = (await (await fetch(`${house.origin}/health`)).json()) as Record<string, unknown>;
    expect(health).toMatchObject({
      status: 'ready',
      parts: { database: 'up', connections: { bioreactor: 'connected', water: 'connected' } },
    });
  });
});
