// What each route must say about itself (`config.access`), and the check that none was forgotten. There are no
// exemptions by URL: guard.ts goes by this declaration alone. Imported for its effect on Fastify's types, too.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteOptions,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Caller } from '../commands/ports.ts';
import type { RecordDraft, RecordKind } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import type { Permission, PublicKey } from '../contract/session.ts';
import type { TokenScope } from '../contract/token.ts';
import type { TokenBearer } from '../identity/access-token.ts';
import type { RefusalRecords } from './refusal-records.ts';

/**
 * `open`: anybody. `key`: a valid proof of any key, enrolled or not. `terminal`: a proof of an enrolled, active
 * terminal's key. `session`: that, and a live session bound to the same key and address. `machine`: an access token alone.
 */
export const accessLevels = ['open', 'key', 'terminal', 'session', 'machine'] as const;
export type Access = (typeof accessLevels)[number];

/** The key that proved itself in this request. */
export type ProvenKey = { readonly id: TerminalId; readonly publicKey: PublicKey };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** The session's person must have it in at least one of the terminal's areas; the handler checks the area itself. */
    permission?: Permission;
    /** An access token with this scope may call it, too (on a `machine` route: nobody else may). */
    scope?: TokenScope;
    /** Kind of the record that a refusal of this route leaves, where the handler has not left one; else `request.refused`. */
    refusalKind?: RecordKind;
  }
  interface FastifyInstance {
    /** Where edges outside the routes (the live socket) record their refusals, counted together with the routes'. */
    refusals: RefusalRecords;
  }
  interface FastifyRequest {
    /** Set by the guard for `session`. */
    caller: Caller | null;
    /** Set by the guard where an access token with the route's scope was shown; `caller` is null then. */
    machine: TokenBearer | null;
    /** Set by the guard for `key`, `terminal` and `session`. */
    provenKey: ProvenKey | null;
    /** The peer's IP address; IPv4-mapped IPv6 written as IPv4. */
    peerAddress: string;
    /** Body as it came, for the proof's bodyDigest. */
    rawBody: Buffer | null;
  }
}

export type Application = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Throws Error naming the first route that declares no access, or a permission that no session would back. */
export function requireDeclaredAccess(routes: readonly RouteOptions[]): void {
  for (const route of routes) {
    const access = route.config?.access;
    const name = `${String(route.method)} ${route.url}`;
    if (access === undefined || !accessLevels.includes(access))
      throw new Error(`route ${name} declares no access: set config.access to one of ${accessLevels.join(', ')}`);
    if (route.config?.permission !== undefined && access !== 'session')
      throw new Error(`route ${name} asks for a permission without a session: set config.access to 'session'`);
    const scope = route.config?.scope;
    if (access === 'machine' ? scope === undefined : scope !== undefined && access !== 'session')
      throw new Error(
        `route ${name}: a scope goes with config.access 'machine', or 'session', and 'machine' needs one`,
      );
  }
}

/** The caller of a `session` route. Throws for a route that is none: a fault of ours, not of the client. */
export function callerOf(request: { readonly caller: Caller | null }): Caller {
  if (request.caller === null) throw new Error('this route has no caller: it must declare access session');
  return request.caller;
}

/** The machine of a `machine` route. Throws for a route that is none. */
export function machineOf(request: { readonly machine: TokenBearer | null }): TokenBearer {
  if (request.machine === null) throw new Error('this route has no machine: it must declare access machine');
  return request.machine;
}

/** Who looks, for the record: the person of the session, or the machine whose token was shown. */
export function viewerOf(request: {
  readonly caller: Caller | null;
  readonly machine: TokenBearer | null;
}): Pick<RecordDraft, 'actor' | 'terminal' | 'address'> {
  if (request.machine === null) return callerOf(request);
  return { actor: request.machine.actor, terminal: null, address: request.machine.address };
}

/** The proven key of a `key`, `terminal` or `session` route. Throws for an open route. */
export function provenKeyOf(request: { readonly provenKey: ProvenKey | null }): ProvenKey {
  if (request.provenKey === null) throw new Error('this route has no proven key: it must declare access key');
  return request.provenKey;
}
