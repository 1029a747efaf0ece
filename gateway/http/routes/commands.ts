// /api/v1/commands: ask, offer, sign, withdraw, read (interfaces.md, "HTTP API"). Everything is decided by
// commands/desk.ts; refusals come with their record, malformed attempts are recorded by problem-answers.ts.
import { z } from 'zod';
import type { Desk } from '../../commands/desk.ts';
import {
  askedCommandSchema,
  commandBodySchema,
  commandListSchema,
  commandViewSchema,
  statementPurposeBodySchema,
} from '../../contract/command.ts';
import { commandIdSchema } from '../../contract/ids.ts';
import { offerSchema, signatureBodySchema } from '../../contract/statement.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export type CommandParts = {
  readonly desk: Pick<Desk, 'ask' | 'offer' | 'sign' | 'withdraw' | 'get' | 'list'>;
};

const idParams = z.object({ id: commandIdSchema });
const listQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  awaiting: z
    .literal('me')
    .optional()
    .meta({ description: 'what the person of this session may sign at this terminal now' }),
  breakGlass: z
    .enum(['due', 'overdue'])
    .optional()
    .meta({ description: 'what owes countersignatures, or owes them for too long' }),
});

const signing = `Sign the statement like this: add \`signer\` (user name), \`meaning\` (one of \`requires.meanings\`), \`reasonCode\`,
\`comment\` and \`signedAt\` (RFC 3339, UTC) to it, change nothing else, and make a compact JWS (ES256, the terminal's key) whose payload is
the RFC 8785 canonical JSON of the whole and whose protected header is exactly
\`{"alg":"ES256","kid":"<terminal id>","typ":"countersign-statement+jws"}\`.`;

export function commandRoutes(app: Application, { desk }: CommandParts): void {
  app.post(
    '/api/v1/commands',
    {
      config: { access: 'session', refusalKind: 'command.refused' },
      schema: {
        tags: ['commands'],
        summary: 'Ask for a new value of a setpoint',
        description: `Answers with the statement to sign; nothing is written before that. \`value\` comes back as the device will hold it. ${signing}`,
        body: commandBodySchema.meta({
          examples: [
            {
              tagId: 'BR101.TIC.SP',
              value: 37.5,
              observed: { value: 37, sourceTime: '2026-04-17T08:15:30.125Z' },
            },
          ],
        }),
        response: {
          201: askedCommandSchema,
          ...problems(
            'tag-unknown, right-missing, terminal-area, certification-missing, tag-not-writable, value-wrong-type, value-out-of-range, step-too-large, value-unchanged, value-changed (with `current`), value-not-good, value-not-fresh, too-many-requests, break-glass-not-allowed, break-glass-overdue',
          ),
        },
      },
    },
    async (request, reply) => {
      const { command } = orRefuse(await desk.ask(callerOf(request), request.body));
      return reply.code(201).header('location', `/api/v1/commands/${command.id}`).send(command);
    },
  );

  app.get(
    '/api/v1/commands',
    {
      config: { access: 'session' },
      schema: {
        tags: ['commands'],
        summary: 'Commands, newest first',
        querystring: listQuery,
        response: { 200: commandListSchema, ...problems('not-signed-in') },
      },
    },
    async (request) => {
      const { after, limit, ...only } = request.query;
      const { commands, next } = await desk.list(callerOf(request), after ?? null, limit, only);
      return { commands: [...commands], next };
    },
  );

  app.get(
    '/api/v1/commands/:id',
    {
      config: { access: 'session' },
      schema: {
        tags: ['commands'],
        summary: 'One command with its stages, signatures and outcome',
        params: idParams,
        response: { 200: commandViewSchema, ...problems('command-unknown, right-missing') },
      },
    },
    async (request) => orRefuse(await desk.get(callerOf(request), request.params.id)).command,
  );

  app.delete(
    '/api/v1/commands/:id',
    {
      config: { access: 'session' },
      schema: {
        tags: ['commands'],
        summary: 'Withdraw a command that waits for signatures',
        params: idParams,
        response: { 200: commandViewSchema, ...problems('command-unknown, right-missing, wrong-stage') },
      },
    },
    async (request) => orRefuse(await desk.withdraw(callerOf(request), request.params.id)).command,
  );

  app.post(
    '/api/v1/commands/:id/statements',
    {
      config: { access: 'session' },
      schema: {
        tags: ['commands'],
        summary: 'A statement for this terminal to sign',
        description: `For a second signer, or for the first at another terminal; the body may be absent. ${signing}`,
        params: idParams,
        body: statementPurposeBodySchema.nullish(),
        response: { 200: offerSchema, ...problems('command-unknown, right-missing, wrong-stage, statement-expired') },
      },
    },
    async (request) => {
      const { id } = request.params;
      return orRefuse(await desk.offer(callerOf(request), id, request.body ?? {})).offer;
    },
  );

  app.post(
    '/api/v1/commands/:id/signatures',
    {
      config: { access: 'session', refusalKind: 'command.signature-refused' },
      schema: {
        tags: ['commands'],
        summary: 'Sign',
        description:
          'Answers with the command; with its outcome where it closes within 5 s, else as it then is. `state` and `outcome` say how it went: a command that the gate refused right before the write is `refused`. A wrong password leaves the statement valid.',
        params: idParams,
        body: signatureBodySchema,
        response: {
          200: commandViewSchema,
          ...problems(
            'malformed-statement, statement-altered, statement-reused, statement-expired, wrong-stage, signature-refused, account-locked, right-missing, same-signer, certification-missing, reason-missing, reason-unknown, comment-missing, meaning-not-allowed, command-in-progress',
          ),
        },
      },
    },
    async (request) => orRefuse(await desk.sign(callerOf(request), request.params.id, request.body)).command,
  );
}
