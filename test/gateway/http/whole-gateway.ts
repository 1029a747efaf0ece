// A whole gateway for flow tests: real PostgreSQL, the simulated plant over real OPC UA and Modbus, the demo's
// configuration, the real HTTP application. The plant's own write log (`plant.writes`) is what reached the PLCs.
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { AuditRecord } from '../../../gateway/contract/audit-record.ts';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { type Gateway, startGateway } from '../../../gateway/main.ts';
import { loadSettings } from '../../../gateway/settings/load.ts';
import { ApiClient } from '../../support/api-client.ts';
import { startTestServer, type TestDatabase, temporaryFolder } from '../../support/database.ts';
import { startTestPlant, type TestPlant } from '../../support/plant.ts';

export const password = 'seven green herons wade';

export type WholeGateway = {
  readonly origin: string;
  readonly plant: TestPlant;
  readonly database: TestDatabase;
  readonly gateway: Gateway;
  /** Enrolled, signed in, certified. */
  person(name: string): Promise<ApiClient>;
  /** Of a kind, or of all kinds; oldest first. */
  records(kind?: string): Promise<readonly AuditRecord[]>;
  record(seq: unknown): Promise<AuditRecord>;
  stop(): Promise<void>;
};

export async function startWholeGateway(): Promise<WholeGateway> {
  const [server, plant, dataFolder] = await Promise.all([startTestServer(), startTestPlant(), temporaryFolder()]);
  const database = await server.freshDatabase();
  const settings = loadSettings(fileURLToPath(new URL('../../../config/demo', import.meta.url)), protocols, {
    COUNTERSIGN_HTTP_PORT: '0',
    COUNTERSIGN_OPCUA_PORT: String(plant.opcuaPort),
    COUNTERSIGN_MODBUS_PORT: String(plant.modbusPort),
    COUNTERSIGN_DEMO_SETTLE_MS: '0',
  });
  const gateway = await startGateway({
    databaseUrl: database.gatewayUrl,
    dataFolder,
    settings,
    demoPassword: { value: password, isDefault: false },
    hmiFolder: null,
    logger: pino({ level: 'silent' }),
    requestsPerMinute: 100_000,
    verifyAfterMs: 86_400_000,
  });
  const origin = `http://127.0.0.1:${gateway.port}`;
  const records = async (kind?: string): Promise<readonly AuditRecord[]> => {
    const found = await database.pool.query<{ body: Buffer }>(
      'SELECT body FROM log_record WHERE $1::text IS NULL OR kind = $1 ORDER BY seq',
      [kind ?? null],
    );
    return found.rows.map(({ body }) => JSON.parse(body.toString('utf8')) as AuditRecord);
  };
  return {
    origin,
    plant,
    database,
    gateway,
    person: (name) => ApiClient.ready(origin, name, password),
    records,
    record: async (seq) => {
      const found = (await records()).find((record) => record.seq === seq);
      if (found === undefined) throw new Error(`no record ${String(seq)}`);
      return found;
    },
    stop: async () => {
      await gateway.stop('the tests are over');
      await plant.close();
      await database.stop();
      await server.stop();
    },
  };
}
