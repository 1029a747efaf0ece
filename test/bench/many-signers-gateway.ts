// The gateway of the case sign-many, in a process of its own: as many signers and setpoints as the case asks for, over
// Modbus TCP to the device that the case runs. Started by cases/sign-many.ts; says on standard output when it is ready, and
// answers each message of its parent with its event loop's delay and its CPU time since the message before.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { protocols } from '../../gateway/drivers/registry.ts';
import { startGateway } from '../../gateway/main.ts';
import { loadSettings } from '../../gateway/settings/load.ts';

const [folder = '', databaseUrl = '', devicePort = '', signers = '', setpoints = ''] = process.argv.slice(2);
const config = join(folder, 'config');

const people = Array.from({ length: Number(signers) }, (_, index) => index);
const count = Number(setpoints);
/** As many again that need a countersignature. */
const tags = ['single', 'pair'].flatMap((policy, half) =>
  Array.from({ length: count }, (_, index) => ({
    id: `${policy.toUpperCase()}.${index}`,
    area: 'site',
    connection: 'device',
    description: `Setpoint ${index}`,
    dataType: 'float32',
    address: { table: 'holding', register: (half * count + index) * 2, type: 'float32' },
    setpoint: { policy, min: 0, max: 1000, tolerance: 0.05, consequence: 'None: it is a bench.', freshnessMs: 60_000 },
  })),
);
const policy = { reasons: ['bench'], meanings: ['responsibility'], timeLimitSeconds: 3600 };
const files = {
  'gateway.yaml': {
    plant: { name: 'Bench', timeZone: 'UTC' },
    demo: {
      accounts: people.map((index) => ({
        name: `signer${index}`,
        printedName: `Signer ${index}`,
        groups: ['signers'],
        may: 'signs',
      })),
    },
    http: { host: '127.0.0.1', port: 0 },
    sessions: { idleMinutes: 20, longestHours: 12 },
    passwords: { shortest: 12, history: 5, expireAfterDays: 90 },
    lockout: { atTerminalAfter: 5, everywhereAfter: 15 },
    groups: [{ id: 'signers', name: 'Signers', grants: [{ area: 'site', allow: ['view', 'command', 'verify'] }] }],
  },
  'areas.yaml': { areas: [{ id: 'site', name: 'Site' }] },
  'connections.yaml': {
    connections: [
      {
        id: 'device',
        protocol: 'modbus',
        options: { endpoint: `tcp://127.0.0.1:${devicePort}`, unit: 1, pollIntervalMs: 100, maxOutstanding: 8 },
      },
    ],
  },
  'signing.yaml': {
    reasons: [{ code: 'bench', text: 'Bench' }],
    policies: [
      { name: 'single', ...policy, signatures: 1 },
      { name: 'pair', ...policy, signatures: 2, countersignMeanings: ['verification'] },
    ],
  },
  'tags.yaml': { tags },
};
await mkdir(config);
// JSON is YAML.
for (const [name, content] of Object.entries(files)) await writeFile(join(config, name), JSON.stringify(content));

const gateway = await startGateway({
  databaseUrl,
  dataFolder: folder,
  settings: loadSettings(config, protocols, {}),
  demoPassword: { value: 'countersign-demo', isDefault: true },
  hmiFolder: null,
  logger: pino({ level: 'silent' }),
  requestsPerMinute: 10_000_000,
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let cpu = { own: process.threadCpuUsage(), all: process.cpuUsage() };
process.on('message', () => {
  const now = { own: process.threadCpuUsage(cpu.own), all: process.cpuUsage(cpu.all) };
  process.send?.({
    p99: delay.percentile(99) / 1e6 - 1,
    longest: delay.max / 1e6 - 1,
    loopCpuMs: (now.own.user + now.own.system) / 1000,
    cpuMs: (now.all.user + now.all.system) / 1000,
  });
  cpu = { own: process.threadCpuUsage(), all: process.cpuUsage() };
  delay.reset();
});
process.on('SIGTERM', () => {
  void gateway.stop('the bench is over').then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));

process.stdout.write(`ready ${gateway.port}\n`);
