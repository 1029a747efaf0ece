// Turns whatever a handler or hook threw into RFC 9457 problem+json, after its record where it is a refusal
// (AUD-1). A fault's cause goes to the gateway's own log, never to the client.
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { RecordTerminal } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { GatewayError, type Problem } from '../contract/problem.ts';
import { problemStatuses } from './problem-statuses.ts';
import type { RefusalRecords } from './refusal-records.ts';
import type { Application } from './route-access.ts';

export type AnswerParts = {
  readonly refusals: RefusalRecords;
  readonly recordTerminal: (id: TerminalId) => RecordTerminal;
};

/** Part of the protocol, a busy gateway or a fault of ours: no refusal of anybody, so no record of its own. */
const unrecorded = new Set<string>([
  'use_dpop_nonce',
  'not-found',
  'too-many-requests',
  'internal-fault',
  'log-unavailable',
  'query-too-long',
  'device-unavailable',
  'starting',
]);

export function installProblemAnswers(app: Application, parts: AnswerParts): void {
  app.setErrorHandler(async (error: FastifyError | GatewayError, request, reply) => {
    const refusal = asGatewayError(error);
    const status = problemStatuses[refusal.code].status;
    if (status >= 500) request.log.error({ err: error, code: refusal.code }, 'request failed');
    let answer = refusal;
    if (refusal.record === undefined && mustRecord(refusal, request)) {
      try {
        const record = await parts.refusals.record({
          kind: request.is404 ? 'request.refused' : (request.routeOptions.config.refusalKind ?? 'request.refused'),
          code: refusal.code,
          detail: refusal.message,
          route: request.is404 ? request.method : `${request.method} ${request.routeOptions.url ?? ''}`,
          actor: request.caller?.actor ?? request.machine?.actor ?? null,
          terminal:
            request.caller?.terminal ??
            (request.provenKey === null ? null : parts.recordTerminal(request.provenKey.id)),
          address: request.peerAddress,
        });
        answer = new GatewayError(refusal.code, refusal.message, { ...refusal, record });
      } catch (cause) {
        request.log.error({ err: cause }, 'a refusal could not be recorded');
        answer = new GatewayError('log-unavailable', 'The audit log cannot be written; nothing was done.', { cause });
      }
    }
    return sendProblem(request, reply, answer);
  });

  app.setNotFoundHandler(async (request, reply) =>
    sendProblem(request, reply, new GatewayError('not-found', 'There is nothing at this address.')),
  );
}

/** A malformed request is recorded where it was an attempt at something that the log follows (`refusalKind`). */
function mustRecord(refusal: GatewayError, request: FastifyRequest): boolean {
  if (unrecorded.has(refusal.code)) return false;
  if (
    refusal.code === 'not-signed-in' ||
    refusal.code === 'proof-missing' ||
    problemStatuses[refusal.code].status === 400
  )
    return !request.is404 && request.routeOptions.config.refusalKind !== undefined;
  return true;
}

/** Sends a refusal as problem+json; also for handlers that answer without throwing. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: GatewayError): FastifyReply {
  const { status, title } = problemStatuses[refusal.code];
  const problem: Problem = {
    type: `urn:countersign:problem:${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail:
      refusal.code === 'internal-fault'
        ? `A fault in the gateway; its log has it under ${request.id}.`
        : refusal.message,
    instance: request.id,
    ...(refusal.field === undefined ? {} : { field: refusal.field }),
    ...(refusal.record === undefined ? {} : { record: refusal.record }),
    ...(refusal.current === undefined ? {} : { current: refusal.current }),
  };
  if (status === 401) void reply.header('www-authenticate', challenge(refusal.code));
  return reply
    .code(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
}

/** What cannot be read as HTTP never becomes a request: it is answered here, and the connection closed. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const code = 'malformed-request';
  const { status, title } = problemStatuses[code];
  const detail = 'The request’s head is no HTTP/1.1, too large, or took too long.';
  const body = JSON.stringify({ type: `urn:countersign:problem:${code}`, title, status, code, detail });
  socket.end(
    `HTTP/1.1 ${status} Bad Request\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** RFC 9449 §7.1 and §9. */
function challenge(code: Problem['code']): string {
  if (code === 'use_dpop_nonce') return 'DPoP error="use_dpop_nonce", algs="ES256"';
  if (code === 'proof-invalid' || code === 'proof-replayed') return 'DPoP error="invalid_dpop_proof", algs="ES256"';
  return 'DPoP algs="ES256"';
}

/** Fastify's own errors and schema failures, as our codes. */
export function asGatewayError(error: FastifyError | GatewayError): GatewayError {
  if (error instanceof GatewayError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const first = error.validation[0];
    const where = `${error.validationContext ?? 'body'}${first?.instancePath ?? ''}`.replace(/\/$/, '');
    const unknown = error.validation.find((issue) => issue.keyword === 'unrecognized_keys');
    if (unknown !== undefined)
      return new GatewayError('unknown-field', `${unknown.message ?? 'Unknown field'}.`, { field: where });
    return new GatewayError('malformed-request', `${where}: ${first?.message ?? 'not as the schema says'}.`, {
      field: first?.instancePath ?? '',
    });
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new GatewayError('body-too-large', 'The body is larger than 64 KiB.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new GatewayError('media-type-unsupported', 'Send JSON, with Content-Type: application/json.');
    default:
      break;
  }
  if (
    error instanceof SyntaxError ||
    (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
  ) {
    if (error.statusCode === 404) return new GatewayError('not-found', 'There is nothing at this address.');
    if (error.statusCode === 413) return new GatewayError('body-too-large', 'The body is larger than 64 KiB.');
    return new GatewayError(
      'malformed-request',
      'The request is malformed: it must be well-formed JSON over HTTP/1.1.',
    );
  }
  return new GatewayError('internal-fault', 'A fault in the gateway.', { cause: error });
}
