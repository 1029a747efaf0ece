// A gateway whose answers a test scripts, so that the HMI can be tried in a browser against every refusal and loss:
// real HTTP, real socket.io, proofs and signatures really checked. It is no model of the gateway's own rules.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { JWK } from 'jose';
import { Server } from 'socket.io';
import type { ArchiveList } from '../../../gateway/contract/archive.ts';
import type { CommandView } from '../../../gateway/contract/command.ts';
import type { Health } from '../../../gateway/contract/health.ts';
import type { ClientEvents, LiveLayout, ServerEvents } from '../../../gateway/contract/live-events.ts';
import { encodeFrame } from '../../../gateway/contract/live-frame.ts';
import type { LogVerification } from '../../../gateway/contract/log-verification.ts';
import type { WitnessList } from '../../../gateway/contract/proof.ts';
import type { ConnectionView, TagView } from '../../../gateway/contract/tag.ts';
import type { UnattributedChange } from '../../../gateway/contract/unattributed-change.ts';
import { qualities, qualityReasons, type TagValue } from '../../../gateway/contract/values.ts';
import { demoAreas, demoTags } from './demo-tags.ts';
import { projectFile } from './project-file.ts';
import { bodyOf, openStatement, proofChecker } from './proof-check.ts';
import { type Answer, scriptedCommands } from './scripted-commands.ts';

export const password = 'countersign-demo';
const accounts: Record<string, string> = {
  operator: 'Olivia Brandt',
  supervisor: 'Samuel Okafor',
  admin: 'Ada Marchetti',
};
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export type ScriptedGateway = Awaited<ReturnType<typeof startScriptedGateway>>;

export async function startScriptedGateway(options: { port?: number } = {}) {
  let origin = '';
  const proofs = proofChecker(() => origin);
  const areas = demoAreas();
  let tags = demoTags(Date.now());
  const keys = new Map<string, JWK>();
  const state = {
    terminalStatus: 'active' as 'active' | 'pending' | 'revoked',
    enrolmentCode: null as string | null,
    demo: true,
    certified: true,
    idleTimeoutSeconds: 1200,
    signedIn: null as string | null,
    linkDown: false,
    beating: true,
    /** Served in place of every screen file, where a test wants another one. */
    screenText: null as string | null,
  };
  const records: Record<string, unknown>[] = [];
  const connections: ConnectionView[] = ['bioreactor', 'water'].map((id) => ({
    id: id as ConnectionView['id'],
    protocol: id === 'water' ? 'modbus' : 'opcua',
    endpoint: id === 'water' ? 'tcp://127.0.0.1:1502' : 'opc.tcp://127.0.0.1:4840',
    state: 'connected',
    since: new Date(Date.now() - 3_600_000).toISOString(),
    error: null,
  }));
  const unattributed: UnattributedChange[] = [];
  /** Carried out by break-glass, and still short of countersignatures. */
  const owed: CommandView[] = [];
  let verification: LogVerification = {
    state: 'waiting',
    checked: 1204,
    size: 1204,
    recordsPerSecond: 2000,
    lastGood: { at: new Date().toISOString(), records: 1204, signatures: 37 },
    altered: null,
  };
  /** How the log is kept: what the pages of who may read it show. */
  const keeping: { witnesses: WitnessList['witnesses']; archives: ArchiveList; parts: Health['parts'] } = {
    witnesses: [],
    archives: { due: null, retentionDays: { commands: 3650, access: 3650, operation: 3650 }, archives: [] },
    parts: { database: 'up', log: { state: 'writing', size: 1204, checkpointTime: null }, connections: {} },
  };
  let session = '';

  const note = (kind: string, extra: Record<string, unknown>): number => {
    const actor = state.signedIn;
    records.push({
      seq: records.length,
      time: new Date().toISOString(),
      kind,
      salt: randomBytes(16).toString('base64url'),
      actor: actor === null ? null : { id: actor, name: actor, printedName: accounts[actor] ?? actor },
      terminal: actor === null ? null : { id: [...keys.keys()][0] ?? '', name: 'Demo terminal', area: 'site' },
      address: '127.0.0.1',
      subject: 'gateway',
      ...extra,
    });
    return records.length - 1;
  };
  note('gateway.started', {});
  note('configuration.loaded', {});

  const commands = scriptedCommands({
    tag: (id) => tags.find((entry) => entry.id === id),
    password,
    printedName: (user) => accounts[user] ?? user,
    announce: (command: CommandView) => io.emit('command', command),
    write: (tag, value) => setValue(tag.id, value),
    record: (kind, command, extra = {}) =>
      note(kind, {
        subject: command.tagId,
        old: command.observed.value,
        new: command.value,
        unit: command.unit,
        command: command.id,
        ...('jws' in extra && {
          signature: { jws: extra.jws },
          meaning: 'responsibility',
          reason: { code: 'batch-step', comment: null },
        }),
      }),
  });

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const body = await bodyOf(request);
    if (url.pathname === '/health')
      return sendJson(response, {
        status: 200,
        body: { status: 'ready', version: '0.1.0', demo: true, parts: keeping.parts },
      });
    if (!url.pathname.startsWith('/api/')) return sendFile(url.pathname, response);
    if (url.pathname === '/api/v1/plant') return sendJson(response, { status: 200, body: plantView() });
    response.setHeader('DPoP-Nonce', proofs.issueNonce());
    const proof = await proofs.check(request.headers.dpop, request.method ?? '', url.pathname, body);
    if (!proof.ok) return sendJson(response, problem(401, proof.code));
    keys.set(proof.terminal, proof.jwk);
    const answer = await api(request, url, body, proof.terminal, proof.jwk, response);
    if (answer !== undefined) sendJson(response, answer);
  }

  async function api(
    request: IncomingMessage,
    url: URL,
    raw: Buffer,
    terminal: string,
    jwk: JWK,
    response: ServerResponse,
  ): Promise<Answer | undefined> {
    const path = url.pathname.slice('/api/v1'.length);
    const route = `${request.method} ${path}`;
    const body = (raw.length === 0 ? {} : JSON.parse(raw.toString('utf8'))) as Record<string, unknown>;
    if (route === 'POST /terminals' && body.code !== undefined) {
      if (body.code !== state.enrolmentCode) return problem(403, 'enrolment-code-invalid');
      state.terminalStatus = 'active';
    }
    if (route === 'POST /terminals') return { status: 201, body: { id: terminal, status: state.terminalStatus } };
    if (state.terminalStatus !== 'active') return problem(403, `terminal-${state.terminalStatus}`);
    if (route === 'GET /terminals/current') return { status: 200, body: terminalView(terminal) };
    if (route === 'POST /session') {
      if (accounts[String(body.username)] === undefined || body.password !== password)
        return problem(401, 'sign-in-failed');
      state.signedIn = String(body.username);
      session = randomBytes(8).toString('hex');
      response.setHeader('Set-Cookie', `countersign-session=${session}; HttpOnly; SameSite=Strict; Path=/`);
      note('session.opened', {});
      return { status: 200, body: sessionView(terminal) };
    }
    const user = state.signedIn;
    if (user === null || !(request.headers.cookie ?? '').includes(session)) return problem(401, 'not-signed-in');
    const [, noun, id = '', verb] = path.split('/');
    switch (`${request.method} /${noun}`) {
      case 'GET /session':
        return { status: 200, body: sessionView(terminal) };
      case 'DELETE /session':
        state.signedIn = null;
        return { status: 204, body: undefined };
      case 'GET /certification':
        return {
          status: 200,
          body: { version: 1, text: 'I certify that my electronic signature is binding.', nonce: 'n1' },
        };
      case 'POST /certification': {
        const opened = await openStatement(String(body.statement), jwk, terminal, 'countersign-certification+jws');
        if (body.password !== password || opened.value.signer !== user) return problem(401, 'signature-refused');
        state.certified = true;
        return {
          status: 200,
          body: { certified: true, certifiedAt: new Date().toISOString(), record: note('account.certified', {}) },
        };
      }
      case 'GET /areas':
        return { status: 200, body: { areas } };
      case 'GET /tags':
        if (id === 'recent') return { status: 200, body: recent(url.searchParams.get('ids') ?? '') };
        return { status: 200, body: id === '' ? { tags } : oneTag(id) };
      case 'GET /connections':
        return { status: 200, body: { connections } };
      case 'GET /unattributed-changes':
        return { status: 200, body: { changes: unattributed } };
      case 'GET /screens':
        if (state.screenText !== null) {
          response.setHeader('Content-Type', 'image/svg+xml');
          response.end(state.screenText);
          return undefined;
        }
        sendFile(`/../../config/demo/screens/${id}`, response);
        return undefined;
      case 'GET /commands':
        if (url.searchParams.has('breakGlass')) return { status: 200, body: { commands: owed, next: null } };
        if (url.searchParams.has('awaiting')) {
          const waiting = commands.all().filter((one) => one.state === 'awaiting-countersignature');
          return { status: 200, body: { commands: waiting, next: null } };
        }
        return { status: 200, body: id === '' ? { commands: commands.all(), next: null } : commands.get(id) };
      case 'POST /commands':
        if (id === '') return commands.ask(body as never, terminal);
        return verb === 'statements' ? commands.offer(id, terminal) : commands.sign(id, body, jwk, terminal);
      case 'DELETE /commands':
        return commands.withdraw(id);
      case 'GET /audit': {
        if (id === 'verification') return { status: 200, body: verification };
        if (id === 'witnesses') return { status: 200, body: { witnesses: keeping.witnesses } };
        if (id === 'archives') return { status: 200, body: keeping.archives };
        if (id === 'key') return { status: 200, body: { key: 'plant.example/log+1a2b3c4d+AbCd' } };
        const kind = url.searchParams.get('kind');
        const found = records.filter((entry) => kind === null || entry.kind === kind).reverse();
        return { status: 200, body: { records: found, next: null } };
      }
      case 'GET /terminals':
        return {
          status: 200,
          body: {
            terminals: [
              terminalView(terminal),
              { ...terminalView('B'.repeat(43)), name: 'Panel 3', status: 'pending' },
            ],
          },
        };
      case 'GET /users':
        return {
          status: 200,
          body: {
            users: Object.entries(accounts).map(([name, printedName]) => ({
              id: name,
              name,
              printedName,
              groups: ['operators'],
              status: 'active',
              certified: true,
              lockedAtTerminals: [],
            })),
          },
        };
      case 'GET /sessions':
        return { status: 200, body: { sessions: [] } };
      default:
        return problem(404, 'not-found');
    }
  }

  const io = new Server<ClientEvents, ServerEvents>(server, { path: '/socket.io', transports: ['websocket'] });
  const layout = (): LiveLayout => ({
    version: 7,
    areas: areas.map((area, index) => ({ index, id: area.id })),
    tags: tags.map((tag, index) => ({ index, id: tag.id, area: tag.area })),
  });
  io.use((socket, next) => {
    void proofs.check(socket.handshake.auth.dpop, 'GET', '/socket.io/', Buffer.alloc(0)).then((proof) => {
      if (state.linkDown) return next(Object.assign(new Error('starting'), { data: { code: 'starting' } }));
      if (!proof.ok) {
        const data = { code: proof.code, nonce: proof.code === 'use_dpop_nonce' ? proofs.issueNonce() : undefined };
        return next(Object.assign(new Error(proof.code), { data }));
      }
      next();
    });
  });
  io.on('connection', (socket) => {
    socket.on('join', (_request, answer) => {
      answer({ ok: true, layout: layout() });
      for (const area of areas)
        socket.emit(
          'frame',
          frameOf(
            tags.filter((tag) => tag.area === area.id),
            true,
          ),
        );
    });
  });
  const beat = setInterval(() => {
    if (state.beating) io.emit('heartbeat', { timeMs: Date.now() });
  }, 500);

  function frameOf(some: readonly TagView[], snapshot: boolean): Uint8Array<ArrayBuffer> {
    return encodeFrame({
      snapshot,
      areaIndex: Math.max(
        0,
        areas.findIndex((area) => area.id === some[0]?.area),
      ),
      layoutVersion: 7,
      timeMs: Date.now(),
      entries: some.map((tag) => ({
        tagIndex: tags.indexOf(tag),
        value: typeof tag.latest.value === 'boolean' ? Number(tag.latest.value) : tag.latest.value,
        quality: qualities.indexOf(tag.latest.quality),
        reason: qualityReasons.indexOf(tag.latest.reason),
        sourceTimeMs: tag.latest.sourceTime === null ? null : Date.parse(tag.latest.sourceTime),
      })),
    });
  }

  function setValue(
    id: string,
    value: TagValue,
    quality: TagView['latest']['quality'] = 'good',
    reason: TagView['latest']['reason'] = 'none',
  ): void {
    const time = new Date().toISOString();
    tags = tags.map((tag) =>
      tag.id === id ? { ...tag, latest: { value, quality, reason, sourceTime: time, vouchedAt: time } } : tag,
    );
    const changed = tags.find((tag) => tag.id === id);
    if (changed !== undefined) io.emit('frame', frameOf([changed], false));
  }

  /** A single answer says what the first signature must bring. */
  function oneTag(id: string) {
    const tag = tags.find((entry) => entry.id === id);
    if (tag === undefined || tag.setpoint === null) return tag;
    return { ...tag, setpoint: { ...tag.setpoint, signing: commands.signing(tag) } };
  }

  function recent(ids: string) {
    return {
      tags: ids.split(',').map((id) => {
        const value = Number(tags.find((tag) => tag.id === id)?.latest.value ?? 0);
        const timesMs = Array.from({ length: 180 }, (_, index) => Date.now() - 900_000 + index * 5000);
        const wave = (timeMs: number) => (id.endsWith('.SP') ? 0 : Math.sin(timeMs / 40_000) * 0.002 * value);
        return { id, timesMs, values: timesMs.map((timeMs) => value + wave(timeMs)), qualities: timesMs.map(() => 0) };
      }),
    };
  }
  const terminalView = (id: string) => ({
    id,
    name: 'Demo terminal',
    status: state.terminalStatus,
    location: 'Bioreactor hall',
    areas: ['site'],
    networks: [],
    enrolledAt: new Date().toISOString(),
  });
  const plantView = () => ({
    name: 'Countersign demo plant',
    timeZone: 'Europe/Berlin',
    demo: state.demo,
    version: '0.1.0',
    demoAccounts: Object.entries(accounts).map(([name, printedName]) => ({
      name,
      printedName,
      may: 'changes setpoints',
    })),
  });
  const sessionView = (terminal: string) => ({
    user: {
      id: state.signedIn,
      name: state.signedIn,
      printedName: accounts[state.signedIn ?? ''],
      groups: ['operators'],
    },
    terminal: { id: terminal, name: 'Demo terminal', location: 'Bioreactor hall', areas: ['site'] },
    permissions: areas.map((area) => ({
      area: area.id,
      permissions: [
        'view',
        'command',
        'verify',
        'resolve',
        'read-audit',
        'export-audit',
        ...(state.signedIn === 'admin' ? ['administer'] : []),
      ],
    })),
    certified: state.certified,
    passwordExpiresInDays: null,
    idleTimeoutSeconds: state.idleTimeoutSeconds,
    signingComponents: ['username', 'password'],
    plant: { name: 'Countersign demo plant', timeZone: 'Europe/Berlin', demo: state.demo },
  });
  const problem = (status: number, code: string): Answer => ({
    status,
    body: { type: 'about:blank', title: code, status, code },
  });
  function sendJson(response: ServerResponse, answer: Answer): void {
    response.statusCode = answer.status;
    response.setHeader('Content-Type', answer.status >= 400 ? 'application/problem+json' : 'application/json');
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }
  function sendFile(path: string, response: ServerResponse): void {
    const file = extname(path) === '' ? '/index.html' : path;
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
    response.setHeader('Content-Security-Policy', policy);
    try {
      response.end(readFileSync(projectFile(`hmi-web/dist${file}`)));
    } catch {
      response.statusCode = 404;
      response.end();
    }
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    state,
    commands,
    records,
    setValue,
    keeping,
    owed,
    /** Somebody changed a setpoint past the gateway: the value, its record, the live event. */
    changeOutside: (id: string, value: number): number => {
      const tag = tags.find((entry) => entry.id === id);
      if (tag === undefined) throw new Error(`no tag ${id}`);
      const old = tag.latest.value;
      setValue(id, value);
      const detail = { area: tag.area, description: tag.description, quality: 'good' as const };
      const time = new Date().toISOString();
      const kind = 'setpoint.unattributed';
      const record = note(kind, { actor: null, subject: id, old, new: value, unit: tag.unit, detail });
      const size = { count: 1, min: value, max: value, while: 'live' as const };
      const names = { record, time, sourceTime: time, tagId: tag.id, unit: tag.unit };
      const change: UnattributedChange = { ...names, ...detail, ...size, old, new: value };
      unattributed.unshift(change);
      io.emit('unattributed', change);
      return record;
    },
    /** What the gateway's own check of its log found (AUD-5), with its live event. */
    verified: (change: Partial<LogVerification>): void => {
      verification = { ...verification, ...change };
      io.emit('verification', verification);
    },
    /** Every nonce so far is forgotten: the next proof of the page is too old. */
    forgetNonces: proofs.forgetNonces,
    setConnection: (id: string, change: Partial<ConnectionView>) => {
      const index = connections.findIndex((entry) => entry.id === id);
      const old = connections[index];
      if (old === undefined) throw new Error(`no connection ${id}`);
      const next = { ...old, ...change };
      connections[index] = next;
      io.emit('connection', next);
    },
    dropLink: () => {
      state.linkDown = true;
      io.disconnectSockets(true);
    },
    restoreLink: () => {
      state.linkDown = false;
    },
    endSession: () => {
      state.signedIn = null;
      io.emit('session-ended', { code: 'not-signed-in', detail: 'An administrator ended this session.' });
      io.disconnectSockets();
    },
    stop: async () => {
      clearInterval(beat);
      await io.close();
      server.closeAllConnections();
    },
  };
}
