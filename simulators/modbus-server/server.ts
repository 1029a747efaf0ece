// The Modbus TCP server of the simulated water loop: accepts connections, answers pipelined requests, carries out the
// faults of answers and connections. Started by start-plant.ts. It serves unit 1 and never listens off loopback.
import { createServer, type Socket } from 'node:net';
import { createDevice } from '../device.ts';
import type { FaultSource } from '../faults/fault-board.ts';
import { closeListener, listenOn } from '../listen.ts';
import type { SimulatedPlant } from '../plant/plant.ts';
import type { ShownHistory } from '../shown-history.ts';
import type { WriteLog } from '../write-log.ts';
import { createFrameReader, type ModbusFrame, wrapAnswer } from './frame.ts';
import { createRegisterMap, type RegisterMap, type WriteAnswer } from './register-map.ts';
import {
  bitsPdu,
  exceptionPdu,
  gatewayTargetFailed,
  illegalAddress,
  type ModbusRequest,
  parseRequest,
  registersPdu,
} from './request.ts';

export type ModbusServerSettings = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly plant: SimulatedPlant;
  readonly faults: FaultSource;
  readonly writes: WriteLog;
  readonly shown: ShownHistory;
  readonly nowMs: () => number;
  /** What requests to units other than 1 get. */
  readonly otherUnits: 'exception' | 'silence';
};

export type ModbusServer = {
  readonly port: number;
  readonly connections: () => number;
  /** Destroys all connections, as a controller losing power does; new ones are accepted. */
  readonly dropConnections: () => void;
  /** Resolves when no socket is open. */
  readonly stop: () => Promise<void>;
};

type Connection = {
  readonly socket: Socket;
  /** Held by `late-answer` until the next request; at most one. */
  late: { readonly frame: ModbusFrame; readonly bytes: Buffer; readonly asNext: boolean } | null;
  readonly delayed: Set<{ readonly timer: NodeJS.Timeout; readonly bytes: Buffer }>;
};

const unitServed = 1;
const mostConnections = 64;
/** A client that does not read its answers is cut off at this many bytes. */
const mostUnreadBytes = 1_000_000;

/** Rejects with PortTaken. */
export async function startModbusServer(settings: ModbusServerSettings): Promise<ModbusServer> {
  const { faults, plant, writes, shown, nowMs } = settings;
  const device = createDevice('modbus', plant, faults, nowMs, shown);
  const map = createRegisterMap(device);
  const connections = new Set<Connection>();

  const server = createServer((socket) => {
    // A client that vanishes is no event: its socket reports an error and closes.
    socket.on('error', () => socket.destroy());
    if (connections.size >= mostConnections || faults.strike('refuse-connections', { protocol: 'modbus' }) !== null) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    const connection: Connection = { socket, late: null, delayed: new Set() };
    connections.add(connection);
    const reader = createFrameReader();
    socket.on('data', (chunk) => {
      const frames = reader.push(chunk);
      if (frames === null) socket.destroy();
      else for (const frame of frames) if (!socket.destroyed) handle(connection, frame);
    });
    socket.on('close', () => {
      for (const { timer } of connection.delayed) clearTimeout(timer);
      connections.delete(connection);
    });
  });

  const send = (connection: Connection, bytes: Buffer): void => {
    if (connection.socket.destroyed) return;
    connection.socket.write(bytes);
    if (connection.socket.writableLength > mostUnreadBytes) connection.socket.destroy();
  };

  const releaseLate = (connection: Connection, next: ModbusFrame | null): void => {
    const late = connection.late;
    connection.late = null;
    if (late === null) return;
    const bytes = Buffer.from(late.bytes);
    if (late.asNext && next !== null) bytes.writeUInt16BE(next.transactionId, 0);
    send(connection, bytes);
  };

  const handle = (connection: Connection, frame: ModbusFrame): void => {
    releaseLate(connection, frame);
    const functionCode = frame.pdu.readUInt8(0);
    const answer = (pdu: Buffer): Buffer => wrapAnswer(frame.transactionId, frame.unit, pdu);
    if (frame.unit !== unitServed) {
      if (settings.otherUnits === 'exception')
        send(connection, answer(exceptionPdu(functionCode, gatewayTargetFailed)));
      return;
    }
    const request = parseRequest(frame.pdu);
    if (request.kind === 'exception') {
      send(connection, answer(exceptionPdu(functionCode, request.code)));
      return;
    }
    const isWrite = request.kind !== 'read-bits' && request.kind !== 'read-registers';
    const points = map.pointsIn(request.table, request.address, addressCount(request));
    const question = { protocol: 'modbus', points, on: isWrite ? 'writes' : 'reads' } as const;

    const drop = faults.strike('drop-connection', question);
    const silence = drop === null ? faults.strike('never-answer', question) : null;
    if (drop?.when === 'before-apply') connection.socket.destroy();
    if (drop?.when === 'before-apply' || silence?.when === 'before-apply') return;

    const exception = faults.strike('exception', question);
    let pdu: Buffer;
    if (exception !== null) {
      pdu = exceptionPdu(functionCode, exception.code);
      if (exception.when === 'after-apply') carryOut(frame.pdu, request);
      else if (isWrite) log(nowMs(), request, { exception: exception.code, writes: [] });
    } else {
      pdu = carryOut(frame.pdu, request);
    }
    if (drop !== null) connection.socket.destroy();
    if (drop !== null || silence !== null) return;

    const bytes = faults.strike('garbage-answer', question) === null ? answer(pdu) : garbage(answer(pdu).length);
    const late = faults.strike('late-answer', question);
    if (late !== null) {
      connection.late = { frame, bytes, asNext: late.transactionId === 'next' };
      return;
    }
    const delay = faults.strike('delay-answers', question);
    if (delay === null) {
      send(connection, bytes);
      return;
    }
    // Delayed answers may be overtaken by others of the same connection: Modbus TCP allows it, clients must cope.
    const timer = setTimeout(() => {
      connection.delayed.delete(entry);
      send(connection, bytes);
    }, delay.ms);
    const entry = { timer, bytes };
    connection.delayed.add(entry);
  };

  const carryOut = (sent: Buffer, request: ModbusRequest): Buffer => {
    const functionCode = sent.readUInt8(0);
    const illegal = exceptionPdu(functionCode, illegalAddress);
    switch (request.kind) {
      case 'read-bits': {
        const bits = map.readBits(request.table, request.address, request.count);
        return bits === null ? illegal : bitsPdu(functionCode, bits);
      }
      case 'read-registers': {
        const words = map.readWords(request.table, request.address, request.count);
        return words === null ? illegal : registersPdu(functionCode, words);
      }
      default: {
        // Before the device shows it: a value never stands before its write.
        const at = nowMs();
        const outcome = carryOutWrite(map, request);
        log(at, request, outcome);
        if (outcome.exception !== null) return exceptionPdu(functionCode, outcome.exception);
        // FC 15 and 16 answer with address and count, the single writes with the request's echo.
        return functionCode === 15 || functionCode === 16 ? sent.subarray(0, 5) : sent;
      }
    }
  };

  const log = (at: number, request: ModbusRequest, outcome: WriteAnswer): void => {
    const answer = outcome.exception === null ? 'Good' : `exception ${outcome.exception}`;
    const entry = { at, protocol: 'modbus', answer, auditEntryId: null } as const;
    if (outcome.writes.length > 0) {
      for (const { point, value, verdict } of outcome.writes) {
        const status = verdict === 'applied' || verdict === 'ignored' ? verdict : 'refused';
        writes.append({ ...entry, point, value, status });
      }
      return;
    }
    const touched = map.pointsIn(request.table, request.address, addressCount(request));
    const places = touched.length > 0 ? touched : [`${request.table} ${request.address}`];
    for (const point of places) writes.append({ ...entry, point, value: null, status: 'refused' });
  };

  const unsubscribe = faults.onChange(() => {
    if (faults.active().length > 0) return;
    for (const connection of connections) {
      for (const entry of [...connection.delayed]) {
        clearTimeout(entry.timer);
        connection.delayed.delete(entry);
        send(connection, entry.bytes);
      }
      releaseLate(connection, null);
    }
  });

  const dropConnections = (): void => {
    for (const { socket } of connections) socket.destroy();
  };
  const port = await listenOn(server, settings.host, settings.port);
  return {
    port,
    connections: () => connections.size,
    dropConnections,
    stop: async () => {
      unsubscribe();
      device.stop();
      const closed = closeListener(server);
      dropConnections();
      await closed;
    },
  };
}

function carryOutWrite(
  map: RegisterMap,
  request: Exclude<ModbusRequest, { kind: 'read-bits' | 'read-registers' }>,
): WriteAnswer {
  switch (request.kind) {
    case 'write-bits':
      return map.writeBits(request.address, request.bits);
    case 'write-registers':
      return map.writeWords(request.address, request.words);
    case 'mask-register': {
      const held = map.readWords('holding', request.address, 1)?.[0];
      if (held === undefined) return { exception: illegalAddress, writes: [] };
      const word = (held & request.andMask) | (request.orMask & ~request.andMask & 0xffff);
      return map.writeWords(request.address, [word]);
    }
  }
}

function addressCount(request: ModbusRequest): number {
  switch (request.kind) {
    case 'read-bits':
    case 'read-registers':
      return request.count;
    case 'write-bits':
      return request.bits.length;
    case 'write-registers':
      return request.words.length;
    case 'mask-register':
      return 1;
  }
}

/** Bytes that are no frame: the protocol identifier is not 0. The same each time, so that a failing run can be repeated. */
function garbage(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 167 + 173) & 0xff));
}
