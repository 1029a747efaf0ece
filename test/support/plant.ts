// The simulated plant for tests, in a temporary data folder, with eyes of its own on it: an OPC UA client and a raw
// Modbus client that share no code with the gateway's drivers. Close what you start in afterAll.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { AttributeIds, type ClientSession, DataType, OPCUAClient, type StatusCode } from 'node-opcua-client';
import { type RunningPlant, type StartPlantSettings, startPlant } from '../../simulators/start-plant.ts';
import { lastingPorts } from './lasting-ports.ts';
import { patienceMs } from './until.ts';

export type TestPlant = RunningPlant & {
  /** Temporary; goes with `close`. */
  readonly dataFolder: string;
  /** Stops the plant and removes the folder. */
  readonly close: () => Promise<void>;
};

/** Seed 1, both servers, on ports that a restart finds free again, unless told otherwise. */
export async function startTestPlant(settings: Partial<StartPlantSettings> = {}): Promise<TestPlant> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'countersign-plant-'));
  const [opcuaPort = 0, modbusPort = 0] = await lastingPorts(2);
  const plant = await startPlant({ seed: 1, dataFolder, opcuaPort, modbusPort, ...settings });
  return {
    ...plant,
    dataFolder,
    close: async () => {
      await plant.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

export type OpcUaProbe = {
  readonly session: ClientSession;
  /** The value in the device, with its status name and source time. */
  readonly read: (tag: string) => Promise<{ value: unknown; status: string; sourceTime: Date | null }>;
  /** An unsigned write, past the gateway; returns the status name. */
  readonly write: (tag: string, value: number, type?: 'float' | 'int32') => Promise<string>;
  readonly close: () => Promise<void>;
};

/** An independent OPC UA client. `pkiFolder` is where its certificate goes: the test plant's dataFolder will do. */
export async function openOpcUaProbe(endpoint: string, pkiFolder: string): Promise<OpcUaProbe> {
  const client = OPCUAClient.create({
    applicationName: 'countersign test probe',
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: join(pkiFolder, 'probe-pki'),
      disableFileWatchers: true,
    }),
    connectionStrategy: { maxRetry: 0, initialDelay: 50, maxDelay: 100 },
    // A connection that nothing passes over for so long is closed.
    transportTimeout: patienceMs,
  });
  await client.connect(endpoint);
  const session = await client.createSession();
  const namespaces = await session.readNamespaceArray();
  const nodeId = (tag: string): string => `ns=${namespaces.indexOf('urn:countersign:demo-plant')};s=${tag}`;
  return {
    session,
    read: async (tag) => {
      const read = await session.read({ nodeId: nodeId(tag), attributeId: AttributeIds.Value });
      return { value: read.value.value, status: read.statusCode.name, sourceTime: read.sourceTimestamp };
    },
    write: async (tag, value, type = 'float') => {
      const dataType = type === 'float' ? DataType.Float : DataType.Int32;
      const status: StatusCode = await session.write({
        nodeId: nodeId(tag),
        attributeId: AttributeIds.Value,
        value: { value: { dataType, value } },
      });
      return status.name;
    },
    close: async () => {
      await session.close().catch(() => undefined);
      await client.disconnect();
    },
  };
}

export type ModbusAnswer =
  | { readonly kind: 'answer'; readonly transactionId: number; readonly unit: number; readonly pdu: Buffer }
  | { readonly kind: 'closed' }
  | { readonly kind: 'silent' };

export type ModbusProbe = {
  /** Sends bytes as they are. */
  readonly send: (bytes: Buffer) => void;
  /** Sends one request; transaction ids count up from 1. */
  readonly sendRequest: (pdu: readonly number[], unit?: number) => number;
  /** The next answer in the stream, or that the server closed, or that nothing came within `withinMs`. */
  readonly next: (withinMs?: number) => Promise<ModbusAnswer>;
  /** Request and its answer's PDU; throws when none comes. */
  readonly ask: (pdu: readonly number[], unit?: number) => Promise<Buffer>;
  readonly close: () => void;
};

/** An independent raw Modbus TCP client: no library, so that nothing repairs or hides what the server sends. */
export async function openModbusProbe(port: number, host = '127.0.0.1'): Promise<ModbusProbe> {
  const socket = connect({ host, port, noDelay: true });
  let received = Buffer.alloc(0);
  let closed = false;
  let wake: () => void = () => undefined;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  let lastId = 0;

  const take = (): ModbusAnswer | null => {
    const length = received.length >= 8 ? 6 + received.readUInt16BE(4) : Number.POSITIVE_INFINITY;
    if (received.length >= length) {
      const frame = received.subarray(0, length);
      received = Buffer.from(received.subarray(length));
      return { kind: 'answer', transactionId: frame.readUInt16BE(0), unit: frame.readUInt8(6), pdu: frame.subarray(7) };
    }
    return closed ? { kind: 'closed' } : null;
  };
  const next = async (withinMs = patienceMs): Promise<ModbusAnswer> => {
    const endsMs = performance.now() + withinMs;
    for (;;) {
      const taken = take();
      if (taken !== null) return taken;
      const leftMs = endsMs - performance.now();
      if (leftMs <= 0) return { kind: 'silent' };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const sendRequest = (pdu: readonly number[], unit = 1): number => {
    lastId = (lastId + 1) & 0xffff;
    socket.write(Buffer.from([lastId >> 8, lastId & 0xff, 0, 0, 0, pdu.length + 1, unit, ...pdu]));
    return lastId;
  };
  return {
    send: (bytes) => socket.write(bytes),
    sendRequest,
    next,
    ask: async (pdu, unit) => {
      sendRequest(pdu, unit);
      const answer = await next();
      if (answer.kind !== 'answer') throw new Error(`no answer from the Modbus server: ${answer.kind}`);
      return answer.pdu;
    },
    close: () => socket.destroy(),
  };
}

/** Reads raw registers over a connection of its own: function code 3 (holding) or 4 (input). */
export async function readRegisters(
  port: number,
  table: 'holding' | 'input',
  address: number,
  count: number,
): Promise<number[]> {
  const probe = await openModbusProbe(port);
  try {
    const pdu = await probe.ask([table === 'holding' ? 3 : 4, address >> 8, address & 0xff, count >> 8, count & 0xff]);
    if (pdu.readUInt8(0) >= 0x80) throw new Error(`Modbus exception ${pdu.readUInt8(1)}`);
    return Array.from({ length: count }, (_, i) => pdu.readUInt16BE(2 + 2 * i));
  } finally {
    probe.close();
  }
}

/** A float32 in two registers, the high word first. */
export function floatOf(words: readonly number[]): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(words[0] ?? 0, 0);
  bytes.writeUInt16BE(words[1] ?? 0, 2);
  return bytes.readFloatBE();
}
