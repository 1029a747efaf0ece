// The OPC UA server over real sockets: names, types, ranges, subscriptions, the write log, security, clients that vanish.
import { mkdir, rm, truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  AttributeIds,
  ClientMonitoredItem,
  type DataValue,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
} from 'node-opcua-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OpcUaProbe, openOpcUaProbe, startTestPlant, type TestPlant } from '../../support/plant.ts';
import { patienceMs } from '../../support/until.ts';

let plant: TestPlant;
let probe: OpcUaProbe;
beforeAll(async () => {
  plant = await startTestPlant({ modbus: false });
});
afterAll(() => plant?.close());
beforeEach(async () => {
  plant.plant.write('BR101.TIC.SP', 37);
  plant.writes.clear();
  probe = await openOpcUaProbe(plant.opcuaEndpoint, plant.dataFolder);
});
afterEach(() => probe.close());

const nodeOf = (tag: string): string => `ns=2;s=${tag}`;

/** Subscribes with sampling interval 0 and collects what is reported. */
async function watch(tag: string): Promise<DataValue[]> {
  const subscription = await probe.session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    publishingEnabled: true,
    maxNotificationsPerPublish: 1000,
    priority: 0,
  });
  const reported: DataValue[] = [];
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: nodeOf(tag), attributeId: AttributeIds.Value },
    { samplingInterval: 0, queueSize: 100, discardOldest: true },
    TimestampsToReturn.Both,
  );
  item.on('changed', (value: DataValue) => reported.push(value));
  await vi.waitFor(() => expect(reported.length).toBeGreaterThan(0), { timeout: patienceMs, interval: 10 });
  return reported;
}

describe('the simulated OPC UA server', () => {
  it('SIM-1: offers every point of the bioreactor under its name, good and with the time of its value', async () => {
    const points = plant.plant.points.filter(({ protocol }) => protocol === 'opcua');
    expect(points.length).toBe(14);
    for (const { name, type } of points) {
      const { value, status, sourceTime } = await probe.read(name);
      expect([name, status]).toEqual([name, 'Good']);
      expect([name, typeof value]).toEqual([name, type === 'text' ? 'string' : 'number']);
      expect(Math.abs(Date.now() - (sourceTime?.getTime() ?? 0))).toBeLessThan(600_000);
    }
    expect(await probe.read('BR101.BATCH')).toMatchObject({ value: 'B-2026-0417' });
    expect(await probe.read('BR101.PH.SP')).toMatchObject({ value: Math.fround(7.1) });
  });

  it('SIM-1: is browsed as a tree, with ranges and units', async () => {
    const names = async (node: string): Promise<string[]> =>
      ((await probe.session.browse(node)).references ?? []).map(({ browseName }) => browseName.name ?? '');
    expect(await names(nodeOf('BR101'))).toEqual(expect.arrayContaining(['TIC', 'PH', 'DO', 'SIC', 'PHASE', 'BATCH']));
    expect(await names(nodeOf('BR101.TIC'))).toEqual(expect.arrayContaining(['SP', 'PV', 'OUT', 'MODE']));
    const read = await probe.session.read({ nodeId: nodeOf('BR101.TIC.SP#EURange'), attributeId: AttributeIds.Value });
    expect(read.value.value).toMatchObject({ low: 20, high: 50 });
  });

  it('SIM-1: takes a setpoint, moves the physics and logs the write', async () => {
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('Good');
    expect(await probe.read('BR101.TIC.SP')).toMatchObject({ value: 38 });
    expect(plant.writes.all()).toMatchObject([
      { protocol: 'opcua', point: 'BR101.TIC.SP', value: 38, status: 'applied', answer: 'Good' },
    ]);
    plant.plant.step(75);
    await vi.waitFor(async () => expect(Number((await probe.read('BR101.TIC.PV')).value)).toBeGreaterThan(37.8), {
      timeout: patienceMs,
      interval: 50,
    });
  });

  it.each([
    ['above the device’s range', 'BR101.TIC.SP', 50.5, 'float', 'BadOutOfRange'],
    ['that is not a number', 'BR101.TIC.SP', Number.NaN, 'float', 'BadOutOfRange'],
    ['of another type', 'BR101.TIC.SP', 38, 'int32', 'BadTypeMismatch'],
    ['to a measured value', 'BR101.TIC.PV', 55, 'float', 'BadNotWritable'],
    ['to a mode that does not exist', 'BR101.TIC.MODE', 2, 'int32', 'BadOutOfRange'],
    ['to a node that does not exist', 'BR101.NONE', 1, 'float', 'BadNodeIdUnknown'],
  ] as const)(
    'SIM-1: refuses a write %s, logs it, and no subscriber sees the value',
    async (_, tag, value, type, status) => {
      const before = plant.plant.read('BR101.TIC.SP');
      const reported = tag === 'BR101.NONE' ? [] : await watch(tag);
      expect(await probe.write(tag, value, type)).toBe(status);
      expect(plant.plant.read('BR101.TIC.SP')).toBe(before);
      expect(plant.writes.all()).toMatchObject([{ point: tag, status: 'refused', answer: status }]);
      // A later, accepted write comes through the same queue: what was refused would have come before it.
      const mark = await watch('BR101.DO.SP');
      await probe.write('BR101.DO.SP', plant.plant.read('BR101.DO.SP') === 41 ? 40 : 41);
      await vi.waitFor(() => expect(mark.length).toBeGreaterThan(1), { timeout: patienceMs, interval: 10 });
      expect(reported.map((report) => report.value.value)).not.toContain(value);
    },
  );

  it('SIM-1: reports changes by exception with the source time, and steady values not at all', async () => {
    const setpoint = await watch('BR101.TIC.SP');
    const measured = await watch('BR101.TIC.OUT');
    const batch = await watch('BR101.BATCH');
    const beforeMs = Date.now();
    await probe.write('BR101.TIC.SP', 39);
    await vi.waitFor(() => expect(setpoint.at(-1)?.value.value).toBe(39), { timeout: patienceMs, interval: 10 });
    const sourceMs = setpoint.at(-1)?.sourceTimestamp?.getTime() ?? 0;
    expect(sourceMs).toBeGreaterThanOrEqual(beforeMs);
    expect(sourceMs).toBeLessThanOrEqual(Date.now());
    await vi.waitFor(() => expect(measured.length).toBeGreaterThan(5), { timeout: patienceMs, interval: 20 });
    expect(setpoint.map(({ value }) => value.value)).toEqual([37, 39]);
    expect(batch).toHaveLength(1);
  });

  it('SIM-1: keeps the auditEntryId of a write', async () => {
    const { WriteRequest, WriteResponse, DataType } = await import('node-opcua-client');
    const request = new WriteRequest({
      requestHeader: { auditEntryId: 'cmd-0042' },
      nodesToWrite: [
        {
          nodeId: nodeOf('BR101.TIC.SP'),
          attributeId: AttributeIds.Value,
          value: { value: { dataType: DataType.Float, value: 38.5 } },
        },
      ],
    });
    // The typed client has no field for it; the implementation sends any request.
    const raw = probe.session as unknown as { performMessageTransaction(sent: unknown): Promise<unknown> };
    const response = await raw.performMessageTransaction(request);
    expect(response).toBeInstanceOf(WriteResponse);
    expect(plant.writes.all()).toMatchObject([{ value: 38.5, auditEntryId: 'cmd-0042' }]);
  });

  it('CMD-12, SIM-1: shows the auditEntryId of the last write of a point to any client, refused ones too', async () => {
    const { WriteRequest, DataType } = await import('node-opcua-client');
    const raw = probe.session as unknown as { performMessageTransaction(sent: unknown): Promise<unknown> };
    const shown = async (name: string) => {
      const nodeId = `${nodeOf('BR101.PH.SP')}#LastWrite.${name}`;
      return (await probe.session.read({ nodeId, attributeId: AttributeIds.Value })).value.value as string;
    };
    expect(await shown('AuditEntryId')).toBe('');
    for (const [auditEntryId, value, answer] of [
      ['cmd-1', 7, 'Good'],
      ['cmd-2', 99, 'BadOutOfRange'],
      ['', 7.1, 'Good'],
    ] as const) {
      const write = { nodeId: nodeOf('BR101.PH.SP'), attributeId: AttributeIds.Value };
      await raw.performMessageTransaction(
        new WriteRequest({
          requestHeader: { auditEntryId },
          nodesToWrite: [{ ...write, value: { value: { dataType: DataType.Float, value } } }],
        }),
      );
      expect(await shown('AuditEntryId')).toBe(auditEntryId);
      expect(await shown('Answer')).toBe(answer);
    }
  });

  it('SIM-1: also speaks Basic256Sha256, with its certificate in the data folder', async () => {
    const client = OPCUAClient.create({
      securityMode: MessageSecurityMode.SignAndEncrypt,
      securityPolicy: SecurityPolicy.Basic256Sha256,
      clientCertificateManager: new OPCUACertificateManager({
        rootFolder: join(plant.dataFolder, 'secure-probe-pki'),
        automaticallyAcceptUnknownCertificate: true,
        disableFileWatchers: true,
      }),
      connectionStrategy: { maxRetry: 0 },
    });
    await client.connect(plant.opcuaEndpoint);
    const session = await client.createSession();
    const read = await session.read({ nodeId: nodeOf('BR101.TIC.SP'), attributeId: AttributeIds.Value });
    expect(read.value.value).toBe(37);
    await session.close();
    await client.disconnect();
  });

  it('SIM-1: survives clients that vanish or talk nonsense', async () => {
    for (let i = 0; i < 10; i += 1) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(plant.opcuaPort, '127.0.0.1', () => {
          socket.write(i % 2 === 0 ? 'GET / HTTP/1.1\r\n\r\n' : Buffer.from('HELF\x30\0\0\0', 'latin1'), () => {
            socket.destroy();
            resolve();
          });
        });
        socket.on('error', reject);
      });
    }
    expect(await probe.read('BR101.TIC.SP')).toMatchObject({ value: 37, status: 'Good' });
    await vi.waitFor(() => expect(plant.connections()).toBe(1), { timeout: patienceMs });
  });

  it('SIM-1: stops and returns on the same port with the same plant', async () => {
    const other = await startTestPlant({ modbus: false });
    try {
      other.plant.write('BR101.TIC.SP', 36);
      await other.stop();
      await expect(
        new Promise((resolve, reject) => {
          const socket = connect(other.opcuaPort, '127.0.0.1', () => resolve(socket.destroy()));
          socket.on('error', reject);
        }),
      ).rejects.toThrow(/ECONNREFUSED/);
      await other.restart();
      const again = await openOpcUaProbe(other.opcuaEndpoint, other.dataFolder);
      expect(await again.read('BR101.TIC.SP')).toMatchObject({ value: 36 });
      await again.close();
    } finally {
      await other.close();
    }
  });

  it.each([
    [
      'locks without a certificate',
      async (pki: string) => {
        await rm(join(pki, 'own/certs/certificate.pem'));
        await mkdir(join(pki, 'own/certs/certificate.pem.mutex.lock'));
        await mkdir(join(pki, 'mutex.lock'));
      },
    ],
    ['a half-written key', (pki: string) => truncate(join(pki, 'own/private/private_key.pem'), 200)],
    ['a half-written certificate', (pki: string) => truncate(join(pki, 'own/certs/certificate.pem'), 100)],
    ['an empty certificate', (pki: string) => truncate(join(pki, 'own/certs/certificate.pem'), 0)],
  ])('SIM-1: starts over %s that a killed process left in its folder', async (_, spoil) => {
    const first = await startTestPlant({ modbus: false });
    try {
      await first.stop();
      await spoil(join(first.dataFolder, 'opcua-simulator-pki'));
      // node-opcua by itself would wait two minutes for the locks.
      const startedMs = performance.now();
      await first.restart();
      expect(performance.now() - startedMs).toBeLessThan(110_000);
      const again = await openOpcUaProbe(first.opcuaEndpoint, first.dataFolder);
      expect(await again.read('BR101.TIC.SP')).toMatchObject({ status: 'Good' });
      await again.close();
    } finally {
      await first.close();
    }
  });
});
