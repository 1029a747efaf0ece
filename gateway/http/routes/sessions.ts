// `/sessions`: who is signed in where, and ending a session from afar (IDN-5).
import { z } from 'zod';
import { GatewayError } from '../../contract/problem.ts';
import { sessionListSchema } from '../../contract/session.ts';
import type { People } from '../../identity/people.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export function sessionsRoutes(app: Application, people: People): void {
  app.get(
    '/api/v1/sessions',
    {
      config: { access: 'session', permission: 'administer' },
      schema: {
        tags: ['sessions'],
        summary: 'Open sessions',
        response: { 200: sessionListSchema, ...problems() },
      },
    },
    async () => ({
      sessions: people.sessions.list().map((session) => ({
        id: session.id,
        user: {
          id: session.userId,
          printedName: people.accounts.get(session.userId)?.document.printedName ?? session.userId,
        },
        terminal: {
          id: session.terminalId,
          name: people.terminals.get(session.terminalId)?.document.name ?? '',
        },
        address: session.address,
        startedAt: new Date(session.openedAtMs).toISOString(),
        lastActivityAt: new Date(people.parts.now() - session.idleMs).toISOString(),
      })),
    }),
  );

  app.delete(
    '/api/v1/sessions/:id',
    {
      config: { access: 'session' },
      schema: {
        tags: ['sessions'],
        summary: 'End a session: one’s own, or as an administrator anybody’s',
        params: z.strictObject({ id: z.uuid() }),
        response: { 204: z.null().describe('Ended'), ...problems() },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const session = people.sessions.list().find((open) => open.id === request.params.id);
      const own = session?.userId === caller.userId;
      const allowed = own ? { ok: true as const } : people.access.mayAnywhere(caller, 'administer');
      if (!allowed.ok) throw asError(allowed);
      if (
        session === undefined ||
        !(await people.sessions.end(session.id, own ? 'signed-out' : 'ended-by-administrator', caller))
      )
        throw new GatewayError('not-found', 'There is no such session.');
      return reply.code(204).send(null);
    },
  );
}
