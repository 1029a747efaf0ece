// Everything that a fault run works on: PostgreSQL, the gateway as a process, the simulated PLCs in this process; and the
// blows to them. What was killed comes back by itself, as a supervisor would have it. Used by fault-run.ts alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../gateway/database/embedded-postgres.ts';
import { connectAsOwner, prepareDatabase } from '../../gateway/database/prepare.ts';
import type { PointValue } from '../../simulators/plant/points.ts';
import { type RunningPlant, startPlant } from '../../simulators/start-plant.ts';
import { temporaryFolder } from '../support/database.ts';
import type { LogRecord } from '../support/gateway.ts';
import { lastingPorts } from '../support/lasting-ports.ts';
import { writeConfiguration } from './configuration.ts';
import type { Blow } from './trial.ts';

export const password = 'countersign-demo';
/** A part that is not back after this long will not come back. */
const backWithinMs = 90_000;
const refuseConnectionsMs = 600;

export type Scene = {
  readonly origin: string;
  readonly dataFolder: string;
  readonly plant: RunningPlant;
  readonly tolerances: ReadonlyMap<string, number>;
  /** `tag` and `before`: what a forgetful PLC forgets. Synchronous as far as the kill itself goes. */
  readonly strike: (kind: Blow['kind'], tag: string, before: PointValue) => void;
  /** Rejects with what went wrong by itself: a process that ended unasked, a part that did not come back. */
  readonly trouble: Promise<never>;
  /** Resolves when all that was struck is back. */
  readonly whole: () => Promise<void>;
  /** The log's records, oldest first, read past the gateway. */
  readonly records: () => Promise<readonly LogRecord[]>;
  /** Stops everything; removes the data unless told to keep it. */
  readonly stop: (keep: boolean) => Promise<void>;
};

export async function setScene(seed: number): Promise<Scene> {
  const dataFolder = await temporaryFolder();
  const config = join(dataFolder, 'config');
  const tolerances = writeConfiguration(config);
  const [port = 0, opcuaPort = 0, modbusPort = 0] = await lastingPorts(3);
  const plant = await startPlant({ seed, dataFolder: join(dataFolder, 'plant'), opcuaPort, modbusPort });
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataFolder });
  const { ownerUrl } = postgres;
  const owner = await connectAsOwner(ownerUrl);
  const { gatewayUrl } = await prepareDatabase(owner, ownerUrl, 'demo', { password: 'countersign-faults' });
  await owner.end();

  // What was struck when, and when it was back: read where a run breaks off.
  const diary = (line: string): void => {
    appendFileSync(join(dataFolder, 'diary.log'), `${new Date().toISOString()} ${line}\n`);
  };

  const { promise: trouble, reject: report } = Promise.withResolvers<never>();
  // Looked at by whoever races with it; until then it is not unhandled.
  trouble.catch(() => undefined);
  let stopping = false;
  const mending = new Set<Promise<void>>();
  const mend = (work: Promise<void>): void => {
    const done = work.catch(report).finally(() => mending.delete(done));
    mending.add(done);
  };

  let gateway: ChildProcess | null = null;
  let askedToDie = new WeakSet<ChildProcess>();
  const startOnce = async (): Promise<string | null> => {
    const env = {
      ...process.env,
      COUNTERSIGN_HTTP_PORT: String(port),
      COUNTERSIGN_OPCUA_PORT: String(plant.opcuaPort),
      COUNTERSIGN_MODBUS_PORT: String(plant.modbusPort),
      // As the demo's launcher does: a restart compiles nothing anew.
      NODE_COMPILE_CACHE: join(dataFolder, 'cache'),
    };
    const child = spawn(process.execPath, [join(import.meta.dirname, 'gateway-process.ts')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env,
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-4000)));
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify({ databaseUrl: gatewayUrl, dataFolder, config, password })}\n`);
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(`${signal ?? `exit code ${code}`} ${said}`));
      child.once('error', (error) => resolve(error.message));
    });
    const ready = new Promise<true>((resolve) =>
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{"ready"')) resolve(true);
      }),
    );
    gateway = child;
    diary(`gateway ${child.pid} is being started`);
    const tooLong = pause(backWithinMs, `it was not ready within ${backWithinMs} ms ${said}`, { ref: false });
    const outcome = await Promise.race([ready, ended, tooLong]);
    diary(`gateway ${child.pid}: ${typeof outcome === 'string' ? outcome : 'ready'}`);
    if (typeof outcome === 'string') {
      child.kill('SIGKILL');
      return outcome;
    }
    void ended.then((how) => {
      if (stopping) return;
      if (!askedToDie.has(child)) report(new Error(`the gateway ended by itself: ${how}`));
      mend(keepStarting());
    });
    return null;
  };
  /** The database may be away, or the predecessor's lock still held: then it ends, and is started again. */
  const keepStarting = async (): Promise<void> => {
    const endMs = performance.now() + backWithinMs;
    for (;;) {
      const failed = await startOnce();
      if (failed === null || stopping) return;
      if (performance.now() > endMs) throw new Error(`the gateway does not start any more: ${failed}`);
      await pause(200);
    }
  };
  const killGateway = (): void => {
    if (gateway === null || gateway.exitCode !== null || gateway.signalCode !== null) return;
    askedToDie.add(gateway);
    gateway.kill('SIGKILL');
  };

  const watchPostgres = (): void => {
    void postgres.exited.then(() => {
      if (stopping) return;
      mend(
        (async () => {
          diary('PostgreSQL is being started');
          postgres = await startEmbeddedPostgres({ dataFolder });
          diary('PostgreSQL is back');
          if (postgres.ownerUrl !== ownerUrl) throw new Error('PostgreSQL came back under another address');
          watchPostgres();
        })(),
      );
    });
  };
  watchPostgres();
  const killBackend = async (): Promise<void> => {
    try {
      const asking = await connectAsOwner(ownerUrl);
      const found = await asking.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'countersign log writer%'`,
      );
      for (const { pid } of found.rows) process.kill(pid, 'SIGKILL');
      // The server ends all its connections when one of its processes is killed.
      await asking.end().catch(() => undefined);
    } catch {
      // It is down already, by another blow.
    }
  };

  let plcIsDown = false;
  const restartPlc = (forget: (() => void) | null): void => {
    if (plcIsDown) return;
    plcIsDown = true;
    plant.dropConnections();
    forget?.();
    mend(plant.restart().finally(() => (plcIsDown = false)));
  };
  const refuseConnections = (): void => {
    const ids = (['opcua', 'modbus'] as const).map((protocol) =>
      plant.faults.inject({ kind: 'refuse-connections', protocol }),
    );
    plant.dropConnections();
    mend(
      pause(refuseConnectionsMs).then(() => {
        for (const id of ids) plant.faults.remove(id);
      }),
    );
  };

  const failed = await startOnce();
  if (failed !== null) throw new Error(`the gateway did not start: ${failed}`);
  // As the demo's launcher does, so that `countersign audit verify` finds the database.
  mkdirSync(join(dataFolder, 'run'), { recursive: true });
  writeFileSync(join(dataFolder, 'run', 'gateway.json'), JSON.stringify({ databaseUrl: gatewayUrl }));

  return {
    origin: `http://localhost:${port}`,
    dataFolder,
    plant,
    tolerances,
    trouble,
    strike: (kind, tag, before) => {
      diary(`${kind} for ${tag}`);
      switch (kind) {
        case 'kill-gateway':
          return killGateway();
        case 'kill-backend':
          return mend(killBackend());
        case 'kill-postgres':
          try {
            process.kill(postgres.pid, 'SIGKILL');
          } catch {
            // It is down already, by another blow.
          }
          return;
        case 'kill-plc':
          return restartPlc(null);
        case 'kill-plc-forgetful':
          return restartPlc(() => void plant.plant.write(tag, before));
        case 'drop-connections':
          return plant.dropConnections();
        case 'refuse-connections':
          return refuseConnections();
      }
    },
    whole: async () => {
      while (mending.size > 0) await Promise.race([Promise.all(mending), trouble]);
    },
    records: async () => {
      const endMs = performance.now() + backWithinMs;
      for (;;) {
        try {
          return await readRecords(ownerUrl);
        } catch (fault) {
          // It recovers from the last blow.
          if (performance.now() > endMs) throw fault;
          await pause(200);
        }
      }
    },
    stop: async (keep) => {
      stopping = true;
      askedToDie = new WeakSet();
      gateway?.kill('SIGKILL');
      await plant.stop();
      await postgres.stop();
      if (!keep) rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

async function readRecords(ownerUrl: string): Promise<readonly LogRecord[]> {
  const asking = await connectAsOwner(ownerUrl);
  try {
    const found = await asking.query<{ body: Buffer }>('SELECT body FROM log_record ORDER BY seq');
    return found.rows.map((row) => JSON.parse(row.body.toString('utf8')) as LogRecord);
  } finally {
    await asking.end();
  }
}
