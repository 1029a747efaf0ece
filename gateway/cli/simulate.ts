// `countersign simulate`: the simulated plant alone, on the ports of the environment; for a gateway that runs already.
// The demo starts it with the same arguments.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DemoEnvironment, demoEnvironment } from './demo-environment.ts';

export const simulatorScript = fileURLToPath(new URL('../../simulators/main.ts', import.meta.url));

/** For simulators/main.ts; `data` is the demo's data folder, absolute. */
export function simulatorArguments(environment: DemoEnvironment, data: string): readonly string[] {
  const { opcuaPort, modbusPort, controlPort } = environment;
  return [
    '--host',
    '127.0.0.1',
    '--opcua-port',
    String(opcuaPort),
    '--modbus-port',
    String(modbusPort),
    ...(controlPort === null ? [] : ['--control-port', String(controlPort)]),
    '--data',
    join(data, 'simulators'),
  ];
}

/** Runs until it is stopped; resolves with the exit code. */
export async function simulate(env: NodeJS.ProcessEnv): Promise<number> {
  const environment = demoEnvironment(env);
  const child = spawn(
    process.execPath,
    [simulatorScript, ...simulatorArguments(environment, resolve(environment.dataFolder))],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGTERM'));
  return new Promise((resolveCode) => child.once('exit', (code) => resolveCode(code ?? 0)));
}
