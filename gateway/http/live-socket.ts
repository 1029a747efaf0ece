// The live socket (contract/live-events.ts): socket.io on the gateway's HTTP server, WebSocket only. Made by main.ts,
// which gives it the proof of the handshake (guard.ts, proveLive) and the fan-out of values. Each connection belongs to
// a session and ends with it; it is sent what the session may see and nothing else (LIV-2). It takes no commands.
import type { Server as HttpServer, IncomingHttpHeaders } from 'node:http';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import { z } from 'zod';
import type { CommandView } from '../contract/command.ts';
import { type AreaId, areaIdSchema } from '../contract/ids.ts';
import type { ClientEvents, JoinAnswer, LiveLayout, ServerEvents } from '../contract/live-events.ts';
import type { LogVerification } from '../contract/log-verification.ts';
import type { ConnectionView } from '../contract/tag.ts';
import type { UnattributedChange } from '../contract/unattributed-change.ts';
import { areaWithDescendants } from '../plant/areas.ts';
import type { Area } from '../plant/tag.ts';

/** What a connection brings before anybody is known. `cookieHeader` and `headers` as the browser sent them. */
export type LiveHandshake = {
  readonly dpop: unknown;
  readonly cookieHeader: string | undefined;
  readonly address: string | undefined;
  readonly headers: IncomingHttpHeaders;
};
export type LiveStanding =
  | { readonly ok: true; readonly sessionId: string; readonly mayView: (area: AreaId) => boolean }
  | { readonly ok: false; readonly code: string; readonly detail: string; readonly nonce?: string };

/** One connected HMI as the fan-out knows it (live/fan-out.ts has the same shape). */
export type LiveSubscriber = {
  readonly waiting: () => number;
  readonly send: (frame: Uint8Array) => void;
  readonly enter: (areaIndex: number) => void;
  readonly leave: (areaIndex: number) => void;
  readonly lagged: (droppedFrames: number) => void;
};

export type LiveSocketParts = {
  readonly server: HttpServer;
  readonly areas: readonly Area[];
  readonly authenticateLive: (handshake: LiveHandshake) => Promise<LiveStanding>;
  /** Asked for every connection at every heartbeat. */
  readonly stillValid: (sessionId: string) => boolean;
  readonly feed: {
    readonly layout: (areas: readonly AreaId[]) => LiveLayout;
    readonly follow: (subscriber: LiveSubscriber, areas: readonly AreaId[]) => void;
    readonly leave: (subscriber: LiveSubscriber) => void;
  };
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly heartbeatMs?: number;
  /** Connections at once; beyond it a new one is refused. */
  readonly maxConnections?: number;
};

export type LiveSocket = {
  /** Hands one frame to everybody who follows the area, encoded once. */
  readonly broadcast: (areaIndex: number, frame: Uint8Array) => void;
  /** Tells those who may view the command's area. */
  readonly command: (command: CommandView) => void;
  readonly connection: (connection: ConnectionView) => void;
  /** Tells those who may view the tag's area. */
  readonly unattributed: (change: UnattributedChange) => void;
  readonly verification: (view: LogVerification) => void;
  /** Tells the session's connections why, sends them nothing more and closes them. */
  readonly endSession: (sessionId: string, code: string, detail: string) => void;
  readonly connections: () => number;
  /** Resolves when all connections are closed; the HTTP server stays open. */
  readonly close: () => Promise<void>;
};

type Connected = {
  sessionId: string;
  mayView: (area: AreaId) => boolean;
  subscriber: LiveSubscriber;
  asked: readonly AreaId[];
  following: readonly AreaId[];
  joins: number;
};
type LiveServer = Server<ClientEvents, ServerEvents, DefaultEventsMap, Partial<Connected>>;
type LiveConnection = Socket<ClientEvents, ServerEvents, DefaultEventsMap, Partial<Connected>>;

const joinSchema = z.strictObject({ areas: z.array(areaIdSchema).max(500) });
/** A join costs a snapshot; a page needs a handful between two heartbeats. */
const joinsPerHeartbeat = 20;
const frameRoom = (areaIndex: number): string => `frames/${areaIndex}`;
const viewRoom = (area: AreaId): string => `view/${area}`;

export function openLiveSocket(parts: LiveSocketParts): LiveSocket {
  const io: LiveServer = new Server(parts.server, {
    path: '/socket.io',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: 32 * 1024,
    connectTimeout: 5_000,
    // A client that hangs is closed within 20 s, whatever waits for it.
    pingInterval: 10_000,
    pingTimeout: 10_000,
  });
  const connected = new Map<LiveConnection, Connected>();
  const maxConnections = parts.maxConnections ?? 1000;

  io.use((socket, next) => {
    if (io.engine.clientsCount > maxConnections) {
      next(refusal({ code: 'too-many-requests', detail: 'The gateway serves as many screens as it can.' }));
      return;
    }
    parts
      .authenticateLive({
        dpop: socket.handshake.auth.dpop,
        cookieHeader: socket.handshake.headers.cookie,
        address: socket.request.socket.remoteAddress,
        headers: socket.handshake.headers,
      })
      .then(
        (standing) => {
          if (!standing.ok) {
            next(refusal(standing));
            return;
          }
          socket.data = { sessionId: standing.sessionId, mayView: standing.mayView };
          next();
        },
        // A fault says little to a stranger; whoever authenticates has logged it.
        () => next(refusal({ code: 'internal-fault', detail: 'The gateway could not check this connection.' })),
      );
  });

  io.on('connection', (socket) => {
    const { sessionId, mayView } = socket.data;
    // Between proof and connection the session may have ended.
    if (sessionId === undefined || mayView === undefined || !parts.stillValid(sessionId)) {
      socket.disconnect(true);
      return;
    }
    const own: Connected = {
      sessionId,
      mayView,
      subscriber: subscriberOf(socket),
      asked: [],
      following: [],
      joins: 0,
    };
    connected.set(socket, own);
    socket.on('join', (request, answer) => {
      if (typeof answer !== 'function') return;
      const joined = join(socket, own, request);
      // First the layout, by which the frames are read, then the frames.
      answer(joined);
      if (joined.ok) parts.feed.follow(own.subscriber, own.following);
    });
    socket.on('disconnect', () => {
      connected.delete(socket);
      parts.feed.leave(own.subscriber);
    });
  });

  function join(socket: LiveConnection, own: Connected, request: unknown): JoinAnswer {
    if (!connected.has(socket)) return { ok: false, code: 'not-signed-in', detail: 'The session is over.' };
    own.joins += 1;
    if (own.joins > joinsPerHeartbeat) {
      return { ok: false, code: 'too-many-requests', detail: 'Too many joins; wait a moment.' };
    }
    const parsed = joinSchema.safeParse(request);
    if (!parsed.success)
      return { ok: false, code: 'malformed-request', detail: 'join takes { areas: [<area id>, …] }.' };
    const permitted = permittedAreas(own, parsed.data.areas);
    if (permitted.length === 0) {
      return { ok: false, code: 'right-missing', detail: 'This session may view none of these areas.' };
    }
    own.asked = parsed.data.areas;
    follow(socket, own, permitted);
    return { ok: true, layout: parts.feed.layout(permitted) };
  }

  function follow(socket: LiveConnection, own: Connected, areas: readonly AreaId[]): void {
    for (const area of own.following) void socket.leave(viewRoom(area));
    own.following = areas;
    for (const area of areas) void socket.join(viewRoom(area));
  }

  function permittedAreas(own: Connected, asked: readonly AreaId[]): readonly AreaId[] {
    const within = new Set(asked.flatMap((area) => areaWithDescendants(parts.areas, area)));
    return [...within].filter((area) => own.mayView(area));
  }

  function end(socket: LiveConnection, own: Connected, code: string, detail: string): void {
    connected.delete(socket);
    parts.feed.leave(own.subscriber);
    for (const area of own.following) void socket.leave(viewRoom(area));
    socket.emit('session-ended', { code, detail });
    socket.disconnect(true);
    // A peer that does not read would keep the goodbye, and the connection, open.
    setTimeout(() => socket.conn.close(true), 1_000).unref();
  }

  const heartbeat = setInterval(() => {
    const timeMs = parts.now();
    for (const [socket, own] of connected) {
      own.joins = 0;
      if (!parts.stillValid(own.sessionId)) {
        end(socket, own, 'not-signed-in', 'The session is over. Sign in again.');
        continue;
      }
      const permitted = permittedAreas(own, own.asked);
      if (permitted.length !== own.following.length) {
        // Rights have changed: what is no longer permitted stops; what is new comes when the page joins again.
        follow(socket, own, permitted);
        parts.feed.follow(own.subscriber, permitted);
      }
      // Volatile: a client that does not read gets no queue of heartbeats.
      socket.volatile.emit('heartbeat', { timeMs });
    }
  }, parts.heartbeatMs ?? 2_000);

  return {
    broadcast: (areaIndex, frame) => {
      io.to(frameRoom(areaIndex)).emit('frame', frame);
    },
    command: (command) => {
      io.to(viewRoom(command.area)).emit('command', command);
    },
    unattributed: (change) => {
      io.to(viewRoom(change.area)).emit('unattributed', change);
    },
    verification: (view) => {
      for (const socket of connected.keys()) socket.emit('verification', view);
    },
    connection: (connection) => {
      for (const socket of connected.keys()) socket.emit('connection', connection);
    },
    endSession: (sessionId, code, detail) => {
      for (const [socket, own] of connected) if (own.sessionId === sessionId) end(socket, own, code, detail);
    },
    connections: () => connected.size,
    close: async () => {
      clearInterval(heartbeat);
      for (const [socket, own] of connected) {
        parts.feed.leave(own.subscriber);
        socket.conn.close(true);
      }
      connected.clear();
      // Not io.close(): that would close the HTTP server, which is main.ts's.
      io.engine.close();
      io.removeAllListeners();
      parts.server.removeAllListeners('upgrade');
    },
  };
}

function subscriberOf(socket: LiveConnection): LiveSubscriber {
  return {
    // Each frame is two packets, its header and its block; what is with the transport counts as one more.
    waiting: () => {
      const { conn } = socket as unknown as { conn: { writeBuffer: unknown[]; transport: { writable: boolean } } };
      return Math.ceil(conn.writeBuffer.length / 2) + (conn.transport.writable ? 0 : 1);
    },
    send: (frame) => {
      socket.emit('frame', frame);
    },
    enter: (areaIndex) => void socket.join(frameRoom(areaIndex)),
    leave: (areaIndex) => void socket.leave(frameRoom(areaIndex)),
    lagged: (droppedFrames) => {
      socket.emit('lagged', { droppedFrames });
    },
  };
}

/** socket.io carries `data` of a middleware's error to the client, next to its message. */
function refusal(standing: { readonly code: string; readonly detail: string; readonly nonce?: string }): Error {
  const error = new Error(standing.detail);
  return Object.assign(error, {
    data: standing.nonce === undefined ? { code: standing.code } : { code: standing.code, nonce: standing.nonce },
  });
}
