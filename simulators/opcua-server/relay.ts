// The public side of the OPC UA server: a byte relay in front of node-opcua, which listens on a private loopback port.
// Faults of connections and bytes strike here, where no library can repair them. It knows nothing of the protocol.
import { connect, createServer, type Socket } from 'node:net';
import type { FaultSource } from '../faults/fault-board.ts';
import { closeListener, listenOn } from '../listen.ts';

export type Relay = {
  readonly port: number;
  /** From now on connections are passed on to this port; before, they are closed. */
  readonly forwardTo: (innerPort: number) => void;
  /** Closes the connection that the inner server sees as coming from this port. */
  readonly drop: (innerClientPort: number) => void;
  readonly dropAll: () => void;
  readonly connections: () => number;
  /** Resolves when no socket is open. */
  readonly stop: () => Promise<void>;
};

type Pair = {
  readonly outer: Socket;
  readonly inner: Socket;
  /** Answers on their way to the client, each due not before the one ahead of it. */
  readonly queue: { readonly bytes: Buffer; readonly dueMs: number }[];
  queuedBytes: number;
  timer: NodeJS.Timeout | null;
  /** Bytes were withheld or replaced: the stream is of no use once the fault is over. */
  broken: boolean;
};

const mostQueuedBytes = 16_000_000;

/** Rejects with PortTaken. */
export async function startRelay(host: string, port: number, faults: FaultSource, nowMs: () => number): Promise<Relay> {
  const pairs = new Set<Pair>();
  let innerPort: number | null = null;

  const server = createServer((outer) => {
    outer.on('error', () => outer.destroy());
    if (innerPort === null || faults.strike('refuse-connections', { protocol: 'opcua' }) !== null) {
      outer.destroy();
      return;
    }
    const inner = connect({ host: '127.0.0.1', port: innerPort, noDelay: true });
    outer.setNoDelay(true);
    inner.on('error', () => inner.destroy());
    const pair: Pair = { outer, inner, queue: [], queuedBytes: 0, timer: null, broken: false };
    pairs.add(pair);
    outer.pipe(inner);
    inner.on('data', (bytes) => answer(pair, bytes));
    outer.on('drain', () => inner.resume());
    const close = (): void => {
      if (pair.timer !== null) clearTimeout(pair.timer);
      pair.queue.length = 0;
      outer.destroy();
      inner.destroy();
      pairs.delete(pair);
    };
    outer.on('close', close);
    // Whatever is still due goes out before the end.
    inner.on('close', () => {
      flush(pair);
      outer.destroySoon();
    });
  });

  const answer = (pair: Pair, received: Buffer): void => {
    const question = { protocol: 'opcua', on: 'all' } as const;
    if (faults.strike('never-answer', question) !== null) {
      pair.broken = true;
      return;
    }
    let bytes = received;
    if (faults.strike('garbage-answer', question) !== null) {
      pair.broken = true;
      bytes = Buffer.from(bytes.map((_, i) => (i * 167 + 173) & 0xff));
    }
    const delay = faults.strike('delay-answers', question);
    const last = pair.queue.at(-1);
    if (delay === null && last === undefined) {
      if (!pair.outer.write(bytes)) pair.inner.pause();
      return;
    }
    const dueMs = Math.max(last?.dueMs ?? 0, nowMs() + (delay?.ms ?? 0));
    pair.queue.push({ bytes, dueMs });
    pair.queuedBytes += bytes.length;
    if (pair.queuedBytes > mostQueuedBytes) pair.outer.destroy();
    else schedule(pair);
  };

  const sendFirst = (pair: Pair): void => {
    const first = pair.queue.shift();
    if (first === undefined) return;
    pair.queuedBytes -= first.bytes.length;
    if (!pair.outer.destroyed) pair.outer.write(first.bytes);
  };

  const schedule = (pair: Pair): void => {
    const first = pair.queue[0];
    if (pair.timer !== null || first === undefined) return;
    pair.timer = setTimeout(
      () => {
        pair.timer = null;
        while ((pair.queue[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs()) sendFirst(pair);
        schedule(pair);
      },
      Math.max(0, first.dueMs - nowMs()),
    );
  };

  const flush = (pair: Pair): void => {
    if (pair.timer !== null) clearTimeout(pair.timer);
    pair.timer = null;
    while (pair.queue.length > 0) sendFirst(pair);
  };

  const unsubscribe = faults.onChange(() => {
    if (faults.active().length > 0) return;
    for (const pair of pairs) {
      if (pair.broken) pair.outer.destroy();
      else flush(pair);
    }
  });

  const dropAll = (): void => {
    for (const { outer } of pairs) outer.destroy();
  };
  const listening = await listenOn(server, host, port);
  return {
    port: listening,
    forwardTo: (target) => {
      innerPort = target;
    },
    drop: (innerClientPort) => {
      for (const { outer, inner } of pairs) if (inner.localPort === innerClientPort) outer.destroy();
    },
    dropAll,
    connections: () => pairs.size,
    stop: async () => {
      innerPort = null;
      unsubscribe();
      const closed = closeListener(server);
      dropAll();
      await closed;
    },
  };
}
