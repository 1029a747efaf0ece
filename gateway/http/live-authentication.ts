// Who may open a live socket: the same proof and session as for a request (TRM-2), refusals recorded like a request's.
// Made by main.ts for live-socket.ts. Opening or holding a socket keeps no session alive (IDN-5).
import { GatewayError } from '../contract/problem.ts';
import type { People } from '../identity/people.ts';
import { type GuardParts, proveLive, sessionCookie } from './guard.ts';
import type { LiveSocketParts } from './live-socket.ts';
import { peerAddress } from './peer-address.ts';
import type { Application } from './route-access.ts';

/** Refusals that are part of the protocol or of a page that outlived its session: no record. */
const ordinary = new Set<string>(['use_dpop_nonce', 'not-signed-in', 'proof-missing']);

/** `app`: ready, since its plugins read the cookies. */
export function liveAuthentication(
  app: Application,
  guard: GuardParts,
  people: People,
): LiveSocketParts['authenticateLive'] {
  return async (handshake) => {
    const proven = await proveLive(guard, {
      dpop: handshake.dpop,
      cookie: handshake.cookieHeader === undefined ? undefined : app.parseCookie(handshake.cookieHeader)[sessionCookie],
      address: handshake.address,
      headers: handshake.headers,
    });
    if (proven.ok)
      return {
        ok: true,
        sessionId: proven.caller.sessionId,
        mayView: (area) => people.access.personMay(proven.caller, 'view', area).ok,
      };
    if (!ordinary.has(proven.code)) {
      try {
        await app.refusals.record({
          kind: 'request.refused',
          code: proven.code,
          detail: proven.detail,
          route: 'socket /socket.io',
          actor: null,
          terminal: null,
          address: peerAddress(handshake.address),
        });
      } catch (error) {
        // The refusal stands whatever the log does: nobody gets in by it.
        if (!(error instanceof GatewayError)) throw error;
      }
    }
    return proven;
  };
}
