// `/password`: a person changes his own password at an enrolled terminal, signed in or not (IDN-2).
import { z } from 'zod';
import type { RecordTerminal } from '../../contract/audit-record.ts';
import type { TerminalId } from '../../contract/ids.ts';
import { GatewayError } from '../../contract/problem.ts';
import { passwordBodySchema } from '../../contract/session.ts';
import type { People } from '../../identity/people.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, provenKeyOf } from '../route-access.ts';

/** Changes asked for per terminal and minute: each costs several password hashes. */
const changesPerMinute = 10;

export function passwordRoutes(
  app: Application,
  parts: { readonly people: People; readonly recordTerminal: (id: TerminalId) => RecordTerminal },
): void {
  const allowance = app.createRateLimit({
    max: changesPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => `password ${provenKeyOf(request).id}`,
  });
  app.post(
    '/api/v1/password',
    {
      config: { access: 'terminal', refusalKind: 'account.change-refused' },
      schema: {
        tags: ['session'],
        summary: 'Change one’s own password; all sessions of the account end',
        body: passwordBodySchema,
        response: { 204: z.null().describe('Changed'), ...problems() },
      },
    },
    async (request, reply) => {
      const allowed = await allowance(request);
      if (!allowed.isAllowed && allowed.isExceeded)
        throw new GatewayError('too-many-requests', 'Too many changes at this terminal; wait a minute.');
      const { id } = provenKeyOf(request);
      const place = { terminalId: id, terminal: parts.recordTerminal(id), address: request.peerAddress };
      const answer = await parts.people.changePassword(request.body, place);
      if (!answer.ok) throw asError(answer);
      return reply.code(204).send(null);
    },
  );
}
