// How Node's HTTP server is to treat what comes before any route: the same at both loopback addresses. Used by
// application.ts and listen.ts.
import type { IncomingMessage } from 'node:http';

export const serverOptions = {
  /** guard.ts asks for it, and answers with a problem where Node would answer with nothing. */
  requireHostHeader: false,
  /** Only the live socket changes protocols. Clients that offer HTTP/2 with their first request are answered in HTTP/1.1. */
  shouldUpgradeCallback: (request: IncomingMessage): boolean =>
    request.headers.upgrade?.toLowerCase() === 'websocket' && request.url?.startsWith('/socket.io/') === true,
} as const;
