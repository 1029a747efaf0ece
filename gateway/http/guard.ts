// The one hook through which every request passes: host, proof of the terminal's key, session, permission, as the
// route's config.access says (route-access.ts). The live socket goes through proveLive. Refuses by throwing
// GatewayError, which problem-answers.ts turns into the answer; it never writes an answer itself.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../commands/ports.ts';
import type { RecordTerminal } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import { GatewayError, type Refusal, refuse } from '../contract/problem.ts';
import type { Permission } from '../contract/session.ts';
import type { TokenBearer } from '../identity/access-token.ts';
import type { Now } from '../identity/ports.ts';
import { digestMatches, verifyProof } from './dpop-proof.ts';
import { peerAddress } from './peer-address.ts';
import type { ProofNonces } from './proof-nonces.ts';
import { asError } from './refusal-answers.ts';
import { type Application, callerOf, type ProvenKey } from './route-access.ts';

export const sessionCookie = 'countersign-session';
/** `person` marks a request as a person's doing. Without it a GET (a poll) keeps no session alive; all else does. */
export const activityHeader = 'x-countersign-activity';

export type GuardParts = {
  /** Public origins, known once the server listens: `http://localhost:8080`. */
  readonly origins: () => readonly string[];
  readonly demo: boolean;
  readonly nonces: ProofNonces;
  /** Wall clock, ms, against which a proof's iat shows the terminal's skew. */
  readonly now: Now;
  readonly terminals: {
    standing(id: TerminalId): 'active' | 'pending' | 'revoked' | 'unknown';
    recordTerminal(id: TerminalId): RecordTerminal;
    /** TRM-6: positive when the terminal's clock is ahead. Called for enrolled terminals with each proof. */
    noteClock(id: TerminalId, skewMs: number, address: string): void;
  };
  readonly sessions: {
    /** `personsDoing` restarts the idle time. */
    find(
      cookie: string | undefined,
      terminal: TerminalId,
      address: string,
      personsDoing: boolean,
    ): { readonly ok: true; readonly caller: Caller } | Refusal;
  };
  /** Who shows this Authorization header (CMD-10). */
  readonly bearer: (
    header: string,
    address: string,
  ) => Promise<{ readonly ok: true; readonly bearer: TokenBearer } | Refusal>;
  /** May the caller do it in any of the terminal's areas? */
  readonly mayAnywhere: (caller: Caller, permission: Permission) => { readonly ok: true } | Refusal;
};

export function installGuard(app: Application, parts: GuardParts): void {
  app.decorateRequest('caller', null);
  app.decorateRequest('machine', null);
  app.decorateRequest('provenKey', null);
  app.decorateRequest('peerAddress', '');
  app.decorateRequest('rawBody', null);
  const bodyDigests = new WeakMap<FastifyRequest, string | undefined>();

  app.addHook('onRequest', async (request) => {
    request.peerAddress = peerAddress(request.socket.remoteAddress);
    if (request.headers.host === undefined && request.raw.httpVersion !== '1.0')
      throw new GatewayError('malformed-request', 'A request names its Host.');
    const hostRefusal = parts.demo ? refuseForeignHost(request, parts.origins()) : null;
    if (hostRefusal !== null) throw asError(hostRefusal);
    if (request.is404) return;
    const { access, scope } = request.routeOptions.config;
    if (request.headers.authorization !== undefined) {
      const shown = await parts.bearer(request.headers.authorization, request.peerAddress);
      if (!shown.ok) throw asError(shown);
      // Kept for a refusal's record, too.
      request.machine = shown.bearer;
      if (scope === undefined || !shown.bearer.scopes.includes(scope))
        throw new GatewayError('scope-missing', 'This access token may not do this; no token can sign or command.');
      return;
    }
    if (access === 'machine')
      throw new GatewayError('token-invalid', 'Show an access token: Authorization: Bearer <token>.');
    if (access === 'open') return;

    const proven = await proveKey(parts, request.headers.dpop, {
      method: request.method,
      path: request.url,
      address: request.peerAddress,
      enrolledOnly: access !== 'key',
    });
    // Kept for a refusal's record, too, once its signature is verified.
    request.provenKey = proven.key ?? null;
    if (!proven.ok) throw asError(proven);
    bodyDigests.set(request, proven.bodyDigest);
    if (access !== 'session') return;

    const personsDoing = request.method !== 'GET' && request.method !== 'HEAD';
    const session = parts.sessions.find(
      request.cookies[sessionCookie],
      proven.key.id,
      request.peerAddress,
      personsDoing || request.headers[activityHeader] === 'person',
    );
    if (!session.ok) throw asError(session);
    request.caller = session.caller;
  });

  app.addHook('preValidation', async (request) => {
    if (request.provenKey === null) return;
    if (!digestMatches(bodyDigests.get(request), request.rawBody))
      throw new GatewayError(
        'proof-invalid',
        'The DPoP proof is not valid: bodyDigest is not the SHA-256 of the body.',
      );
  });

  app.addHook('preHandler', async (request) => {
    const permission = request.routeOptions.config.permission;
    // A machine's scope is its permission.
    if (permission === undefined || request.machine !== null) return;
    const answer = parts.mayAnywhere(callerOf(request), permission);
    if (!answer.ok) throw asError(answer);
  });

  app.addHook('onSend', async (request, reply) => {
    if (!request.is404 && request.routeOptions.config.access !== 'open') offerNonce(parts, reply);
  });
}

/** A fresh nonce for the client's next proof; and no copy of the answer in any cache. */
function offerNonce(parts: GuardParts, reply: FastifyReply): void {
  void reply.header('dpop-nonce', parts.nonces.issue()).header('cache-control', 'no-store');
}

/** What the live socket's handshake brings. `address` is the socket's remote address. */
export type LiveHandshake = {
  readonly dpop: unknown;
  readonly cookie: string | undefined;
  readonly address: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
};

/**
 * The same for the live socket: a proof for `GET <origin>/socket.io/` and the session's cookie value. Opening a socket
 * is no person's doing. On `use_dpop_nonce` the answer brings a fresh nonce.
 */
export async function proveLive(
  parts: GuardParts,
  handshake: LiveHandshake,
): Promise<{ readonly ok: true; readonly caller: Caller } | (Refusal & { readonly nonce?: string })> {
  const address = peerAddress(handshake.address);
  const hostRefusal = parts.demo ? refuseForeignHost({ headers: handshake.headers }, parts.origins()) : null;
  if (hostRefusal !== null) return hostRefusal;
  // Browsers let every page open sockets anywhere and say only here which page it is.
  const { origin } = handshake.headers;
  if (origin !== undefined && !parts.origins().some((own) => new URL(own).origin === origin))
    return refuse('host-refused', 'The live socket is for the gateway’s own pages.');
  const proven = await proveKey(parts, typeof handshake.dpop === 'string' ? handshake.dpop : undefined, {
    method: 'GET',
    path: '/socket.io/',
    address,
    enrolledOnly: true,
  });
  if (!proven.ok) {
    const { key: _, ...refusal } = proven;
    return refusal.code === 'use_dpop_nonce' ? { ...refusal, nonce: parts.nonces.issue() } : refusal;
  }
  return parts.sessions.find(handshake.cookie, proven.key.id, address, false);
}

type ProofContext = {
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly enrolledOnly: boolean;
};
type Proven = { readonly ok: true; readonly key: ProvenKey; readonly bodyDigest: string | undefined };

async function proveKey(
  parts: GuardParts,
  header: string | string[] | undefined,
  context: ProofContext,
): Promise<Proven | (Refusal & { readonly key?: ProvenKey })> {
  if (header === undefined || header === '')
    return refuse('proof-missing', 'Each request of a terminal carries a DPoP proof (RFC 9449) in the header DPoP.');
  if (typeof header !== 'string' || header.includes(','))
    return refuse('proof-invalid', 'The DPoP proof is not valid: there must be exactly one.');
  const proof = await verifyProof(header, { method: context.method, path: context.path, origins: parts.origins() });
  if (!proof.ok) return proof;
  const { key } = proof;
  if (proof.nonce === undefined || !parts.nonces.isFresh(proof.nonce))
    return refuse('use_dpop_nonce', 'Repeat the request with a proof over the nonce in the header DPoP-Nonce.');
  const standing = parts.terminals.standing(key.id);
  // Strangers' keys and addresses cost nothing to make: they share a few counts and cannot crowd out a terminal's own.
  const taken = parts.nonces.takeId(standing === 'unknown' ? strangersCount(context.address) : key.id, proof.id);
  if (taken === 'used')
    return { ...refuse('proof-replayed', 'This DPoP proof was used before; make a new one each time.'), key };
  if (taken === 'full') return refuse('too-many-requests', 'Too many proofs within a few minutes; wait a while.');
  if (standing !== 'unknown')
    parts.terminals.noteClock(key.id, proof.issuedAtSeconds * 1000 - parts.now(), context.address);
  if (context.enrolledOnly && standing !== 'active') {
    const [code, detail] = standingRefusals[standing];
    return { ...refuse(code, detail), key };
  }
  return { ok: true, key, bodyDigest: proof.bodyDigest };
}

/** One of 16 counts for all addresses. */
function strangersCount(address: string): string {
  return `strangers ${[...address].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % 16}`;
}

const standingRefusals = {
  unknown: ['terminal-unknown', 'This terminal is not enrolled here. Enrol it first (POST /api/v1/terminals).'],
  pending: ['terminal-pending', 'This terminal waits for an administrator’s approval.'],
  revoked: ['terminal-revoked', 'This terminal was revoked. An administrator can tell why.'],
} as const;

const forwardingHeaders = ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** OPS-8: the demo answers to its own addresses only (DNS rebinding), and to no proxy. */
function refuseForeignHost(
  request: { readonly headers: { readonly [name: string]: string | readonly string[] | undefined } },
  origins: readonly string[],
): Refusal | null {
  const host = String(request.headers.host);
  if (!origins.some((origin) => sameHost(new URL(origin), host)))
    return refuse('host-refused', 'The demo is served under its own loopback addresses only.');
  const forwarded = Object.keys(request.headers).find(
    (name) => forwardingHeaders.includes(name) || name.startsWith('x-forwarded-'),
  );
  return forwarded === undefined ? null : refuse('host-refused', 'The demo is not served through a proxy.');
}

/** Without regard to case and to a default port that is written out. */
function sameHost(origin: URL, host: string): boolean {
  const named = /^[\w.:[\]-]+$/.test(host) ? URL.parse(`${origin.protocol}//${host}`) : null;
  return named?.host === origin.host;
}
