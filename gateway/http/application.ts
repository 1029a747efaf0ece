// The HTTP application, built without listening: parsers, guard, answers, documentation, then the routes it is given.
// Called by main.ts and by tests. It refuses to be ready while any route has not declared who may call it.
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyBaseLogger, LogController, type RouteOptions } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { GatewayError } from '../contract/problem.ts';
import type { AppendAudit } from '../identity/ports.ts';
import { installDocumentation } from './documentation.ts';
import { type GuardParts, installGuard } from './guard.ts';
import { bodyLimitBytes, installJsonBody } from './json-body.ts';
import { peerAddress } from './peer-address.ts';
import { answerBrokenRequest, asGatewayError, installProblemAnswers, sendProblem } from './problem-answers.ts';
import { createRefusalRecords } from './refusal-records.ts';
import { type Application, requireDeclaredAccess } from './route-access.ts';
import { installSecureHeaders } from './secure-headers.ts';
import { serverOptions } from './server-options.ts';

export type ApplicationParts = {
  readonly guard: GuardParts;
  readonly append: AppendAudit;
  readonly version: string;
  /** Pino or compatible; false for none. */
  readonly logger: FastifyBaseLogger | false;
  /** Served over TLS. */
  readonly secure: boolean;
  /** Requests an address may make per minute, all routes together. */
  readonly requestsPerMinute: number;
};

/** Adds its routes under `/api/v1` or wherever it says; main.ts gives each module its own parts. */
export type RouteModule = (app: Application) => void;

const refusalFlushMs = 15_000;

/** Not listening yet; `await app.ready()` rejects when a route lacks `config.access`. */
export function buildApplication(parts: ApplicationParts, modules: readonly RouteModule[]): Application {
  const app: Application = Fastify({
    ...(parts.logger === false ? { logger: false } : { loggerInstance: parts.logger }),
    bodyLimit: bodyLimitBytes,
    // Addresses come from the socket alone; a trusted proxy is a matter for the hardened set-up.
    trustProxy: false,
    requestTimeout: 30_000,
    http: serverOptions,
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket),
    // An address that cannot be decoded, or is too long, ends before every hook.
    frameworkErrors: (error, request, reply) => void sendProblem(request, reply, asGatewayError(error)),
    routerOptions: { caseSensitive: true, maxParamLength: 256 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  // What the client expects besides is not known here; the request is answered as if it had not asked (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', async () => requireDeclaredAccess(routes));

  const refusals = createRefusalRecords(parts.append, parts.guard.now);
  app.decorate('refusals', refusals);
  const flushTimer = setInterval(() => {
    refusals.flush().catch((error: unknown) => app.log.error({ err: error }, 'counted refusals could not be recorded'));
  }, refusalFlushMs);
  flushTimer.unref();
  app.addHook('onClose', async () => {
    clearInterval(flushTimer);
    await refusals.flush();
  });

  installJsonBody(app);
  installProblemAnswers(app, { refusals, recordTerminal: (id) => parts.guard.terminals.recordTerminal(id) });
  installSecureHeaders(app, { secure: parts.secure, origins: parts.guard.origins });
  void app.register(cookie);
  void app.register(rateLimit, {
    max: parts.requestsPerMinute,
    timeWindow: 60_000,
    cache: 10_000,
    keyGenerator: (request) => peerAddress(request.socket.remoteAddress),
    errorResponseBuilder: (_request, context) =>
      new GatewayError('too-many-requests', `Too many requests from this address; try again in ${context.after}.`),
  });
  // After the cookies are parsed and the flood is dammed, before any route of the plugins and modules below.
  app.after(() => installGuard(app, parts.guard));
  installDocumentation(app, parts.version);
  // In a plugin of their own, so that the documentation and the limits above see every one of them.
  void app.register(async (scope) => {
    for (const module of modules) module(scope as Application);
  });
  return app;
}
