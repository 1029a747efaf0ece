// `/session`: sign in, look, sign out (IDN-5). The cookie is the session's secret; everything else about it is public.
import { z } from 'zod';
import type { RecordTerminal } from '../../contract/audit-record.ts';
import type { TerminalId } from '../../contract/ids.ts';
import { GatewayError } from '../../contract/problem.ts';
import { sessionViewSchema, signInBodySchema } from '../../contract/session.ts';
import type { SignedIn } from '../../identity/caller.ts';

import { createSignIn, type SignInParts, sessionViewOf } from '../../identity/sign-in.ts';
import { sessionCookie } from '../guard.ts';
import { asError, problems } from '../refusal-answers.ts';
import { type Application, callerOf, provenKeyOf } from '../route-access.ts';

/** Sign-ins per terminal and minute; beyond it 429, before any password is looked at. */
const signInsPerMinute = 60;
const sweepMs = 5_000;

export type SessionRouteParts = SignInParts & {
  readonly recordTerminal: (id: TerminalId) => RecordTerminal;
  readonly secure: boolean;
};

export function sessionRoutes(app: Application, parts: SessionRouteParts): void {
  const signIn = createSignIn(parts);
  const allowance = app.createRateLimit({
    max: signInsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => `sign-in ${provenKeyOf(request).id}`,
  });
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: parts.secure } as const;
  const viewOf = (caller: SignedIn) => {
    const view = sessionViewOf(parts, caller);
    if (view === undefined) throw new GatewayError('not-signed-in', 'The session is over. Sign in again.');
    return view;
  };

  app.post(
    '/api/v1/session',
    {
      config: { access: 'terminal', refusalKind: 'session.refused' },
      schema: {
        tags: ['session'],
        summary: 'Sign in at the proving terminal',
        body: signInBodySchema,
        response: { 200: sessionViewSchema, ...problems() },
      },
    },
    async (request, reply) => {
      const allowed = await allowance(request);
      if (!allowed.isAllowed && allowed.isExceeded)
        throw new GatewayError('too-many-requests', 'Too many sign-ins at this terminal; wait a minute.');
      const { id } = provenKeyOf(request);
      const place = { terminalId: id, terminal: parts.recordTerminal(id), address: request.peerAddress };
      const { username, password } = request.body;
      const answer = await signIn({ username, password }, place, request.cookies[sessionCookie]);
      if (!answer.ok) throw asError(answer);
      void reply.setCookie(sessionCookie, answer.cookie, cookie);
      return viewOf(answer.caller);
    },
  );

  app.get(
    '/api/v1/session',
    {
      config: { access: 'session' },
      schema: {
        tags: ['session'],
        summary: 'The session, its person and rights',
        response: { 200: sessionViewSchema, ...problems() },
      },
    },
    async (request) => viewOf(callerOf(request)),
  );

  app.delete(
    '/api/v1/session',
    {
      config: { access: 'session' },
      schema: {
        tags: ['session'],
        summary: 'Sign out',
        response: { 204: z.null().describe('Signed out'), ...problems() },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      await parts.sessions.end(caller.sessionId, 'signed-out', caller);
      return reply.clearCookie(sessionCookie, cookie).code(204).send(null);
    },
  );

  let sweep: NodeJS.Timeout | undefined;
  app.addHook('onReady', async () => {
    sweep = setInterval(() => parts.sessions.sweep(), sweepMs);
    sweep.unref();
  });
  app.addHook('onClose', async () => clearInterval(sweep));
}
