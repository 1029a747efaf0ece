// `npm start` and `countersign demo`: embedded PostgreSQL (or the one of COUNTERSIGN_DATABASE_URL), maintenance process,
// simulated plant, gateway; says when all of it is ready, stops it in reverse. Each is a process of its own: the database
// owner's credential is known here and in the maintenance process, never in the gateway's.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { type Child, ChildSaidWhy, startChild } from './child.ts';
import { type HeldFolder, holdDataFolder } from './data-folder.ts';
import { type DemoEnvironment, demoEnvironment } from './demo-environment.ts';
import { portTrouble } from './free-port.ts';
import { simulatorArguments, simulatorScript } from './simulate.ts';
import { StartRefused } from './start-refused.ts';

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What is running, in the order of its start. */
type Running = { readonly name: string; readonly stop: () => Promise<void> }[];

/**
 * All of it at once, each part told what it waits for when that is known: most of a start is loading code, which needs
 * nobody. Order comes from that: no gateway without its role, no maintenance without the database.
 */
async function startDemo(
  environment: DemoEnvironment,
  folder: HeldFolder,
  running: Running,
  onLoss: (line: string, fatal: boolean) => void,
): Promise<void> {
  const data = folder.path;
  const runFile = join(data, 'run', 'gateway.json');
  const children = childEnvironment(data);
  const database =
    environment.databaseUrl === null
      ? startEmbeddedPostgres({ dataFolder: data })
      : Promise.resolve({ ownerUrl: environment.databaseUrl, pid: null, exited: null, stop: async () => undefined });
  const maintenance = startChild(
    'The maintenance process',
    script('./maintenance.ts'),
    [],
    database.then((running) => ({
      ownerUrl: running.ownerUrl,
      mode: 'demo',
      dataFolder: data,
      server: running.pid === null ? null : { pid: running.pid, cluster: running.cluster },
    })),
    children,
  );
  const databaseUrl = maintenance.then(({ ready }) => {
    if (typeof ready.gatewayUrl === 'string') return ready.gatewayUrl;
    throw new Error('the maintenance process named no database address');
  });
  const config = script('../../config/demo');
  const gateway = startChild(
    'The gateway',
    script('../assembly/process.ts'),
    [],
    databaseUrl.then((url) => ({
      databaseUrl: url,
      dataFolder: data,
      config,
      demoPassword: environment.password,
    })),
    { ...children, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '8' },
  );
  const plant = startSimulators(environment, data, children);
  const whole = await Promise.allSettled([database, maintenance, plant, gateway]);

  // Whatever came up is stopped in this order reversed, also when another part did not come up.
  const [server, keeper, simulators, hmi] = whole;
  if (server.status === 'fulfilled') {
    running.push({ name: 'PostgreSQL', stop: () => server.value.stop() });
    void server.value.exited?.then(() => onLoss('PostgreSQL ended unexpectedly.', true));
  }
  if (keeper.status === 'fulfilled') {
    running.push({ name: 'maintenance', stop: () => keeper.value.stop() });
    void keeper.value.exited.then(() => onLoss('The maintenance process ended unexpectedly.', true));
  }
  if (simulators.status === 'fulfilled') {
    running.push({ name: 'simulated plant', stop: () => simulators.value.stop() });
    // The gateway lives on without its PLCs and shows their loss; that is what it is for.
    void simulators.value.exited.then(({ signal, code }) =>
      onLoss(
        `The simulated plant ended (${signal ?? `exit code ${code}`}). Start it again with: npx countersign simulate`,
        false,
      ),
    );
  }
  if (hmi.status === 'fulfilled') {
    running.push({ name: 'gateway', stop: () => hmi.value.stop(15_000) });
    void hmi.value.exited.then(({ code, signal }) =>
      onLoss(`The gateway ended unexpectedly (${signal ?? `exit code ${code}`}).`, true),
    );
  }
  for (const part of whole) if (part.status === 'rejected') throw part.reason;
  const url = await databaseUrl;
  writeFileSync(
    runFile,
    `${JSON.stringify({ databaseUrl: url, http: `http://localhost:${environment.httpPort}` })}\n`,
    { mode: 0o600 },
  );
  running.push({ name: 'run file', stop: async () => rmSync(runFile, { force: true }) });
}

/** Compiled code is kept between starts, where only this user writes: it is run as it lies there. */
function childEnvironment(data: string): NodeJS.ProcessEnv {
  const cache = join(data, 'run', 'compiled');
  return { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? cache };
}

function startSimulators(
  environment: DemoEnvironment,
  data: string,
  processEnvironment: NodeJS.ProcessEnv,
): Promise<Child> {
  return startChild(
    'The simulated plant',
    simulatorScript,
    simulatorArguments(environment, data),
    {},
    processEnvironment,
  );
}

async function refuseTakenPorts(environment: DemoEnvironment): Promise<void> {
  const wanted = [
    ['HTTP', '127.0.0.1', environment.httpPort, 'COUNTERSIGN_HTTP_PORT'],
    ['HTTP', '::1', environment.httpPort, 'COUNTERSIGN_HTTP_PORT'],
    ['OPC UA', '127.0.0.1', environment.opcuaPort, 'COUNTERSIGN_OPCUA_PORT'],
    ['Modbus', '127.0.0.1', environment.modbusPort, 'COUNTERSIGN_MODBUS_PORT'],
    ...(environment.controlPort === null
      ? []
      : ([['control', '127.0.0.1', environment.controlPort, 'COUNTERSIGN_CONTROL_PORT']] as const)),
  ] as const;
  for (const [what, host, port, variable] of wanted) {
    const trouble = await freeWithin(host, port, 3000);
    if (trouble === null || (trouble === 'no-address' && host === '::1')) continue;
    const why = {
      taken: `is taken by another program. Stop that program, or choose another port with ${variable}.`,
      'not-permitted': `may not be used by this user. Choose one from 1024 on with ${variable}.`,
      'no-address': `cannot be had on ${host}. Give this machine that address, or choose another port with ${variable}.`,
    }[trouble];
    throw new StartRefused(`Port ${port} (${what}) ${why}`);
  }
}

/** A predecessor that was killed hard may need a moment to let go of its port. */
async function freeWithin(host: string, port: number, waitMs: number): ReturnType<typeof portTrouble> {
  const startedMs = performance.now();
  for (;;) {
    const trouble = await portTrouble(host, port);
    if (trouble !== 'taken' || performance.now() - startedMs > waitMs) return trouble;
    await new Promise((next) => setTimeout(next, 200));
  }
}

function sayReady(environment: DemoEnvironment, secondsTaken: number): void {
  const password = environment.passwordIsDefault
    ? `password ${environment.password}`
    : 'password as in COUNTERSIGN_DEMO_PASSWORD at the first start';
  process.stdout.write(
    [
      '',
      `Countersign is ready after ${secondsTaken.toFixed(1)} s: http://localhost:${environment.httpPort}`,
      '  This is a demo: a simulated plant, known passwords, loopback only.',
      `  Accounts: operator, supervisor, engineer, qa, admin (${password})`,
      `  Simulated PLCs: opc.tcp://127.0.0.1:${environment.opcuaPort} (OPC UA), 127.0.0.1:${environment.modbusPort} (Modbus TCP)`,
      `  Data: ${resolve(environment.dataFolder)}`,
      '  Ctrl-C stops all of it.',
      '',
    ].join('\n'),
  );
}

/** Runs until it is told to stop; resolves with the exit code. */
export async function demo(env: NodeJS.ProcessEnv): Promise<number> {
  const startedMs = performance.now();
  const running: Running = [];
  let folder: HeldFolder | undefined;
  let stopping = false;
  let askStop: (code: number) => void = () => undefined;
  const stopAsked = new Promise<number>((resolveStop) => {
    askStop = resolveStop;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => askStop(0));
  const onLoss = (line: string, fatal: boolean): void => {
    if (stopping) return;
    process.stderr.write(`${line}\n`);
    if (fatal) askStop(1);
  };
  let code = 1;
  try {
    const environment = demoEnvironment(env);
    folder = holdDataFolder(resolve(environment.dataFolder));
    await refuseTakenPorts(environment);
    const started = startDemo(environment, folder, running, onLoss).then(() => {
      if (!stopping) sayReady(environment, (performance.now() - startedMs) / 1000);
    });
    // A signal while starting: wait for what is being started, so that it can be stopped and nothing stays behind.
    code = await Promise.race([stopAsked, started.then(() => stopAsked)]);
    stopping = true;
    await started.catch(() => undefined);
  } catch (fault) {
    stopping = true;
    if (!(fault instanceof ChildSaidWhy))
      process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
    code = 1;
  }
  for (const part of running.reverse()) {
    await part
      .stop()
      .catch((fault: unknown) =>
        process.stderr.write(`${part.name}: ${fault instanceof Error ? fault.message : String(fault)}\n`),
      );
  }
  folder?.release();
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(await demo(process.env));
