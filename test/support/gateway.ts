// A whole gateway for flow tests: real PostgreSQL, real simulated PLCs, the demo's configuration on free ports, in this
// process; its clients speak HTTP to it like anybody else.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { protocols } from '../../gateway/drivers/registry.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../gateway/main.ts';
import { loadSettings, type Settings } from '../../gateway/settings/load.ts';
import { ApiClient } from './api-client.ts';
import { startTestServer, type TestDatabase, type TestServer, temporaryFolder } from './database.ts';
import { lastingPort } from './lasting-ports.ts';
import { startTestPlant, type TestPlant } from './plant.ts';
import { until } from './until.ts';

export const demoPassword = 'countersign-demo';

export type TestGateway = {
  readonly plant: TestPlant;
  readonly database: TestDatabase;
  readonly server: TestServer;
  readonly dataFolder: string;
  readonly origin: string;
  readonly gateway: () => Gateway;
  /** Signed in at a new terminal of its own, certified. */
  readonly person: (name: string) => Promise<ApiClient>;
  /** Records as the log has them, oldest first, from `after` on; read past the gateway. */
  readonly records: (after?: number) => Promise<readonly LogRecord[]>;
  readonly stopGateway: (reason?: string) => Promise<void>;
  readonly startGateway: () => Promise<void>;
  readonly stop: () => Promise<void>;
};
export type LogRecord = {
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly command?: string;
  readonly actor: { readonly id: string } | null;
  readonly terminal: { readonly id: string } | null;
  readonly address: string | null;
  readonly detail?: Record<string, unknown>;
} & Record<string, unknown>;

export async function startTestGateway(
  options: {
    readonly now?: () => number;
    readonly hmiFolder?: string;
    readonly settings?: (settings: Settings) => Settings;
    readonly requestsPerMinute?: number;
    /** Until the log is verified in the background for the first time; a day unless told. */
    readonly verifyAfterMs?: number;
  } = {},
): Promise<TestGateway> {
  const [server, plant, dataFolder] = await Promise.all([startTestServer(), startTestPlant(), temporaryFolder()]);
  const database = await server.freshDatabase();
  const read = loadSettings(join(import.meta.dirname, '../../config/demo'), protocols, {
    COUNTERSIGN_OPCUA_PORT: String(plant.opcuaPort),
    COUNTERSIGN_MODBUS_PORT: String(plant.modbusPort),
    // The same port again after a restart: clients' proofs name it.
    COUNTERSIGN_HTTP_PORT: String(await lastingPort()),
    // Tests of settling say so themselves.
    COUNTERSIGN_DEMO_SETTLE_MS: '0',
  });
  const settings = options.settings === undefined ? read : options.settings(read);
  let running: Gateway | undefined;
  const start = async (): Promise<void> => {
    const gatewayOptions: GatewayOptions = {
      databaseUrl: database.gatewayUrl,
      dataFolder,
      settings,
      demoPassword: { value: demoPassword, isDefault: true },
      hmiFolder: options.hmiFolder ?? null,
      logger: pino({ level: process.env.COUNTERSIGN_TEST_LOG ?? 'silent' }),
      requestsPerMinute: options.requestsPerMinute ?? 100_000,
      verifyAfterMs: options.verifyAfterMs ?? 86_400_000,
      ...(options.now === undefined ? {} : { now: options.now }),
    };
    running = await startGateway(gatewayOptions);
  };
  const stop = async (): Promise<void> => {
    await running?.stop('end of the test');
    await plant.close();
    await database.stop();
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  };
  try {
    await start();
    await until(() => running?.health().status === 'ready', 'both PLCs to be connected');
  } catch (fault) {
    // Nobody has it yet who could stop it, and PostgreSQL would outlive the tests.
    await stop().catch(() => undefined);
    throw fault;
  }
  const origin = `http://localhost:${settings.http.port}`;
  return {
    plant,
    database,
    server,
    dataFolder,
    origin,
    gateway: () => {
      if (running === undefined) throw new Error('the gateway is stopped');
      return running;
    },
    person: async (name) => {
      const client = await ApiClient.ready(origin, name, demoPassword, options.now ?? Date.now);
      // A connection stands a moment before its first values are there.
      await until(async () => {
        const { tags } = (await client.get<{ tags?: { latest: { reason: string } }[] }>('/tags')).body;
        return tags === undefined || tags.every(({ latest }) => latest.reason !== 'never-read');
      }, 'the first values');
      return client;
    },
    records: async (after = -1) => {
      const found = await database.superuser.query<{ body: Buffer }>(
        'SELECT body FROM log_record WHERE seq > $1 ORDER BY seq',
        [after],
      );
      return found.rows.map((row) => JSON.parse(row.body.toString('utf8')) as LogRecord);
    },
    startGateway: start,
    stopGateway: async (reason = 'test') => {
      await running?.stop(reason);
      running = undefined;
    },
    stop,
  };
}
