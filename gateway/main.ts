// The only place of assembly: builds every part in order, starts them, stops them in reverse. Started as a process by
// cli/demo.ts (told its secrets on standard input), and in-process by tests through startGateway. Decides nothing itself.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { openTheArchives } from './assembly/archives.ts';
import { auditParts, exportParts, proofParts } from './assembly/audit-routes.ts';
import { checkElsewhere, startCheckpointPlaces } from './assembly/checkpoint-witnesses.ts';
import { recordCliNotes } from './assembly/cli-notes.ts';
import { openTheDesk } from './assembly/desk.ts';
import { startForwarding } from './assembly/forwarding.ts';
import { healthOf } from './assembly/health.ts';
import { openThePeople } from './assembly/people.ts';
import { openReadingPool } from './assembly/reading.ts';
import { openTheReview } from './assembly/review.ts';
import { version } from './assembly/version.ts';
import { recordConfiguration } from './audit/configuration-record.ts';
import { connectionRecords } from './audit/connection-records.ts';
import { ownEvents } from './audit/own-events.ts';
import { startBackgroundCheck } from './audit/postgres-background-check.ts';
import { openPostgresLog, type PostgresLog } from './audit/postgres-log.ts';
import { movedByPlant } from './commands/moved-by-plant.ts';
import { firstRequirements } from './commands/offering.ts';
import { attributedRecords } from './commands/postgres-attributed-records.ts';
import { unresolvedCommands } from './commands/postgres-unresolved.ts';
import { unattributedChange } from './commands/unattributed-view.ts';
import { watchUnattributed } from './commands/unattributed-watch.ts';
import { UnresolvedOutcomes } from './commands/unresolved-outcomes.ts';
import type { RecordKind } from './contract/audit-record.ts';
import type { Health } from './contract/health.ts';
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
import { auditExportRoutes } from './http/routes/audit-exports.ts';
import { auditProofRoutes } from './http/routes/audit-proofs.ts';
import { auditVerificationRoutes } from './http/routes/audit-verification.ts';
import { commandRoutes } from './http/routes/commands.ts';
import { eventRoutes } from './http/routes/events.ts';
import { healthRoutes } from './http/routes/health.ts';
import { proposalRoutes } from './http/routes/proposals.ts';
import { reviewRoutes } from './http/routes/reviews.ts';
import { tagRoutes } from './http/routes/tags.ts';
import { unattributedChangesRoutes } from './http/routes/unattributed-changes.ts';
import type { People } from './identity/people.ts';
import { postgresProjections } from './identity/postgres-projections.ts';
import { FanOut } from './live/fan-out.ts';
import { RecentTrends } from './live/recent.ts';
import { TagStore } from './live/tag-store.ts';
import type { Settings } from './settings/load.ts';
import { relyingPartyOf } from './signing/relying-party.ts';
import { createSignerChecks } from './signing/signer.ts';

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
  /** From the start to the first pass of the log's verification, ms; so that it does not slow the start down. */
  readonly verifyAfterMs?: number;
};

export type Gateway = {
  readonly port: number;
  readonly health: () => Health;
  /** Finishes what the gate has in hand, records the stop, closes everything. */
  readonly stop: (reason: string) => Promise<void>;
};

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
    onFault: (fault) => reportFault('the files of the log’s new key', fault),
    checkElsewhere: checkElsewhere(settings.checkpoints, options.dataFolder),
  });
  undo.push(() => log.close());
  const pool = newPool(options.databaseUrl, {
    applicationName: 'countersign gateway',
    size: 8,
    onIdleError: (error) => logger.warn({ err: error }, 'database connection lost'),
  });
  undo.push(() => pool.end());
  const questions = openReadingPool(options.databaseUrl, (error) =>
    logger.warn({ err: error }, 'database connection lost'),
  );
  undo.push(() => questions.end());
  const configuration = await recordConfiguration(settings, log.append, log.lookUpStanding, (subject, document) =>
    postgresProjections(pool).write(subject, document),
  );

  const people = await openThePeople(options, log, pool, now, reportFault, undo);
  const forwarding = startForwarding({ receivers: settings.forwarding, log, pool, now, reportFault });
  undo.push(() => forwarding.stop());
  const archives = openTheArchives({
    log,
    pool,
    dataFolder: options.dataFolder,
    days: settings.retention,
    receivers: settings.forwarding.map(({ name }) => name),
    now,
    wait,
    reportFault,
  });
  undo.push(() => archives.stop());
  const cliNotes = recordCliNotes({ append: log.append, pool, dataFolder: options.dataFolder, wait, reportFault });
  undo.push(() => cliNotes.stop());
  const places = startCheckpointPlaces({ settings: settings.checkpoints, log, pool, reportFault });
  undo.push(() => places.stop());
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
  const verification = startBackgroundCheck({
    databaseUrl: options.databaseUrl,
    vkey: () => log.vkey,
    checkpoint: () => log.checkpoint(),
    append: log.append,
    now,
    wait,
    firstAfterMs: options.verifyAfterMs ?? 60_000,
    ...settings.verification,
    announce: (view) => live?.verification(view),
    reportFault,
  });
  undo.push(() => verification.stop());
  const health = (): Health => healthOf(phase, plant.demo, log, supervisor, forwarding, places, verification.view());
  const metrics = gatewayMetrics(health);
  const desk = openTheDesk(
    { settings, log, pool, people, checks, configuration, store, supervisor, now, wait, reportFault },
    (view) => {
      metrics.countCommand(view);
      watch.command(view);
      unresolved.take(view);
      live?.command(view);
    },
  );

  const { events, words } = settings.messages;
  const reportEvent = ownEvents({ now, append: log.append, plant, languages: words.languages, events });
  const reviewing = openTheReview({
    settings,
    log,
    pool: questions,
    people,
    checks,
    configuration: () => configuration,
    now,
  });
  const guard = guardPartsOf(people, origins);
  const reading = { log, pool: questions, plant, words };
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
          archives,
          logKey: { vkey: () => log.vkey, rotate: log.rotateKey },
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
          firstSignature: (caller, tag, alone) => firstRequirements(tag, caller, alone, checks),
        }),
      (scope) => commandRoutes(scope, { desk }),
      (scope) => proposalRoutes(scope, { desk }),
      (scope) => eventRoutes(scope, { words, post: reportEvent }),
      (scope) => auditRoutes(scope, auditParts(reading)),
      (scope) => auditExportRoutes(scope, exportParts(reading, people, options.databaseUrl, now)),
      (scope) => reviewRoutes(scope, { reviewing }),
      (scope) => auditVerificationRoutes(scope, { view: verification.view }),
      (scope) => auditProofRoutes(scope, proofParts(log, questions, places)),
      (scope) =>
        unattributedChangesRoutes(scope, {
          mayDo,
          readRecords: async (limit) =>
            (await auditParts(reading).readPage({ kind: 'setpoint.unattributed' }, null, limit)).records,
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
