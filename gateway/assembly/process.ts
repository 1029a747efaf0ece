// The gateway as a process: told its secrets on standard input by cli/demo.ts, says when it is ready, stops in order on a
// signal or when the launcher is gone. Decides nothing itself.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { defaultDemoPassword } from '../cli/demo-environment.ts';
import { toldByLauncher } from '../cli/told.ts';
import { protocols } from '../drivers/registry.ts';
import { startGateway } from '../main.ts';
import { loadSettings } from '../settings/load.ts';

async function runAsProcess(): Promise<void> {
  let askStop: (reason: string) => void = () => undefined;
  const stopAsked = new Promise<string>((resolve) => {
    askStop = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => askStop(signal));
  const told = await toldByLauncher(() => askStop('the launcher is gone'));
  const text = (name: string): string => {
    const value = told[name];
    if (typeof value !== 'string') throw new Error(`the launcher told no ${name}`);
    return value;
  };
  const dataFolder = text('dataFolder');
  const demoPassword = text('demoPassword');
  const logger = pino(
    { level: 'info' },
    pino.destination({ dest: join(dataFolder, 'logs', 'gateway.log'), mkdir: true, sync: false }),
  );
  const gateway = await startGateway({
    databaseUrl: text('databaseUrl'),
    dataFolder,
    settings: loadSettings(text('config'), protocols, process.env),
    demoPassword: { value: demoPassword, isDefault: demoPassword === defaultDemoPassword },
    hmiFolder: fileURLToPath(new URL('../../hmi-web/dist', import.meta.url)),
    logger,
  });
  process.stdout.write(`${JSON.stringify({ ready: true, port: gateway.port })}\n`);
  const reason = await stopAsked;
  await gateway.stop(reason);
}

try {
  await runAsProcess();
  process.exit(0);
} catch (fault) {
  // One clear line (or the list of configuration mistakes) for the person who starts it.
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  process.exit(1);
}
