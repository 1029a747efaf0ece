// The witness's HTTP server (AUD-3): C2SP tlog-witness `POST /add-checkpoint` and `GET /<origin hash>/checkpoint`, and
// `GET /health` for whoever watches it. One request of a log at a time: what was cosigned is durable before the answer.
// Started by witness.ts and by tests. Judges nothing itself: that is audit/witness-judgement.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { cosign } from '../audit/cosignature.ts';
import { type Judgement, judge, type WitnessedLog } from '../audit/witness-judgement.ts';
import { longestRequestBytes, parseAddCheckpoint } from '../audit/witness-request.ts';
import {
  type Alarm,
  appendAlarm,
  originHash,
  readAlarms,
  readHead,
  readHeads,
  readLogKeys,
  readWitness,
  seenIn,
  writeHead,
} from './witness-folder.ts';

const requestTimeoutMs = 10_000;
const mostConnections = 200;
/** The same contradiction, asked again and again, is one alarm. */
const mostAlarmsRemembered = 1000;

/** What happened, for the witness's own log: one line each. */
export type WitnessEvent =
  | { readonly event: 'cosigned'; readonly origin: string; readonly size: number }
  | { readonly event: 'refused'; readonly origin: string | null; readonly status: number; readonly why: string }
  | { readonly event: 'alarm'; readonly origin: string; readonly alarm: Alarm['alarm'] };

export type WitnessServerOptions = {
  readonly folder: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM; null: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly onEvent: (event: WitnessEvent) => void;
  readonly onAlarm: (alarm: Alarm) => void;
};

export type WitnessServer = { readonly port: number; readonly vkey: string; readonly stop: () => Promise<void> };

type Answer = { readonly status: number; readonly type?: string; readonly body: string };

/** Rejects where the folder is no witness's, or the address cannot be had. */
export async function startWitnessServer(options: WitnessServerOptions): Promise<WitnessServer> {
  const { signer, vkey } = await readWitness(options.folder);
  const cosigning = new Cosigning(options, (text) => cosign(text, Math.floor(options.now() / 1000), signer));
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const route = `${request.method} ${request.url}`;
    if (route === 'POST /add-checkpoint') {
      const body = await readBody(request);
      return body === null ? { status: 413, body: 'the request is too large\n' } : cosigning.add(body);
    }
    if (route === 'GET /health') return healthOf(options.folder, vkey);
    const wanted = /^GET \/([0-9a-f]{64})\/checkpoint$/.exec(route)?.[1];
    const note = wanted === undefined ? null : await checkpointOf(options.folder, wanted);
    return note === null ? { status: 404, body: 'there is nothing here\n' } : { status: 200, body: note };
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request)
      .catch((fault: unknown): Answer => {
        const why = fault instanceof Error ? fault.message : String(fault);
        options.onEvent({ event: 'refused', origin: null, status: 500, why });
        return { status: 500, body: 'the witness cannot answer at present\n' };
      })
      .then(({ status, type, body }) => {
        response.writeHead(status, {
          'content-type': type ?? 'text/plain; charset=utf-8',
          'cache-control': 'no-store',
        });
        response.end(body);
      })
      .catch(() => response.destroy());
  };
  const server = options.tls === null ? createServer(handle) : createTlsServer(options.tls, handle);
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = requestTimeoutMs;
  server.maxConnections = mostConnections;
  const port = await listening(server, options.host, options.port);
  return { port, vkey, stop: () => closed(server) };
}

class Cosigning {
  readonly #options: WitnessServerOptions;
  readonly #cosign: (text: string) => string;
  /** The request of each log under way. */
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #alarmed = new Set<string>();

  constructor(options: WitnessServerOptions, cosignText: (text: string) => string) {
    this.#options = options;
    this.#cosign = cosignText;
  }

  async add(body: string): Promise<Answer> {
    const note = parseAddCheckpoint(body)?.note ?? '';
    const origin = readCheckpoint(note)?.origin ?? null;
    const keys = await readLogKeys(this.#options.folder);
    if (origin === null || !keys.some(({ name }) => name === origin)) return this.#refuse(judge(body, () => undefined));
    const before = this.#busy.get(origin) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#addTo(origin, body, note));
    this.#busy.set(origin, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(origin) === mine) this.#busy.delete(origin);
    }
  }

  async #addTo(origin: string, body: string, note: string): Promise<Answer> {
    const { folder, onEvent } = this.#options;
    // Read anew: a key that was added is trusted from the next request on.
    const keys = (await readLogKeys(folder)).filter(({ name }) => name === origin);
    const cosigned = await readHead(folder, origin);
    const log: WitnessedLog = { keys, seen: cosigned === null ? null : seenIn(cosigned, origin) };
    const judgement = judge(body, (wanted) => (wanted === origin ? log : undefined));
    if (judgement.answer !== 200) {
      if (judgement.alarm !== null) await this.#raise(judgement.alarm, origin, cosigned, note);
      return this.#refuse(judgement);
    }
    const line = this.#cosign(judgement.text);
    await writeHead(folder, origin, judgement.note + line);
    onEvent({ event: 'cosigned', origin, size: judgement.head.size });
    return { status: 200, body: line };
  }

  #refuse(judgement: Judgement): Answer {
    if (judgement.answer === 409) return { status: 409, type: 'text/x.tlog.size', body: `${judgement.size}\n` };
    const why = judgement.answer === 200 ? '' : judgement.why;
    const { answer: status, origin } = judgement;
    this.#options.onEvent({ event: 'refused', origin, status, why });
    return { status, body: `${why}\n` };
  }

  async #raise(kind: Alarm['alarm'], origin: string, cosigned: string | null, asked: string): Promise<void> {
    const head = readCheckpoint(asked);
    const evidence = `${kind} ${origin} ${head?.size} ${Buffer.from(head?.root ?? []).toString('base64')}`;
    if (this.#alarmed.has(evidence)) return;
    if (this.#alarmed.size >= mostAlarmsRemembered) this.#alarmed.clear();
    this.#alarmed.add(evidence);
    const alarm: Alarm = { time: new Date(this.#options.now()).toISOString(), alarm: kind, origin, cosigned, asked };
    await appendAlarm(this.#options.folder, alarm);
    this.#options.onEvent({ event: 'alarm', origin, alarm: kind });
    this.#options.onAlarm(alarm);
  }
}

async function healthOf(folder: string, vkey: string): Promise<Answer> {
  const [logs, alarms] = await Promise.all([readHeads(folder), readAlarms(folder)]);
  const state = { status: alarms.length === 0 ? 'good' : 'alarmed', key: vkey, logs, alarms: alarms.length };
  return { status: 200, type: 'application/json', body: `${JSON.stringify(state)}\n` };
}

async function checkpointOf(folder: string, wanted: string): Promise<string | null> {
  const key = (await readLogKeys(folder)).find(({ name }) => originHash(name) === wanted);
  return key === undefined ? null : readHead(folder, key.name);
}

/** Null beyond longestRequestBytes. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestRequestBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await done;
}
