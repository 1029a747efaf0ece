// A script client of the HTTP API with nothing but fetch and an ES256 key, written from interfaces.md alone: it imports no
// gateway code, so that it shows what a stranger can do. Used by flow tests and benches; node's fetch keeps no cookies, so
// the session's cookie is kept here.
import { createHash, randomUUID } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

export type ApiAnswer<Body = Record<string, unknown>> = {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; null for none. */
  readonly body: Body;
};
type Key = { readonly id: string; readonly privateKey: CryptoKey; readonly publicKey: JWK };
/** What a test may bend in one request. */
export type Bend = {
  readonly headers?: Record<string, string>;
  /** Sent as it stands instead of JSON; the proof's digest is over it unless claims say otherwise. */
  readonly rawBody?: string;
  /** Merged into the proof's claims; undefined removes one. */
  readonly claims?: Record<string, unknown>;
  /** Merged into the proof's header. */
  readonly proofHeader?: Record<string, unknown>;
  /** Instead of a fresh proof; null sends none. */
  readonly proof?: string | null;
  /** No second try on use_dpop_nonce. */
  readonly once?: boolean;
  /** Keep the cookie out. */
  readonly withoutCookie?: boolean;
};
export type SignerInput = {
  readonly signer: string;
  readonly meaning: string;
  readonly reasonCode?: string | null;
  readonly comment?: string | null;
};

/** RFC 8785, as far as JSON values from a parser need it. */
export function rfc8785(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(rfc8785).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${rfc8785(member)}`).join(',')}}`;
}

export async function newTerminalKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const jwk = { kty, crv, x, y } as JWK;
  return { id: await calculateJwkThumbprint(jwk), privateKey, publicKey: jwk };
}

/** One terminal, and the person signed in at it. */
export class ApiClient {
  readonly origin: string;
  readonly key: Key;
  nonce: string | undefined;
  cookie: string | undefined;
  /** The terminal's own clock, ms. */
  now: () => number = Date.now;

  constructor(origin: string, key: Key) {
    this.origin = origin;
    this.key = key;
  }

  static async create(origin: string): Promise<ApiClient> {
    return new ApiClient(origin, await newTerminalKey());
  }

  /** Enrols, signs in and certifies where that is still to do: ready to command. Throws with the refusal's code. */
  static async ready(
    origin: string,
    username: string,
    password: string,
    now: () => number = Date.now,
  ): Promise<ApiClient> {
    const client = await ApiClient.create(origin);
    client.now = now;
    expectStatus(await client.enrol(`terminal of ${username}`), 200, 201);
    const session = await client.signIn(username, password);
    expectStatus(session, 200);
    if (session.body.certified !== true) expectStatus(await client.certify(username, password), 201);
    return client;
  }

  /** A compact JWS over the RFC 8785 bytes. */
  async jws(payload: unknown, header: Record<string, unknown>): Promise<string> {
    return new CompactSign(new TextEncoder().encode(rfc8785(payload)))
      .setProtectedHeader(header as { alg: string })
      .sign(this.key.privateKey);
  }

  async proof(method: string, path: string, body: string | undefined, bend: Bend = {}): Promise<string> {
    const claims: Record<string, unknown> = {
      htm: method,
      htu: `${this.origin}${path.split('?')[0]}`,
      iat: Math.floor(this.now() / 1000),
      jti: randomUUID(),
      nonce: this.nonce,
      bodyDigest: body === undefined ? undefined : createHash('sha256').update(body).digest('base64url'),
      ...bend.claims,
    };
    return this.jws(claims, { typ: 'dpop+jwt', alg: 'ES256', jwk: this.key.publicKey, ...bend.proofHeader });
  }

  /** Proof for the live socket's `auth.dpop`. */
  liveProof(): Promise<string> {
    return this.proof('GET', '/socket.io/', undefined);
  }

  async send<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    bend: Bend = {},
  ): Promise<ApiAnswer<Body>> {
    const full = `/api/v1${path}`;
    const text = bend.rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const answer = await this.#sendOnce(method, full, text, bend);
    const again = answer.status === 401 && codeOf(answer) === 'use_dpop_nonce' && bend.once !== true;
    return (again ? await this.#sendOnce(method, full, text, bend) : answer) as ApiAnswer<Body>;
  }

  get<Body = Record<string, unknown>>(path: string, bend?: Bend): Promise<ApiAnswer<Body>> {
    return this.send<Body>('GET', path, undefined, bend);
  }

  post<Body = Record<string, unknown>>(path: string, body: unknown, bend?: Bend): Promise<ApiAnswer<Body>> {
    return this.send<Body>('POST', path, body, bend);
  }

  enrol(name: string, code?: string): Promise<ApiAnswer> {
    return this.post('/terminals', { name, publicKey: this.key.publicKey, ...(code === undefined ? {} : { code }) });
  }

  signIn(username: string, password: string): Promise<ApiAnswer> {
    return this.post('/session', { username, password });
  }

  signOut(): Promise<ApiAnswer> {
    return this.send('DELETE', '/session');
  }

  async certify(username: string, password: string): Promise<ApiAnswer> {
    const offer = await this.get<{ version: number; text: string; nonce: string }>('/certification');
    if (offer.status !== 200) return offer;
    return this.post('/certification', {
      statement: await this.certification(offer.body, username),
      username,
      password,
    });
  }

  certification(
    offer: { readonly version: number; readonly text: string; readonly nonce: string },
    signer: string,
    changes: Record<string, unknown> = {},
  ): Promise<string> {
    return this.jws(
      {
        version: offer.version,
        textDigest: createHash('sha256').update(offer.text, 'utf8').digest('base64url'),
        signer,
        terminal: this.key.id,
        nonce: offer.nonce,
        signedAt: new Date(this.now()).toISOString(),
        ...changes,
      },
      { alg: 'ES256', kid: this.key.id, typ: 'countersign-certification+jws' },
    );
  }

  /** Signs what the gateway offered. `changes` bends the statement, for tests of refusals. */
  signStatement(
    statement: unknown,
    signer: SignerInput,
    changes: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
  ): Promise<string> {
    return this.jws(
      {
        ...(statement as Record<string, unknown>),
        reasonCode: null,
        comment: null,
        ...signer,
        signedAt: new Date(this.now()).toISOString(),
        ...changes,
      },
      { alg: 'ES256', kid: this.key.id, typ: 'countersign-statement+jws', ...header },
    );
  }

  /** Asks for a setpoint from the value that the tag shows now. */
  async ask(tagId: string, value: unknown): Promise<ApiAnswer> {
    const tag = await this.get<{ latest: { value: unknown; sourceTime: string } }>(`/tags/${tagId}`);
    if (tag.status !== 200) return tag as unknown as ApiAnswer;
    const { value: seen, sourceTime } = tag.body.latest;
    return this.post('/commands', { tagId, value, observed: { value: seen, sourceTime } });
  }

  /** Asks and signs, with both components and the first reason and meaning that are offered. */
  async changeSetpoint(
    tagId: string,
    value: unknown,
    reason: string | { readonly code: string; readonly comment?: string },
    username: string,
    password: string,
  ): Promise<ApiAnswer> {
    const asked = await this.ask(tagId, value);
    if (asked.status !== 201) return asked;
    const { id, statement, requires } = asked.body as {
      id: string;
      statement: unknown;
      requires: { meanings: readonly string[] };
    };
    const { code, comment } = typeof reason === 'string' ? { code: reason, comment: undefined } : reason;
    return this.post(`/commands/${id}/signatures`, {
      statement: await this.signStatement(statement, {
        signer: username,
        meaning: requires.meanings[0] ?? 'responsibility',
        reasonCode: code,
        comment: comment ?? null,
      }),
      username,
      password,
    });
  }

  async #sendOnce(method: string, path: string, text: string | undefined, bend: Bend): Promise<ApiAnswer> {
    const headers: Record<string, string> = { ...bend.headers };
    if (bend.proof !== null) headers.dpop = bend.proof ?? (await this.proof(method, path, text, bend));
    if (text !== undefined) headers['content-type'] ??= 'application/json';
    if (this.cookie !== undefined && bend.withoutCookie !== true) headers.cookie = this.cookie;
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers,
      ...(text === undefined ? {} : { body: text }),
    });
    this.nonce = response.headers.get('dpop-nonce') ?? this.nonce;
    for (const cookie of response.headers.getSetCookie()) {
      const [pair] = cookie.split(';');
      this.cookie = pair?.endsWith('=') === true ? undefined : pair;
    }
    const body = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(body) : (body as never) };
  }
}

export function codeOf(answer: ApiAnswer<unknown>): string | undefined {
  const body = answer.body as { code?: string } | null;
  return body?.code;
}

function expectStatus(answer: ApiAnswer, ...statuses: number[]): void {
  if (!statuses.includes(answer.status))
    throw new Error(`expected ${statuses.join(' or ')}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
