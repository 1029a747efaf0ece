import { createServer, type Server } from 'node:http';
import { connect, type Socket as NetSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { CommandView } from '../../../gateway/contract/command.ts';
import type { AreaId } from '../../../gateway/contract/ids.ts';
import type { ClientEvents, JoinAnswer, ServerEvents } from '../../../gateway/contract/live-events.ts';
import { decodeFrame, type Frame } from '../../../gateway/contract/live-frame.ts';
import { type LiveHandshake, type LiveSocket, openLiveSocket } from '../../../gateway/http/live-socket.ts';
import { FanOut } from '../../../gateway/live/fan-out.ts';
import { TagStore } from '../../../gateway/live/tag-store.ts';
import type { Plant } from '../../../gateway/plant/tag.ts';
import { patienceMs, until } from '../../support/until.ts';
import { batch, good, pump, plant as smallPlant, temperature, upstream, utilities } from '../live/live-plant.ts';

type Client = Socket<ServerEvents, ClientEvents>;

class Gateway {
  readonly sessions = new Map<string, (area: AreaId) => boolean>();
  readonly handshakes: LiveHandshake[] = [];
  readonly store: TagStore;
  readonly fanOut: FanOut;
  readonly http: Server;
  readonly live: LiveSocket;
  readonly clients: Client[] = [];
  port = 0;

  constructor(plant: Plant = smallPlant, heartbeatMs = 20) {
    this.store = new TagStore(plant, Date.now);
    this.http = createServer((_request, response) => response.end('page'));
    this.fanOut = new FanOut({
      plant,
      store: this.store,
      now: Date.now,
      broadcast: (area, frame) => this.live.broadcast(area, frame),
    });
    this.store.onBatch((samples) => this.fanOut.take(samples));
    this.live = openLiveSocket({
      server: this.http,
      areas: plant.areas,
      authenticateLive: async (handshake) => {
        this.handshakes.push(handshake);
        const sessionId = typeof handshake.dpop === 'string' ? handshake.dpop : '';
        const mayView = this.sessions.get(sessionId);
        if (mayView === undefined) return { ok: false, code: 'use_dpop_nonce', detail: 'Prove again.', nonce: 'n1' };
        return { ok: true, sessionId, mayView: (area) => this.sessions.get(sessionId)?.(area) ?? false };
      },
      stillValid: (sessionId) => this.sessions.has(sessionId),
      feed: {
        layout: (areas) => this.fanOut.layout(areas),
        follow: (subscriber, areas) => this.fanOut.follow(subscriber, areas),
        leave: (subscriber) => this.fanOut.leave(subscriber),
      },
      now: Date.now,
      heartbeatMs,
    });
  }
  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    const address = this.http.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
    return this;
  }
  /** A browser's socket, not yet connected. */
  client(session: string): Client {
    const client: Client = io(`http://127.0.0.1:${this.port}`, {
      transports: ['websocket'],
      auth: { dpop: session },
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      extraHeaders: { cookie: 'countersign-session=abc' },
    });
    this.clients.push(client);
    return client;
  }
  async connected(session: string): Promise<Client> {
    const client = this.client(session);
    client.connect();
    await until(() => client.connected, 'connected');
    return client;
  }
  put(...samples: Parameters<TagStore['apply']>[0]): void {
    this.store.apply(samples);
    this.store.vouched(allTags, Date.now());
    this.fanOut.flush();
  }
  async close(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.live.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
const allTags = [0, 1, 2, 3, 4];
const everything = (): boolean => true;

let gateway: Gateway;
const raw: NetSocket[] = [];
afterEach(async () => {
  for (const socket of raw.splice(0)) socket.destroy();
  await gateway.close();
});

const join = (client: Client, ...areas: string[]): Promise<JoinAnswer> =>
  client.timeout(patienceMs).emitWithAck('join', { areas: areas as AreaId[] });

/** Everything that comes as frames from now on. */
function frames(client: Client): Frame[] {
  const seen: Frame[] = [];
  client.on('frame', (block) => {
    const frame = decodeFrame(block instanceof ArrayBuffer ? new Uint8Array(block) : block);
    if (frame === null) throw new Error('not a frame');
    seen.push(frame);
  });
  return seen;
}
const tagsOf = (seen: readonly Frame[]): Set<number> =>
  new Set(seen.flatMap((frame) => frame.entries.map((entry) => entry.tagIndex)));

describe('the live socket', () => {
  it('TRM-2: nobody gets in without a proof; the refusal carries its code and the nonce for the next one', async () => {
    gateway = await new Gateway().listen();
    const client = gateway.client('nobody');
    const refused = new Promise<Error & { data?: unknown }>((resolve) => client.on('connect_error', resolve));
    client.connect();
    const error = await refused;
    expect(error.message).toBe('Prove again.');
    expect(error.data).toEqual({ code: 'use_dpop_nonce', nonce: 'n1' });
    expect(gateway.handshakes[0]).toMatchObject({
      dpop: 'nobody',
      cookieHeader: 'countersign-session=abc',
      address: '127.0.0.1',
    });
    expect(gateway.live.connections()).toBe(0);
  });

  it('LIV-3: a join is answered with the layout, then one snapshot an area, then changes', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', everything);
    gateway.put(good(temperature, 36, Date.now()), good(batch, 'B-1', Date.now()));
    const client = await gateway.connected('s1');
    const order: string[] = [];
    client.on('frame', () => order.push('frame'));
    const seen = frames(client);
    const answer = await new Promise<JoinAnswer>((resolve) => {
      client.emit('join', { areas: [upstream.id] }, (given) => {
        order.push('layout');
        resolve(given);
      });
    });
    if (!answer.ok) throw new Error(answer.code);
    expect(answer.layout.tags.map((tag) => tag.id)).toEqual(['TIC.PV', 'BATCH']);
    await until(() => seen.length === 1, 'snapshot');
    expect(order).toEqual(['layout', 'frame']);
    expect(seen[0]).toMatchObject({ snapshot: true, layoutVersion: answer.layout.version });
    gateway.put(good(temperature, 37, Date.now()));
    await until(() => seen.length === 2, 'change');
    expect(seen[1]?.entries).toMatchObject([{ tagIndex: temperature.index, value: 37, quality: 0 }]);
  });

  it('LIV-2: a session gets its areas’ descendants and nothing that it may not view, whatever it asks for', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', (area) => area === upstream.id);
    const client = await gateway.connected('s1');
    const seen = frames(client);
    const answer = await join(client, 'site', 'utilities');
    if (!answer.ok) throw new Error(answer.code);
    expect(answer.layout.areas.map((area) => area.id)).toEqual([upstream.id]);
    gateway.put(good(temperature, 1, Date.now()), good(pump, true, Date.now()));
    await until(() => seen.length === 2, 'snapshot and change');
    expect(tagsOf(seen)).toEqual(new Set([temperature.index, batch.index]));
    expect(await join(client, 'utilities')).toMatchObject({ ok: false, code: 'right-missing' });
  });

  it('LIV-2: commands are told to those who may view their area', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', everything);
    gateway.sessions.set('s2', (area) => area === utilities.id);
    const [all, some] = [await gateway.connected('s1'), await gateway.connected('s2')];
    const told: string[] = [];
    all.on('command', (command) => told.push(`all ${command.id}`));
    some.on('command', (command) => told.push(`some ${command.id}`));
    await join(all, 'site');
    await join(some, 'site');
    gateway.live.command({ id: 'c1', area: upstream.id } as CommandView);
    gateway.live.command({ id: 'c2', area: utilities.id } as CommandView);
    await until(() => told.length === 3, 'told');
    expect(told.toSorted()).toEqual(['all c1', 'all c2', 'some c2']);
  });

  it('LIV-2: a right that is taken away stops the values by the next heartbeat', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', everything);
    const client = await gateway.connected('s1');
    await join(client, 'upstream', 'utilities');
    gateway.sessions.set('s1', (area) => area === utilities.id);
    let beats = 0;
    client.on('heartbeat', () => {
      beats += 1;
    });
    await until(() => beats >= 2, 'a heartbeat later');
    const seen = frames(client);
    gateway.put(good(temperature, 1, Date.now()), good(pump, true, Date.now()));
    await until(() => tagsOf(seen).has(pump.index), 'the other area');
    expect(tagsOf(seen).has(temperature.index)).toBe(false);
  });

  it('IDN-5: the end of a session is told, with its reason, and the connection closes', async () => {
    gateway = await new Gateway(smallPlant, 60_000).listen();
    gateway.sessions.set('s1', everything);
    gateway.sessions.set('s2', everything);
    const [ended, other] = [await gateway.connected('s1'), await gateway.connected('s2')];
    await join(ended, 'site');
    const notices: unknown[] = [];
    ended.on('session-ended', (notice) => notices.push(notice));
    gateway.live.endSession('s1', 'terminal-revoked', 'This terminal was revoked.');
    await until(() => !ended.connected, 'closed');
    expect(notices).toEqual([{ code: 'terminal-revoked', detail: 'This terminal was revoked.' }]);
    expect(other.connected).toBe(true);
    expect(gateway.live.connections()).toBe(1);
  });

  it('IDN-5: a session that is over without a word is noticed at the next heartbeat', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', everything);
    const client = await gateway.connected('s1');
    const codes: string[] = [];
    client.on('session-ended', ({ code }) => codes.push(code));
    gateway.sessions.delete('s1');
    await until(() => !client.connected, 'closed');
    expect(codes).toEqual(['not-signed-in']);
  });

  it('LIV-3: a connection has a heartbeat, so that a silent plant and a lost gateway look different', async () => {
    gateway = await new Gateway().listen();
    gateway.sessions.set('s1', everything);
    const client = await gateway.connected('s1');
    const beats: number[] = [];
    client.on('heartbeat', ({ timeMs }) => beats.push(timeMs));
    await until(() => beats.length >= 3, 'three beats');
    expect(Math.abs((beats[0] ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  const badJoins: readonly [string, unknown][] = [
    ['no object', 'upstream'],
    ['no areas', {}],
    ['unknown field', { areas: ['upstream'], all: true }],
    ['no area id', { areas: ['../upstream'] }],
    ['too many areas', { areas: Array.from({ length: 501 }, () => 'upstream') }],
  ];
  for (const [what, request] of badJoins) {
    it(`LIV-2: a malformed join is refused: ${what}`, async () => {
      gateway = await new Gateway().listen();
      gateway.sessions.set('s1', everything);
      const client = await gateway.connected('s1');
      const answer: unknown = await client.timeout(patienceMs).emitWithAck('join', request as never);
      expect(answer).toMatchObject({ ok: false, code: 'malformed-request' });
    });
  }

  it('LIV-1: joins beyond a page’s need are refused, since each costs a snapshot', async () => {
    gateway = await new Gateway(smallPlant, 60_000).listen();
    gateway.sessions.set('s1', everything);
    const client = await gateway.connected('s1');
    const answers = await Promise.all(Array.from({ length: 30 }, () => join(client, 'upstream')));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(20);
    expect(answers.at(-1)).toMatchObject({ ok: false, code: 'too-many-requests' });
  });

  it('LIV-2: only WebSocket is spoken, and the HTTP server keeps its pages', async () => {
    gateway = await new Gateway().listen();
    const polling = await fetch(`http://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=polling`);
    expect(polling.status).toBe(400);
    const page = await fetch(`http://127.0.0.1:${gateway.port}/`);
    expect(await page.text()).toBe('page');
  });

  it('LIV-1: a client that stops reading costs bounded memory and no other client anything; it comes back to the latest values', async () => {
    // An area of many tags, so that the kernel's buffers are full after some frames.
    const tags = Array.from({ length: 5000 }, (_, index) => ({ ...temperature, index, id: temperature.id }));
    const plant = { ...smallPlant, tags };
    gateway = await new Gateway(plant, 60_000).listen();
    gateway.sessions.set('s1', everything);
    gateway.sessions.set('s2', everything);
    const quick = await gateway.connected('s1');
    const slow = await gateway.connected('s2');
    const lagged: number[] = [];
    slow.on('lagged', ({ droppedFrames }) => lagged.push(droppedFrames));
    const latest = { quick: 0, slow: 0 };
    const count = { quick: 0, slow: 0 };
    for (const [name, client] of [
      ['quick', quick],
      ['slow', slow],
    ] as const) {
      client.on('frame', (block) => {
        const frame = decodeFrame(block instanceof ArrayBuffer ? new Uint8Array(block) : block);
        const entry = frame?.entries[0];
        count[name] += 1;
        if (typeof entry?.value === 'number') latest[name] = entry.value;
      });
    }
    await join(quick, 'upstream');
    await join(slow, 'upstream');
    await until(() => count.quick === 1 && count.slow === 1, 'snapshots');
    const stalled = netSocketOf(slow);
    stalled.pause();
    const rounds = 400;
    const before = heldInBuffers();
    for (let round = 1; round <= rounds; round++) {
      gateway.store.apply(tags.map((tag) => good(tag, round, Date.now())));
      gateway.fanOut.flush();
      // The quick one takes each frame; the slow one must not keep it from that.
      await until(() => count.quick === round + 1, `frame ${round}`);
    }
    expect(latest.quick).toBe(rounds);
    // 400 frames of 110 kB would be 44 MB in one queue.
    expect(heldInBuffers() - before).toBeLessThan(20_000_000);
    expect(count.slow).toBeLessThan(rounds);
    stalled.resume();
    await until(() => {
      gateway.fanOut.flush();
      return lagged.length === 1;
    }, 'told that it lagged');
    await until(() => latest.slow === rounds, 'the latest values');
    expect(lagged[0]).toBeGreaterThan(0);
    expect(count.slow).toBeLessThan(rounds);
    gateway.store.apply([good(temperature, 7777, Date.now())]);
    gateway.fanOut.flush();
    await until(() => latest.slow === 7777 && latest.quick === 7777, 'both follow again');
  });

  it('LIV-1: a connection that never proves itself is closed', async () => {
    gateway = await new Gateway().listen();
    const socket = connect(gateway.port, '127.0.0.1');
    raw.push(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await until(() => text.includes('101'), 'upgraded');
    // A WebSocket close frame (RFC 6455, 5.5.1).
    await until(() => text.includes('\x88'), 'closed by the gateway');
    expect(gateway.live.connections()).toBe(0);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that somebody still holds: what merely was not collected yet does not count. */
function heldInBuffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** The TCP socket under a client of this process, to stop it from reading. */
function netSocketOf(client: Client): NetSocket {
  const transport: unknown = client.io.engine.transport;
  const found = (transport as { ws?: { _socket?: NetSocket } }).ws?._socket;
  if (found === undefined) throw new Error('no socket under the client');
  return found;
}
