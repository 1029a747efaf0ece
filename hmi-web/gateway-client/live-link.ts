// The live socket (LIV-1..3): connects with a proof, joins its areas, feeds live-values.ts, tells the link's state.
// Called by gateway.ts when a session begins and ends. Never shows an old value as live: while it is lost, it says so.
import { io, type Socket } from 'socket.io-client';
import type { AreaId } from '../../gateway/contract/ids.ts';
import type { ClientEvents, ServerEvents } from '../../gateway/contract/live-events.ts';
import { decodeFrame } from '../../gateway/contract/live-frame.ts';
import { type LinkEvent, type LinkState, nextLinkState, silenceLimitMs } from './link-state.ts';
import type { LiveValues } from './live-values.ts';
import { sessionEnders } from './request.ts';

export type LinkParts = {
  readonly origin: string;
  /** A fresh proof for `GET <origin>/socket.io/`. */
  readonly prove: () => Promise<string>;
  /** Takes the nonce that a refusal brought, or has the gateway give one; rejects when it cannot be reached. */
  readonly renewNonce: (offered: string | undefined) => Promise<void>;
  readonly values: LiveValues;
  readonly onState: (state: LinkState) => void;
  /** Gateway time minus this terminal's clock, ms. */
  readonly onClock: (offsetMs: number) => void;
  readonly onCommand: ServerEvents['command'];
  readonly onConnection: ServerEvents['connection'];
  readonly onUnattributed: ServerEvents['unattributed'];
  readonly onVerification: ServerEvents['verification'];
  readonly onSessionEnded: ServerEvents['session-ended'];
};
export type LiveLink = { readonly close: () => void };

const retryMs = 1_000;
const rejoinPauseMs = 500;

export function openLiveLink(parts: LinkParts, areas: readonly AreaId[]): LiveLink {
  let state: LinkState = { kind: 'connecting' };
  let heardAtMs = performance.now();
  let closed = false;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const socket: Socket<ServerEvents, ClientEvents> = io(parts.origin, {
    path: '/socket.io',
    transports: ['websocket'],
    autoConnect: false,
    forceNew: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 2_000,
    timeout: 5_000,
    auth: (give) => {
      parts.prove().then(
        (dpop) => give({ dpop }),
        () => give({}),
      );
    },
  });

  const advance = (event: LinkEvent) => {
    const next = nextLinkState(state, event);
    if (next === state || closed) return;
    state = next;
    parts.onState(state);
  };
  const heard = (gatewayTimeMs: number) => {
    heardAtMs = performance.now();
    parts.onClock(gatewayTimeMs - Date.now());
  };
  const later = (task: () => void, ms: number) => {
    clearTimeout(retry);
    retry = setTimeout(() => {
      if (!closed) task();
    }, ms);
  };
  const join = () => {
    socket.timeout(5_000).emit('join', { areas }, (error, answer) => {
      if (closed || !socket.connected) return;
      if (error !== null) return socket.io.engine.close();
      if (!answer.ok) {
        if (sessionEnders.has(answer.code)) return parts.onSessionEnded(answer);
        return later(join, 2_000);
      }
      heardAtMs = performance.now();
      parts.values.takeLayout(answer.layout);
      advance({ kind: 'joined' });
    });
  };

  socket.on('connect', join);
  socket.on('disconnect', (reason) => {
    advance({ kind: 'dropped', wallMs: Date.now() });
    // socket.io comes back by itself, except after the server's own goodbye.
    if (reason === 'io server disconnect') later(() => socket.connect(), retryMs);
  });
  socket.on('connect_error', (error) => {
    advance({ kind: 'dropped', wallMs: Date.now() });
    const code = partOf(error, 'code');
    if (code !== undefined && sessionEnders.has(code)) return parts.onSessionEnded({ code, detail: error.message });
    // A refused handshake is not tried again by socket.io: most often the nonce has aged meanwhile.
    if (socket.active) return;
    later(
      () => {
        parts.renewNonce(partOf(error, 'nonce')).then(
          () => {
            if (!closed) socket.connect();
          },
          () => {
            if (!closed) later(() => socket.connect(), retryMs);
          },
        );
      },
      code === 'use_dpop_nonce' ? 0 : retryMs,
    );
  });
  socket.on('frame', (block) => {
    const frame = decodeFrame(block instanceof ArrayBuffer ? new Uint8Array(block) : block);
    if (frame === null) return;
    heard(frame.timeMs);
    if (!parts.values.apply(frame)) later(join, rejoinPauseMs);
  });
  socket.on('heartbeat', (beat) => {
    heard(beat.timeMs);
    // Beats come again on a link that had gone silent: what was missed comes with a new snapshot.
    if (state.kind === 'lost' && socket.connected) join();
  });
  socket.on('command', parts.onCommand);
  socket.on('connection', parts.onConnection);
  socket.on('unattributed', parts.onUnattributed);
  socket.on('verification', parts.onVerification);
  socket.on('session-ended', parts.onSessionEnded);

  const watch = setInterval(() => {
    const monotonicMs = performance.now();
    advance({ kind: 'tick', monotonicMs, heardAtMs, wallMs: Date.now() });
    // A socket that looks open but is silent for twice the limit is dropped, so that a new one can be made.
    if (socket.connected && monotonicMs - heardAtMs > 2 * silenceLimitMs) socket.io.engine.close();
  }, 500);
  socket.connect();

  return {
    close: () => {
      closed = true;
      clearInterval(watch);
      clearTimeout(retry);
      socket.disconnect();
    },
  };
}

/** What the gateway's middleware puts beside the message: `code`, and `nonce` where a new one is due. */
function partOf(error: Error, name: 'code' | 'nonce'): string | undefined {
  const data: unknown = 'data' in error ? error.data : undefined;
  if (typeof data !== 'object' || data === null || !(name in data)) return undefined;
  const part: unknown = (data as Record<string, unknown>)[name];
  return typeof part === 'string' ? part : undefined;
}
