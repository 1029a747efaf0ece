// What a server can do to a session, which the simulated plant does not: a server of node-opcua in this process, whose
// sessions the test ends while a write is on its way.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { DataType, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Driver } from '../../../gateway/drivers/driver.ts';
import { opcua } from '../../../gateway/drivers/opcua/protocol.ts';
import { until } from '../../support/until.ts';
import { connectionWith, Heard, tagAt } from './test-tags.ts';
import { throughGate } from './through-gate.ts';

const setpoint = tagAt(0, 'SP', { nodeId: 'nsu=urn:test;s=SP' }, { dataType: 'float64' });
const writes: number[] = [];
let held = 20;
let folder: string;
let server: OPCUAServer;
let driver: Driver | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-session-'));
  const certificates = new OPCUACertificateManager({ rootFolder: join(folder, 'server'), disableFileWatchers: true });
  server = new OPCUAServer({
    hostname: '127.0.0.1',
    host: '127.0.0.1',
    port: 0,
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [MessageSecurityMode.None],
    securityPolicies: [SecurityPolicy.None],
  });
  await server.initialize();
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('no address space');
  const namespace = addressSpace.registerNamespace('urn:test');
  namespace.addVariable({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: 'SP',
    nodeId: 's=SP',
    dataType: DataType.Double,
    value: {
      get: () => new Variant({ dataType: DataType.Double, value: held }),
      set: (variant: Variant) => {
        held = Number(variant.value);
        writes.push(held);
        return StatusCodes.Good;
      },
    },
  });
  await server.start();
});
afterEach(async () => {
  await driver?.stop();
});
afterAll(async () => {
  await server.shutdown(0);
  await rm(folder, { recursive: true, force: true });
});

describe('the OPC UA driver and a server that ends its session', () => {
  it('DRV-2: a write meets the ended session, is refused, and is not repeated in the next one', async () => {
    const heard = new Heard();
    const endpoint = `opc.tcp://127.0.0.1:${server.endpoints[0]?.port}`;
    const options = opcua.connectionSchema.parse({ endpoint, publishingIntervalMs: 50, requestTimeoutMs: 5_000 });
    driver = opcua.create(
      {
        connection: connectionWith('opcua', options),
        tags: [{ ...setpoint, address: opcua.addressSchema.parse(setpoint.address) }],
        now: Date.now,
        dataFolder: folder,
      },
      heard,
    );
    const writer = driver;
    await writer.start();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    expect((await throughGate(setpoint, 21, (write) => writer.write(write))).result.kind).toBe('written');

    const { result } = await throughGate(setpoint, 22, (write) => {
      const answer = writer.write(write);
      // The request is with the socket; the server will read it after this.
      for (const session of server.engine.getSessions()) {
        server.engine.closeSession(session.authenticationToken, true, 'Forcing');
      }
      return answer;
    });
    expect(result).toMatchObject({ kind: 'rejected' });
    await until(() => heard.states.join().endsWith('lost,connected'), 'a new session');
    const answers = heard.vouchings.length;
    await until(() => heard.vouchings.length > answers + 3, 'the new subscription goes on');
    expect(writes).toEqual([21]);
  });
});
