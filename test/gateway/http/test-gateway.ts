// The people's half of a gateway for tests: a real database and log, the real application on an ephemeral port, clocks
// that the test moves. No plant, no commands.
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { AuditRecord } from '../../../gateway/contract/audit-record.ts';
import type { AreaId } from '../../../gateway/contract/ids.ts';
import { buildApplication, type RouteModule } from '../../../gateway/http/application.ts';
import type { GuardParts } from '../../../gateway/http/guard.ts';
import { guardPartsOf } from '../../../gateway/http/people-guard.ts';
import { peopleRoutes } from '../../../gateway/http/people-routes.ts';
import type { Application } from '../../../gateway/http/route-access.ts';
import { createPasswordHasher } from '../../../gateway/identity/password-hash.ts';
import { openPeople, type People } from '../../../gateway/identity/people.ts';
import { postgresProjections } from '../../../gateway/identity/postgres-projections.ts';
import type { Group } from '../../../gateway/plant/access.ts';
import type { Area } from '../../../gateway/plant/tag.ts';
import { createSignerChecks, type SignerChecks } from '../../../gateway/signing/signer.ts';
import { ApiClient } from '../../support/api-client.ts';
import { openTestLog, type TestDatabase, type TestLog, type TestServer } from '../../support/database.ts';
import { deriveHere } from '../../support/derive-here.ts';

export const password = 'seven green herons wade';
const area = (id: string, parent: string | null): Area => ({
  id: id as AreaId,
  name: id,
  parent: parent as AreaId | null,
  screen: id === 'upstream' ? 'upstream' : null,
});
export const areas: readonly Area[] = [area('site', null), area('upstream', 'site'), area('utilities', 'site')];
const site = 'site' as AreaId;
export const groups: readonly Group[] = [
  { id: 'operators', name: 'Operators', grants: [{ area: site, allow: ['view', 'command'], deny: [] }] },
  { id: 'supervisors', name: 'Supervisors', grants: [{ area: site, allow: ['view', 'command', 'verify'], deny: [] }] },
  { id: 'administrators', name: 'Administrators', grants: [{ area: site, allow: ['view', 'administer'], deny: [] }] },
];
const firsts = [
  { name: 'operator', printedName: 'Olivia Brandt', groups: ['operators'] },
  { name: 'supervisor', printedName: 'Samuel Okafor', groups: ['supervisors'] },
  { name: 'admin', printedName: 'Ada Marchetti', groups: ['administrators'] },
];

export type TestGateway = {
  readonly origin: string;
  readonly app: Application;
  readonly people: People;
  readonly checks: SignerChecks;
  readonly guard: GuardParts;
  readonly database: TestDatabase;
  readonly log: TestLog;
  readonly faults: unknown[];
  /** Moves both clocks. */
  advance(ms: number): void;
  client(): Promise<ApiClient>;
  /** Enrolled, signed in, certified. */
  ready(username: string): Promise<ApiClient>;
  /** All records so far, or those of one kind, oldest first. */
  records(kind?: string): Promise<AuditRecord[]>;
  record(seq: unknown): Promise<AuditRecord>;
  stop(): Promise<void>;
};

export async function startTestGateway(
  server: TestServer,
  options: {
    readonly demo?: boolean;
    readonly database?: TestDatabase;
    readonly dataFolder?: string;
    readonly pepper?: Uint8Array;
    readonly modules?: readonly RouteModule[];
    readonly hashesWaiting?: number;
    readonly screens?: ReadonlyMap<string, string>;
  } = {},
): Promise<TestGateway> {
  const database = options.database ?? (await server.freshDatabase());
  let shiftMs = 0;
  const now = () => Date.now() + shiftMs;
  const tick = () => performance.now() + shiftMs;
  const log = await openTestLog(database, {
    now,
    ...(options.dataFolder === undefined ? {} : { dataFolder: options.dataFolder }),
  });
  const faults: unknown[] = [];
  const demo = options.demo ?? true;
  const people = await openPeople({
    now,
    tick,
    append: log.log.append,
    lookUpStanding: log.log.lookUpStanding,
    table: postgresProjections(database.pool),
    hasher: createPasswordHasher(
      options.pepper ?? randomBytes(32),
      { atOnce: 2, maxWaiting: options.hashesWaiting ?? 100 },
      deriveHere,
    ),
    areas,
    groups,
    plant: { name: 'Test plant', timeZone: 'UTC', demo },
    sessions: { idleMs: 20 * 60_000, longestMs: 12 * 3_600_000 },
    passwords: { shortest: 12, history: 5, expireAfterDays: 90 },
    lockout: { atTerminalAfter: 5, everywhereAfter: 15 },
    reportFault: (_context, fault) => faults.push(fault),
  });
  await people.ensureAccounts(firsts, { password, isDemoDefault: false, renew: false });
  const configuration = () => ({ seq: 0, digest: 'test' });
  const checks = createSignerChecks(people, configuration);
  let origin = 'http://127.0.0.1:0';
  const guard = guardPartsOf(people, () => [origin, origin.replace('127.0.0.1', 'localhost')]);
  const app = buildApplication(
    { guard, append: log.log.append, version: '0.0.0-test', logger: false, secure: false, requestsPerMinute: 100_000 },
    [
      (scope) =>
        peopleRoutes(scope, {
          people,
          checks,
          configuration,
          guard,
          // Archiving has a test of its own, with a maintenance process.
          archives: {
            archives: {
              due: async () => null,
              underWay: async () => false,
              order: () => Promise.reject(new Error('nothing is due here')),
            },
            list: async () => ({
              due: null,
              retentionDays: { commands: 1, access: 1, operation: 1 },
              archives: [],
            }),
          },
          logKey: { vkey: () => log.log.vkey, rotate: log.log.rotateKey },
          plant: { name: 'Test plant', timeZone: 'UTC', demo, version: '0.0.0-test', demoAccounts: [] },
          screens: options.screens ?? new Map(),
          secure: false,
        }),
      ...(options.modules ?? []),
    ],
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  const records = async (kind?: string): Promise<AuditRecord[]> => {
    const found = await database.pool.query<{ body: Buffer }>('SELECT body FROM log_record ORDER BY seq');
    const all = found.rows.map((row) => JSON.parse(row.body.toString('utf8')) as AuditRecord);
    return kind === undefined ? all : all.filter((record) => record.kind === kind);
  };
  return {
    origin,
    app,
    people,
    checks,
    guard,
    database,
    log,
    faults,
    advance: (ms) => {
      shiftMs += ms;
    },
    client: async () => {
      const client = await ApiClient.create(origin);
      client.now = now;
      return client;
    },
    ready: (username) => ApiClient.ready(origin, username, password, now),
    records,
    record: async (seq) => {
      const found = (await records()).find((record) => record.seq === seq);
      if (found === undefined) throw new Error(`there is no record ${String(seq)}`);
      return found;
    },
    stop: async () => {
      await app.close();
      await log.stop();
      if (options.database === undefined) await database.stop();
    },
  };
}
