// The simulated plant in the caller's own process: physics, OPC UA server, Modbus server, faults and write log together.
// Called by main.ts and by tests. It listens on loopback only and keeps nothing but certificates in its data folder.
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createFaultBoard, type FaultBoard } from './faults/fault-board.ts';
import { type ModbusServer, startModbusServer } from './modbus-server/server.ts';
import type { OpcUaServer } from './opcua-server/server.ts';
import { createSimulatedPlant, type SimulatedPlant } from './plant/plant.ts';
import { createShownHistory, type ShownHistory } from './shown-history.ts';
import { createWriteLog, type WriteLog } from './write-log.ts';

export type StartPlantSettings = {
  readonly seed: number;
  /** A loopback address; 127.0.0.1 unless given. */
  readonly host?: string;
  /** 0 (the default): any free port. */
  readonly opcuaPort?: number;
  readonly modbusPort?: number;
  /** For the OPC UA server's key and certificates. */
  readonly dataFolder: string;
  /** false leaves the server out, and its second of start-up. */
  readonly opcua?: boolean;
  readonly modbus?: boolean;
  /** What Modbus requests to units other than 1 get. */
  readonly otherUnits?: 'exception' | 'silence';
  /** The controllers' clock, milliseconds since 1970. */
  readonly nowMs?: () => number;
};

export type RunningPlant = {
  /** 0 where the server was left out. */
  readonly opcuaPort: number;
  readonly modbusPort: number;
  readonly opcuaEndpoint: string;
  readonly modbusEndpoint: string;
  readonly plant: SimulatedPlant;
  readonly writes: WriteLog;
  /** What the devices showed of the writable points, and when. */
  readonly shown: ShownHistory;
  readonly faults: FaultBoard;
  /** As a controller losing power for a moment: every connection is destroyed, new ones are accepted. */
  readonly dropConnections: () => void;
  /** Connections open now, over both protocols. */
  readonly connections: () => number;
  /** Stops servers and physics; resolves when no socket is open. May be called again. */
  readonly stop: () => Promise<void>;
  /** Starts the servers again on the same ports, over the same plant, write log and faults; stops them first if need be. */
  readonly restart: () => Promise<void>;
};

const scanMs = 100;
/** Real time that one scan may make up for, after the process was held up. */
const mostCatchUpSeconds = 2;

/** Rejects with PortTaken, with a RangeError for a host off loopback, and where the data folder cannot be written. */
export async function startPlant(settings: StartPlantSettings): Promise<RunningPlant> {
  const host = settings.host ?? '127.0.0.1';
  if (!/^(127(\.\d{1,3}){3}|localhost|::1)$/.test(host))
    throw new RangeError(`it listens on loopback only, not on ${host}`);
  await checkWritable(settings.dataFolder);
  const plant = createSimulatedPlant(settings.seed);
  const writes = createWriteLog();
  const shown = createShownHistory(plant.points.filter(({ accepts }) => accepts !== null).map(({ name }) => name));
  const faults = createFaultBoard();
  const nowMs = settings.nowMs ?? Date.now;
  let opcuaPort = settings.opcuaPort ?? 0;
  let modbusPort = settings.modbusPort ?? 0;
  let opcua: OpcUaServer | null = null;
  let modbus: ModbusServer | null = null;
  let scan: NodeJS.Timeout | null = null;

  const start = async (): Promise<void> => {
    try {
      if (settings.modbus !== false) {
        const otherUnits = settings.otherUnits ?? 'exception';
        modbus = await startModbusServer({ host, port: modbusPort, plant, faults, writes, shown, nowMs, otherUnits });
        modbusPort = modbus.port;
      }
      if (settings.opcua !== false) {
        // Loaded only where it is wanted: node-opcua takes half a second to load.
        const { startOpcUaServer } = await import('./opcua-server/server.ts');
        const pkiFolder = join(settings.dataFolder, 'opcua-simulator-pki');
        opcua = await startOpcUaServer({ host, port: opcuaPort, plant, faults, writes, shown, nowMs, pkiFolder });
        opcuaPort = opcua.port;
      }
    } catch (error) {
      await stop();
      throw error;
    }
    let lastMs = performance.now();
    scan = setInterval(() => {
      const elapsedSeconds = (performance.now() - lastMs) / 1000;
      lastMs += elapsedSeconds * 1000;
      plant.step(Math.min(elapsedSeconds, mostCatchUpSeconds));
      opcua?.publish();
    }, scanMs);
  };

  const stop = async (): Promise<void> => {
    if (scan !== null) clearInterval(scan);
    scan = null;
    const stopping = [opcua, modbus].filter((server) => server !== null);
    opcua = null;
    modbus = null;
    await Promise.all(stopping.map((server) => server.stop()));
  };

  await start();
  return {
    opcuaPort,
    modbusPort,
    opcuaEndpoint: `opc.tcp://${host}:${opcuaPort}`,
    modbusEndpoint: `tcp://${host}:${modbusPort}`,
    plant,
    writes,
    shown,
    faults,
    dropConnections: () => {
      opcua?.dropConnections();
      modbus?.dropConnections();
    },
    connections: () => (opcua?.connections() ?? 0) + (modbus?.connections() ?? 0),
    stop,
    restart: async () => {
      await stop();
      await start();
    },
  };
}

/** Makes the folder where it is missing. Checked here because node-opcua would try for ever to make its own in it. */
export async function checkWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    const probe = await mkdtemp(join(folder, '.writable-'));
    await rmdir(probe);
  } catch (error) {
    throw new Error(`the data folder ${folder} cannot be written; give another with --data`, { cause: error });
  }
}
