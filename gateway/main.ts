// The only place of assembly: builds every part in order, starts them, stops them in reverse. Started as a process by
// cli/demo.ts (told its secrets on standard input), and in-process by tests through startGateway. Decides nothing itself.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import { recordConfiguration } from './audit/configuration-record.ts';
import { connectionRecords } from './audit/connection-records.ts';
import { asCsv, asJsonLines } from './audit/export-formats.ts';
import { openPostgresLog, type PostgresLog } from './audit/postgres-log.ts';
import { readRecords, streamRecords } from './audit/postgres-records.ts';
import { type Desk, openDesk } from './commands/desk.ts';
import { movedByPlant } from './commands/moved-by-plant.ts';
import { attributedRecords } from './commands/postgres-attributed-records.ts';
import { commandRecords } from './commands/postgres-command-records.ts';
import { unresolvedCommands } from './commands/postgres-unresolved.ts';
import { unattributedChange } from './commands/unattributed-view.ts';
import { watchUnattributed } from './commands/unattributed-watch.ts';
import { UnresolvedOutcomes } from './commands/unresolved-outcomes.ts';
import type { RecordKind } from './contract/audit-record.ts';
import type { Health } from './contract/health.ts';
import { GatewayError } from './contract/problem.ts';
import type { ConnectionView } from './contract/tag.ts';
import { newClient, newPool } from './database/connection.ts';
import { writerLock } from './database/schema.ts';
import { protocols } from './drivers/registry.ts';
import { Supervisor } from './drivers/supervisor.ts';
import { buildApplication } from './http/application.ts';
import { installHmiFiles } from './http/hmi-files.ts';
import { listen } from './http/listen.ts';
import { liveAuthentication } from './http/live-authentication.ts';
import { type LiveSocket, openLiveSocket } from './http/live-socket.ts';
import { gatewayMetrics } from './http/metrics.ts';
import { guardPartsOf } from './http/people-guard.ts';
import { peopleRoutes } from './http/people-routes.ts';
import { areaRoutes } from './http/routes/areas.ts';
import { auditRoutes } from './http/routes/audit.ts';
import { commandRoutes } from './http/routes/commands.ts';
import { healthRoutes } from './http/routes/health.ts';
import { proposalRoutes } from './http/routes/proposals.ts';
import { tagRoutes } from './http/routes/tags.ts';
import { unattributedChangesRoutes } from './http/routes/unattributed-changes.ts';
import { fileSecret } from './identity/file-secret.ts';
import { createPasswordHasher } from './identity/password-hash.ts';
import { openPeople, type People } from './identity/people.ts';
import { postgresProjections } from './identity/postgres-projections.ts';
import { FanOut } from './live/fan-out.ts';
import { RecentTrends } from './live/recent.ts';
import { TagStore } from './live/tag-store.ts';
import { loadSettings, type Settings } from './settings/load.ts';
import { relyingPartyOf } from './signing/relying-party.ts';
import { createSignerChecks, type SignerChecks } from './signing/signer.ts';

export type GatewayOptions = {
  /** The gateway's own role. */
  readonly databaseUrl: string;
  readonly dataFolder: string;
  readonly settings: Settings;
  /** Initial password of the demo's accounts, and whether it is the published one. */
  readonly demoPassword: { readonly value: string; readonly isDefault: boolean };
  /** Absolute path of the built HMI; null: none is served. */
  readonly hmiFolder: string | null;
  readonly logger: Logger;
  /** Wall clock, ms since the epoch; tests move it. */
  readonly now?: () => number;
  readonly requestsPerMinute?: number;
};

export type Gateway = {
  readonly port: number;
  readonly health: () => Health;
  /** Finishes what the gate has in hand, records the stop, closes everything. */
  readonly stop: (reason: string) => Promise<void>;
};

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

const wait = async (ms: number): Promise<void> => {
  await pause(ms, undefined, { ref: false });
};

/** Rejects with LogTrouble, GatewayError or the system's error where a part cannot start; then nothing is left running. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    return await assemble(options, undo);
  } catch (fault) {
    await unwind(undo, options.logger);
    throw fault;
  }
}

async function assemble(options: GatewayOptions, undo: (() => Promise<void> | void)[]): Promise<Gateway> {
  const { settings, logger } = options;
  const { plant } = settings;
  const now = options.now ?? Date.now;
  const reportFault = (context: string, fault: unknown): void => logger.error({ err: fault }, context);
  let phase: Health['status'] = 'starting';

  // The log first: nothing may happen that cannot be recorded.
  const log = await openPostgresLog({
    connect: () => newClient(options.databaseUrl, { applicationName: 'countersign log writer' }),
    dataFolder: options.dataFolder,
    now,
    lock: writerLock,
    onState: ({ state, reason }) => logger.warn({ state, reason }, 'audit log'),
  });
  undo.push(() => log.close());
  const pool = newPool(options.databaseUrl, {
    applicationName: 'countersign gateway',
    size: 8,
    onIdleError: (error) => logger.warn({ err: error }, 'database connection lost'),
  });
  undo.push(() => pool.end());
  const configuration = await recordConfiguration(settings, log.append, log.lookUpStanding, (subject, document) =>
    postgresProjections(pool).write(subject, document),
  );

  const people = await openThePeople(options, log, pool, now, reportFault);
  let port = settings.http.port;
  const origins = (): readonly string[] =>
    settings.http.origins.length > 0
      ? settings.http.origins
      : [`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`];
  const checks = createSignerChecks(
    people,
    () => configuration,
    () => relyingPartyOf(origins()),
  );

  // Readings: drivers → tag store → listeners. The live socket joins below, once there is a server.
  const store = new TagStore(plant, now);
  const recent = new RecentTrends(plant.tags, now);
  let live: LiveSocket | undefined;
  const fanOut = new FanOut({ plant, store, now, broadcast: (area, frame) => live?.broadcast(area, frame) });
  store.onBatch((batch) => recent.take(batch));
  store.onBatch((batch) => fanOut.take(batch));
  const lostAfterMs = new Map(plant.connections.map((connection) => [connection.id, connection.lostAfterMs]));
  const watch = watchUnattributed({
    now,
    wait,
    append: log.append,
    tags: plant.tags,
    readAttributedRecords: attributedRecords(pool),
    movedByPlant: movedByPlant(plant.tags, (tag) => store.latest(tag)),
    lostAfterMs: (tag) => lostAfterMs.get(tag.connection) ?? 0,
    announce: (change) => live?.unattributed(change),
    reportFault,
  });
  undo.push(() => watch.stop());
  store.onBatch((batch) => watch.take(batch));
  const connectionLog = connectionRecords(log.append, wait);
  const supervisor = new Supervisor({
    plant,
    protocols,
    now,
    dataFolder: join(options.dataFolder, 'drivers'),
    listener: {
      samples: (batch) => store.apply(batch),
      vouched: (tagIndexes, atMs) => store.vouched(tagIndexes, atMs),
      connection: (view: ConnectionView) => {
        connectionLog.take(view);
        live?.connection(view);
      },
    },
  });

  const unresolved = new UnresolvedOutcomes();
  const health = (): Health => healthOf(phase, plant.demo, log, supervisor);
  const metrics = gatewayMetrics(health);
  const desk = openTheDesk(
    { settings, log, pool, people, checks, configuration, store, supervisor, now, reportFault },
    (view) => {
      metrics.countCommand(view);
      watch.command(view);
      unresolved.take(view);
      live?.command(view);
    },
  );

  const guard = guardPartsOf(people, origins);
  const secure = settings.http.origins.some((origin) => origin.startsWith('https:'));
  const mayDo: People['access']['mayDo'] = (caller, permission, area) => people.access.mayDo(caller, permission, area);
  const readLatest: TagStore['latest'] = (tag) => store.latest(tag);
  const app = buildApplication(
    { guard, append: log.append, version, logger, secure, requestsPerMinute: options.requestsPerMinute ?? 1200 },
    [
      (scope) =>
        peopleRoutes(scope, {
          people,
          checks,
          configuration: () => configuration,
          guard,
          plant: {
            ...people.parts.plant,
            version,
            demoAccounts: plant.demo
              ? settings.demoAccounts.map(({ name, printedName, may }) => ({ name, printedName, may }))
              : [],
          },
          screens: settings.screens,
          secure,
        }),
      (scope) => areaRoutes(scope, { plant, mayDo }),
      (scope) =>
        tagRoutes(scope, {
          plant,
          mayDo,
          readLatest,
          readRecent: (tags) => recent.read(tags),
          unresolved: (tag) => unresolved.of(tag),
          now,
          connections: () => supervisor.connections(),
        }),
      (scope) => commandRoutes(scope, { desk }),
      (scope) => proposalRoutes(scope, { desk }),
      (scope) => auditRoutes(scope, auditParts(log, pool)),
      (scope) =>
        unattributedChangesRoutes(scope, {
          mayDo,
          readRecords: async (limit) =>
            (await auditParts(log, pool).readPage({ kind: 'setpoint.unattributed' }, null, limit)).records,
          asChange: unattributedChange,
        }),
      (scope) => healthRoutes(scope, { health, metrics: metrics.registry, metricsForAll: false }),
      (scope) => {
        if (options.hmiFolder !== null) installHmiFiles(scope, options.hmiFolder);
      },
    ],
  );
  undo.push(() => app.close());
  live = openLiveSocket({
    server: app.server,
    areas: plant.areas,
    now,
    authenticateLive: liveAuthentication(app, guard, people),
    stillValid: (sessionId) => people.sessions.isLive(sessionId),
    feed: {
      layout: (areas) => fanOut.layout(areas),
      follow: (subscriber, areas) => fanOut.follow(subscriber, areas),
      leave: (subscriber) => fanOut.leave(subscriber),
    },
  });
  people.sessions.onEnd((sessionId, code, text) => live?.endSession(sessionId, code, text));

  await app.ready();
  const listening = await listen(app, settings.http.host, settings.http.port);
  port = listening.port;
  undo.push(() => listening.close());
  undo.push(() => live?.close());
  undo.push(() => connectionLog.stop());
  undo.push(() => supervisor.stop());
  await supervisor.start();
  fanOut.start();
  undo.push(() => fanOut.stop());
  undo.push(() => desk.drain());

  await log.append({
    kind: 'gateway.started',
    actor: null,
    terminal: null,
    address: null,
    subject: 'gateway',
    detail: { version, configuration },
  });
  phase = 'ready';
  unresolved
    .learn(unresolvedCommands(pool), wait)
    .catch((fault: unknown) => reportFault('unresolved outcomes of earlier runs are not known', fault));
  watch.start().catch((fault: unknown) => reportFault('changes outside of the gateway are not watched', fault));
  // Commands of an earlier run are closed by reading the PLC, while new ones may already be asked (CMD-6).
  desk.recover().catch((fault: unknown) => reportFault('commands of an earlier run could not be closed', fault));

  let stopped: Promise<void> | undefined;
  return {
    port,
    health,
    stop: (reason) => {
      stopped ??= (async () => {
        phase = 'stopping';
        await desk.drain();
        await watch.stop();
        await recordStop(log, reason, reportFault);
        await unwind(undo, logger);
      })();
      return stopped;
    },
  };
}

async function openThePeople(
  options: GatewayOptions,
  log: PostgresLog,
  pool: ReturnType<typeof newPool>,
  now: () => number,
  reportFault: (context: string, fault: unknown) => void,
): Promise<People> {
  const { settings } = options;
  const { plant } = settings;
  const hasAccounts = log.standingSubjects().some((subject) => subject.startsWith('account:'));
  const pepper = await fileSecret(join(options.dataFolder, 'keys', 'password.key'), !hasAccounts);
  const people = await openPeople({
    now,
    tick: () => performance.now(),
    append: log.append,
    lookUpStanding: log.lookUpStanding,
    table: postgresProjections(pool),
    hasher: createPasswordHasher(pepper, { atOnce: availableParallelism(), maxWaiting: 64 }),
    areas: plant.areas,
    groups: settings.groups,
    plant: { name: plant.name, timeZone: plant.timeZone, demo: plant.demo },
    sessions: { idleMs: settings.sessions.idleMinutes * 60_000, longestMs: settings.sessions.longestHours * 3_600_000 },
    passwords: settings.passwords,
    lockout: { atTerminalAfter: settings.lockout.atTerminalAfter, everywhereAfter: settings.lockout.everywhereAfter },
    reportFault,
  });
  if (plant.demo)
    await people.ensureAccounts(settings.demoAccounts, {
      password: options.demoPassword.value,
      isDemoDefault: options.demoPassword.isDefault,
      renew: true,
    });
  return people;
}

type DeskNeeds = {
  readonly settings: Settings;
  readonly log: PostgresLog;
  readonly pool: ReturnType<typeof newPool>;
  readonly people: People;
  readonly checks: SignerChecks;
  readonly configuration: { readonly seq: number; readonly digest: string };
  readonly store: TagStore;
  readonly supervisor: Supervisor;
  readonly now: () => number;
  readonly reportFault: (context: string, fault: unknown) => void;
};

function openTheDesk(needs: DeskNeeds, announce: Parameters<typeof openDesk>[0]['announce']): Desk {
  const { settings, log, pool, people, checks, store, supervisor } = needs;
  return openDesk({
    now: needs.now,
    wait,
    append: log.append,
    tags: new Map(settings.plant.tags.map((tag) => [tag.id, tag])),
    readLatest: (tag) => store.latest(tag),
    readDevice: async (tag, timeoutMs) => {
      const reading = await supervisor.read(tag, timeoutMs);
      // What the gate has just read is newer than what any subscription or poll brought: who looks next sees it too.
      if (reading.ok) store.apply([reading.sample]);
      return reading;
    },
    writeToPlc: (write) => supervisor.write(write),
    mayDo: (caller, permission, area) => people.access.mayDo(caller, permission, area),
    mayStillSign: (signer, permission, area) => people.access.personMay(signer, permission, area),
    checkSigner: (...question) => checks.checkSigner(...question),
    publicKeyOf: (id) => {
      const terminal = people.terminals.get(id)?.document;
      return terminal?.status === 'active' ? terminal.publicKey : undefined;
    },
    componentsNeeded: (caller, policy) => checks.componentsNeeded(caller, policy),
    passkeyRequest: (caller) => checks.passkeyRequest(caller),
    configuration: () => needs.configuration,
    ...commandRecords(pool),
    announce,
    reportFault: needs.reportFault,
  });
}

function auditParts(log: PostgresLog, pool: ReturnType<typeof newPool>): Parameters<typeof auditRoutes>[1] {
  const run = async (text: string, values: readonly unknown[] = []) => {
    try {
      return await pool.query(text, [...values]);
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The log cannot be read at present.', { cause });
    }
  };
  return {
    append: log.append,
    checkpoint: () => log.checkpoint(),
    readPage: (filter, after, limit) => readRecords(run, { ...filter, after: after ?? undefined, limit }),
    exportAs: (format, filter) => {
      const records = streamRecords(run, { ...filter, order: 'oldest-first' });
      return format === 'csv' ? asCsv(records) : asJsonLines(records);
    },
  };
}

function healthOf(phase: Health['status'], demo: boolean, log: PostgresLog, supervisor: Supervisor): Health {
  const writing = log.state().state === 'writing';
  const connections = supervisor.connections();
  const whole = writing && connections.every((connection) => connection.state === 'connected');
  return {
    status: phase === 'ready' && !whole ? 'degraded' : phase,
    version,
    demo,
    parts: {
      database: writing ? 'up' : 'down',
      log: { state: writing ? 'writing' : 'unavailable', size: log.size(), checkpointTime: null },
      connections: Object.fromEntries(connections.map((connection) => [connection.id, connection.state])),
    },
  };
}

async function recordStop(
  log: PostgresLog,
  reason: string,
  reportFault: (context: string, fault: unknown) => void,
): Promise<void> {
  const kind: RecordKind = 'gateway.stopped';
  try {
    await log.append({ kind, actor: null, terminal: null, address: null, subject: 'gateway', detail: { reason } });
  } catch (fault) {
    // A stop must not hang on a lost database; the next start tells by the missing record.
    reportFault('the stop could not be recorded', fault);
  }
}

async function unwind(undo: (() => Promise<void> | void)[], logger: Logger): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (fault) {
      logger.error({ err: fault }, 'a part could not be stopped cleanly');
    }
  }
}

async function runAsProcess(): Promise<void> {
  const { toldByLauncher } = await import('./cli/told.ts');
  const { defaultDemoPassword } = await import('./cli/demo-environment.ts');
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
    hmiFolder: fileURLToPath(new URL('../hmi-web/dist', import.meta.url)),
    logger,
  });
  process.stdout.write(`${JSON.stringify({ ready: true, port: gateway.port })}\n`);
  const reason = await stopAsked;
  await gateway.stop(reason);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await runAsProcess();
    process.exit(0);
  } catch (fault) {
    // One clear line (or the list of configuration mistakes) for the person who starts it.
    process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
    process.exit(1);
  }
}
