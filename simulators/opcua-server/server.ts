// The OPC UA server of the simulated bioreactor: node-opcua behind a relay, writes with their faults and their place in
// the write log. Started by start-plant.ts. Certificates live in the given folder; it never listens off loopback.
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { MessageSecurityMode, SecurityPolicy, type StatusCode, StatusCodes } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import { createDevice, type DeviceVerdict } from '../device.ts';
import type { FaultSource } from '../faults/fault-board.ts';
import type { SimulatedPlant } from '../plant/plant.ts';
import type { Point, PointValue } from '../plant/points.ts';
import type { ShownHistory } from '../shown-history.ts';
import type { ReceivedWrite, WriteLog } from '../write-log.ts';
import { openCertificates } from './certificates.ts';
import { addLastWriteNodes } from './last-write-nodes.ts';
import { addPointNodes, demoPlantNamespace, statusByName } from './point-nodes.ts';
import { startRelay } from './relay.ts';
import { createWriteTrace } from './write-trace.ts';

export type OpcUaServerSettings = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly plant: SimulatedPlant;
  readonly faults: FaultSource;
  readonly writes: WriteLog;
  readonly shown: ShownHistory;
  readonly nowMs: () => number;
  /** Holds the server's key and certificates; made when absent. */
  readonly pkiFolder: string;
};

export type OpcUaServer = {
  readonly port: number;
  readonly connections: () => number;
  /** Destroys all connections, as a controller losing power does; new ones are accepted. */
  readonly dropConnections: () => void;
  /** Shows what the physics did since the last call. */
  readonly publish: () => void;
  readonly stop: () => Promise<void>;
};

/** Rejects with PortTaken. */
export async function startOpcUaServer(settings: OpcUaServerSettings): Promise<OpcUaServer> {
  const { plant, faults, writes, shown, nowMs } = settings;
  const relay = await startRelay(settings.host, settings.port, faults, nowMs);
  const device = createDevice('opcua', plant, faults, nowMs, shown);
  const trace = createWriteTrace();
  // Answers that faults hold back; bounded by the requests that clients have outstanding.
  const waiting = new Set<() => void>();
  const unsubscribe = faults.onChange(() => {
    if (faults.active().length === 0) for (const release of [...waiting]) release();
  });
  let noteWrite: (received: ReceivedWrite) => void = writes.append;
  let server: OPCUAServer | null = null;
  try {
    server = buildServer(settings.host, relay.port, await openCertificates(settings.pkiFolder));
    await server.initialize();
    const addressSpace = server.engine.addressSpace;
    if (addressSpace === null) throw new Error('node-opcua has no address space after initialize()');
    const points = plant.points.filter((point) => point.protocol === 'opcua');
    const nodes = addPointNodes(addressSpace, points, device, faults, nowMs, write);
    const showWrite = addLastWriteNodes(addressSpace, points, writes.all());
    noteWrite = (received) => {
      writes.append(received);
      showWrite(received);
    };
    trace.attach(server, demoPlantNamespace, (point, status, auditEntryId) => {
      noteWrite({
        at: nowMs(),
        protocol: 'opcua',
        point,
        value: null,
        status: 'refused',
        answer: status.name,
        auditEntryId,
      });
    });
    await server.start();
    const innerPort = server.endpoints[0]?.port;
    if (innerPort === undefined) throw new Error('node-opcua has no endpoint after start()');
    relay.forwardTo(innerPort);
    const running = server;
    return {
      port: relay.port,
      connections: relay.connections,
      dropConnections: relay.dropAll,
      publish: nodes.publish,
      stop: async () => {
        unsubscribe();
        for (const release of [...waiting]) release();
        await relay.stop();
        device.stop();
        await running.shutdown(0);
      },
    };
  } catch (error) {
    unsubscribe();
    device.stop();
    await relay.stop();
    await server?.shutdown(0).catch(() => undefined);
    throw error;
  }

  async function write(point: Point, value: PointValue | null): Promise<StatusCode> {
    const sender = trace.senderOf(point.name);
    const question = { protocol: 'opcua', points: [point.name], on: 'writes' } as const;
    const drop = faults.strike('drop-connection', question);
    // An answer fault that meets everything strikes on the relay's bytes instead.
    const silence = isOfWrites('never-answer') ? faults.strike('never-answer', question) : null;
    if (drop?.when === 'before-apply') {
      relay.drop(sender.clientPort);
      return StatusCodes.BadConnectionClosed;
    }
    if (silence?.when === 'before-apply') {
      await untilCleared();
      return StatusCodes.BadTimeout;
    }
    // Before the device shows it: a value never stands before its write.
    const at = nowMs();
    const outcome: DeviceVerdict =
      value === null ? { verdict: 'wrong-type', status: null } : device.write(point.name, value);
    const status = statusOf(outcome);
    const { verdict } = outcome;
    noteWrite({
      at,
      protocol: 'opcua',
      point: point.name,
      value,
      status: verdict === 'applied' || verdict === 'ignored' ? verdict : 'refused',
      answer: status.name,
      auditEntryId: sender.auditEntryId,
    });
    if (drop !== null) relay.drop(sender.clientPort);
    if (silence !== null) await untilCleared();
    const delay = isOfWrites('delay-answers') ? faults.strike('delay-answers', question) : null;
    if (delay !== null) await untilCleared(delay.ms);
    return status;

    function isOfWrites(kind: 'never-answer' | 'delay-answers'): boolean {
      return faults.find(kind, question)?.on === 'writes';
    }
  }

  /** Resolves when all faults are cleared, the server stops, or after `ms`. */
  function untilCleared(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? null : setTimeout(release, ms);
      function release(): void {
        if (timer !== null) clearTimeout(timer);
        waiting.delete(release);
        resolve();
      }
      waiting.add(release);
    });
  }
}

function buildServer(host: string, publicPort: number, certificates: OPCUACertificateManager): OPCUAServer {
  return new OPCUAServer({
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    port: 0,
    // Clients are told the relay's address.
    advertisedEndpoints: [`opc.tcp://${host}:${publicPort}`],
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
    allowAnonymous: true,
    isAuditing: false,
    maxConnectionsPerEndpoint: 100,
    serverCapabilities: { maxSessions: 100 },
    serverInfo: { applicationUri: 'urn:countersign:simulator', productUri: 'urn:countersign:simulator' },
    buildInfo: { productName: 'Countersign demo plant', manufacturerName: 'Countersign' },
  });
}

function statusOf({ verdict, status }: DeviceVerdict): StatusCode {
  switch (verdict) {
    case 'applied':
    case 'ignored':
      return status === null ? StatusCodes.Good : statusByName(status);
    case 'out-of-range':
      return StatusCodes.BadOutOfRange;
    case 'not-writable':
      return StatusCodes.BadNotWritable;
    case 'wrong-type':
      return StatusCodes.BadTypeMismatch;
    case 'unknown-point':
      return StatusCodes.BadNodeIdUnknown;
    case 'refused':
      return statusByName(status ?? 'BadNotWritable');
  }
}
