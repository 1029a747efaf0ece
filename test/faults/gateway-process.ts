// The gateway of a fault run, in a process of its own so that it can be killed: the product's own startGateway, told what
// it needs on standard input, without a limit of requests. Started by scene.ts; ends with its parent.
import { join } from 'node:path';
import { pino } from 'pino';
import { toldByLauncher } from '../../gateway/cli/told.ts';
import { protocols } from '../../gateway/drivers/registry.ts';
import { startGateway } from '../../gateway/main.ts';
import { loadSettings } from '../../gateway/settings/load.ts';

const told = await toldByLauncher(() => process.exit(0));
const dataFolder = String(told.dataFolder);
const gateway = await startGateway({
  databaseUrl: String(told.databaseUrl),
  dataFolder,
  settings: loadSettings(String(told.config), protocols, process.env),
  demoPassword: { value: String(told.password), isDefault: true },
  hmiFolder: null,
  logger: pino(
    { level: 'warn' },
    pino.destination({ dest: join(dataFolder, 'logs', 'gateway.log'), mkdir: true, sync: true }),
  ),
  requestsPerMinute: 1_000_000,
});
process.stdout.write(`${JSON.stringify({ ready: true, port: gateway.port })}\n`);
