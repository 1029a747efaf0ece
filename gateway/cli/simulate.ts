// `countersign simulate`: the simulated plant alone, on the ports of the environment; for a gateway that runs already.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoEnvironment } from './demo-environment.ts';

/** Runs until it is stopped; resolves with the exit code. */
export async function simulate(env: NodeJS.ProcessEnv): Promise<number> {
  const environment = demoEnvironment(env);
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('../../simulators/main.ts', import.meta.url)),
      '--host',
      '127.0.0.1',
      '--opcua-port',
      String(environment.opcuaPort),
      '--modbus-port',
      String(environment.modbusPort),
      '--data',
      join(resolve(environment.dataFolder), 'simulators'),
    ],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGTERM'));
  return new Promise((resolveCode) => child.once('exit', (code) => resolveCode(code ?? 0)));
}
