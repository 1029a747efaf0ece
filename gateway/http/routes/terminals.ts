// `/terminals` and `/enrolment-codes`: enrolling, looking, and what an administrator signs about them (TRM-1, TRM-4).
import { z } from 'zod';
import { terminalIdSchema } from '../../contract/ids.ts';
import { GatewayError } from '../../contract/problem.ts';
import {
  enrolmentCodeBodySchema,
  enrolmentCodeSchema,
  terminalBodySchema,
  terminalCreatedSchema,
  terminalListSchema,
  terminalStatementBodySchema,
  terminalViewSchema,
} from '../../contract/session.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import type { People } from '../../identity/people.ts';
import { terminalViewOf } from '../../identity/terminal.ts';
import type { TerminalActions } from '../../signing/terminal-actions.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

/** Enrolments asked for per address and minute. */
const enrolmentsPerMinute = 60;
const idParams = z.strictObject({ id: terminalIdSchema });

export type TerminalRouteParts = {
  readonly terminals: People['terminals'];
  readonly enrol: People['enrol'];
  readonly actions: TerminalActions;
};

export function terminalRoutes(app: Application, parts: TerminalRouteParts): void {
  const allowance = app.createRateLimit({
    max: enrolmentsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => `enrol ${request.peerAddress}`,
  });

  app.post(
    '/api/v1/terminals',
    {
      config: { access: 'key', refusalKind: 'terminal.refused' },
      schema: {
        tags: ['terminals'],
        summary: 'Enrol the proving key',
        description:
          'The DPoP proof must be made with the key that publicKey names. A known key gets its present status.',
        body: terminalBodySchema,
        response: { 200: terminalCreatedSchema, 201: terminalCreatedSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const allowed = await allowance(request);
      if (!allowed.isAllowed && allowed.isExceeded)
        throw new GatewayError('too-many-requests', 'Too many enrolments from this address; wait a minute.');
      const key = provenKeyOf(request);
      const { name, publicKey, code } = request.body;
      if (publicKey.x !== key.publicKey.x || publicKey.y !== key.publicKey.y)
        throw new GatewayError('proof-invalid', 'The proof was made with another key than the one to be enrolled.', {
          field: 'publicKey',
        });
      const answer = await parts.enrol({ id: key.id, publicKey, name, code, address: request.peerAddress });
      if (!answer.ok) throw asError(answer);
      const { id, status } = answer.terminal;
      return reply.code(answer.created ? 201 : 200).send({ id, status });
    },
  );

  app.get(
    '/api/v1/terminals/current',
    {
      config: { access: 'key' },
      schema: {
        tags: ['terminals'],
        summary: 'The proving terminal',
        response: { 200: terminalViewSchema, ...problems() },
      },
    },
    async (request) => {
      const terminal = parts.terminals.get(provenKeyOf(request).id)?.document;
      if (terminal === undefined)
        throw new GatewayError('terminal-unknown', 'This terminal is not enrolled here. Enrol it first.');
      return terminalViewOf(terminal);
    },
  );

  app.get(
    '/api/v1/terminals',
    {
      config: { access: 'session', permission: 'administer' },
      schema: {
        tags: ['terminals'],
        summary: 'All terminals',
        response: { 200: terminalListSchema, ...problems() },
      },
    },
    async () => ({ terminals: parts.terminals.all().map(terminalViewOf) }),
  );

  app.post(
    '/api/v1/terminals/:id/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'terminal.refused' },
      schema: {
        tags: ['terminals'],
        summary: 'The statement to sign for approving or revoking a terminal',
        params: idParams,
        body: terminalStatementBodySchema,
        response: { 201: offerSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const { action, change } = request.body;
      const answer = parts.actions.offer(callerOf(request), request.params.id, action, change ?? {});
      if (!answer.ok) throw asError(answer);
      return reply.code(201).send(answer.offer);
    },
  );

  app.post(
    '/api/v1/terminals/:id/signatures',
    {
      config: { access: 'session', refusalKind: 'terminal.refused' },
      schema: {
        tags: ['terminals'],
        summary: 'Sign the approval or revocation',
        params: idParams,
        body: signatureBodySchema,
        response: { 200: terminalViewSchema, ...problems() },
      },
    },
    async (request) => {
      const answer = await parts.actions.sign(callerOf(request), provenKeyOf(request), request.params.id, request.body);
      if (!answer.ok) throw asError(answer);
      return terminalViewOf(answer.result);
    },
  );

  app.post(
    '/api/v1/enrolment-codes/statements',
    {
      config: { access: 'session', permission: 'administer', refusalKind: 'terminal.refused' },
      schema: {
        tags: ['terminals'],
        summary: 'The statement to sign for a one-time enrolment code',
        body: enrolmentCodeBodySchema,
        response: { 201: offerSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const answer = parts.actions.offerCode(callerOf(request), request.body.change);
      if (!answer.ok) throw asError(answer);
      return reply.code(201).send(answer.offer);
    },
  );

  app.post(
    '/api/v1/enrolment-codes/signatures',
    {
      config: { access: 'session', refusalKind: 'terminal.refused' },
      schema: {
        tags: ['terminals'],
        summary: 'Sign for the code; it is shown once and works once, for 15 minutes',
        body: signatureBodySchema,
        response: { 201: enrolmentCodeSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const answer = await parts.actions.signCode(callerOf(request), provenKeyOf(request), request.body);
      if (!answer.ok) throw asError(answer);
      const { code, expiresAtMs } = answer.result;
      return reply.code(201).send({ code, expiresAt: new Date(expiresAtMs).toISOString() });
    },
  );
}
