// Receivers of forwarded records that a test can kill and start again at the same port: syslog over TCP or TLS, webhook,
// MQTT broker. Written from the standards alone (RFC 5424, 6587, 5425, Standard Webhooks, MQTT), with no gateway code.
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { generate, parser } from 'mqtt-packet';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { lastingPort } from './lasting-ports.ts';

export type ReceivedRecord = { readonly seq: number } & Record<string, unknown>;
export type KillableReceiver = {
  readonly port: number;
  /** All that was taken, in order of arrival, over all lives. */
  readonly records: ReceivedRecord[];
  /** Frames, bodies or topics as they came, for what a standard says about them. */
  readonly raw: string[];
  readonly start: () => Promise<void>;
  /** Connections reset, port closed; what was being read is lost. */
  readonly kill: () => Promise<void>;
  /** Takes so many more records, then dies in the middle, unanswered. */
  dieAfter: number;
};

type Listener = { readonly server: Server; readonly sockets: Set<Socket> };

/** `serve` gets each connection; `take` is what it calls for a record: false once the receiver died of it. */
async function receiver(
  build: (parts: { readonly take: (text: string, raw: string) => boolean; readonly sockets: Set<Socket> }) => Server,
): Promise<KillableReceiver> {
  const records: ReceivedRecord[] = [];
  const raw: string[] = [];
  let listener: Listener | null = null;
  const port = await lastingPort();
  const die = async (): Promise<void> => {
    const former = listener;
    listener = null;
    if (former === null) return;
    const closed = new Promise((resolve) => former.server.close(resolve));
    for (const socket of former.sockets) reset(socket);
    await closed;
  };
  const self: KillableReceiver = {
    port,
    records,
    raw,
    dieAfter: Number.POSITIVE_INFINITY,
    kill: die,
    start: async () => {
      if (listener !== null) return;
      const sockets = new Set<Socket>();
      const mine: Listener = {
        sockets,
        server: build({
          sockets,
          take: (text, rawText) => {
            if (listener !== mine) return false;
            if (self.dieAfter-- <= 0) {
              self.dieAfter = Number.POSITIVE_INFINITY;
              void die();
              return false;
            }
            records.push(JSON.parse(text) as ReceivedRecord);
            raw.push(rawText);
            return true;
          },
        }),
      };
      await new Promise<void>((resolve, reject) => {
        mine.server.once('error', reject);
        mine.server.listen(port, '127.0.0.1', () => resolve());
      });
      listener = mine;
    },
  };
  await self.start();
  return self;
}

/** A TLS socket is reset with the bare one below it, which is tracked before it. */
function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
}

export type TlsFiles = { readonly key: string; readonly certificate: string };

/** A self-signed certificate for localhost, which is its own authority. */
export async function localhostCertificate(): Promise<TlsFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tls-'));
  const manager = new OPCUACertificateManager({ rootFolder: folder, disableFileWatchers: true });
  try {
    await manager.initialize();
    const outputFile = join(folder, 'localhost.pem');
    await manager.createSelfSignedCertificate({
      applicationUri: 'urn:countersign:test',
      subject: '/CN=localhost',
      dns: ['localhost'],
      ip: ['127.0.0.1'],
      outputFile,
      startDate: new Date(Date.now() - 86_400_000),
      validity: 30,
    });
    return { key: await readFile(manager.privateKey, 'utf8'), certificate: await readFile(outputFile, 'utf8') };
  } finally {
    await manager.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** RFC 6587 octet counting; with `tls`, RFC 5425. */
export function syslogServer(tls?: TlsFiles): Promise<KillableReceiver> {
  return receiver(({ take, sockets }) => {
    const serve = (socket: Socket): void => {
      track(sockets, socket);
      let rest = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        rest = Buffer.concat([rest, chunk]);
        for (;;) {
          const space = rest.indexOf(0x20);
          const length = space === -1 ? Number.NaN : Number(rest.subarray(0, space).toString());
          if (!(rest.length >= space + 1 + length)) return;
          const message = rest.subarray(space + 1, space + 1 + length).toString('utf8');
          rest = rest.subarray(space + 1 + length);
          if (!take(message.slice(message.indexOf('\uFEFF') + 1), message)) return;
        }
      });
    };
    return tls === undefined
      ? createTcpServer(serve)
      : createTlsServer({ key: tls.key, cert: tls.certificate }, serve).on('connection', (socket) =>
          track(sockets, socket),
        );
  });
}

/** Answers 401 to what its secret did not sign; `answer` overrides the status of the next request. */
export async function webhookServer(secret: Uint8Array): Promise<KillableReceiver & { answers: number[] }> {
  const answers: number[] = [];
  const server = await receiver(({ take, sockets }) => {
    const http = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': given } = request.headers;
        const right = createHmac('sha256', secret)
          .update(`${String(id)}.${String(time)}.${body}`)
          .digest('base64');
        const status = answers.shift() ?? (given === `v1,${right}` ? 204 : 401);
        if (status !== 204) return response.writeHead(status).end();
        const { data } = JSON.parse(body) as { data: { records: unknown[] } };
        const taken = data.records.every((record) => take(JSON.stringify(record), body));
        return taken ? response.writeHead(204).end() : undefined;
      });
    });
    http.on('connection', (socket) => track(sockets, socket));
    return http;
  });
  return Object.assign(server, { answers });
}

/** As much of a broker as a publisher sees: CONNECT, PUBLISH of QoS 1, PINGREQ. */
export function mqttBroker(): Promise<KillableReceiver> {
  return receiver(({ take, sockets }) =>
    createTcpServer((socket) => {
      track(sockets, socket);
      let protocolVersion = 4;
      const incoming = parser();
      incoming.on('packet', (packet) => {
        const answer = (reply: Parameters<typeof generate>[0]): void => {
          if (!socket.destroyed) socket.write(generate(reply, { protocolVersion }));
        };
        if (packet.cmd === 'connect') {
          protocolVersion = packet.protocolVersion ?? 4;
          answer({ cmd: 'connack', sessionPresent: false, returnCode: 0, reasonCode: 0 });
        } else if (packet.cmd === 'pingreq') answer({ cmd: 'pingresp' });
        else if (packet.cmd === 'publish' && packet.messageId !== undefined) {
          if (take(packet.payload.toString(), `${packet.topic} qos ${packet.qos}`))
            answer({ cmd: 'puback', messageId: packet.messageId, reasonCode: 0 });
        }
      });
      socket.on('data', (chunk) => {
        if (!socket.destroyed) incoming.parse(chunk);
      });
    }),
  );
}
