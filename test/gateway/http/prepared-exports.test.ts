// An export that is broken off while its file is on its way (AUD-6), over a real socket, from a real database by the real worker,
// which waits just then for a reader, or for the database.
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exportConnection } from '../../../gateway/audit/postgres-export-task.ts';
import { exportInWorker } from '../../../gateway/audit/worker-export.ts';
import type { TerminalId } from '../../../gateway/contract/ids.ts';
import { createPreparedExports } from '../../../gateway/http/prepared-exports.ts';
import { openTestLog, startTestServer, type TestDatabase, type TestServer } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

/** More chunks of 200 records than the worker makes ahead, and the streams behind it hold, of a reader who stops. */
const records = 4_000;
const mine = 'the session that asked';
const terminalId = 'terminal' as TerminalId;

let server: TestServer;
let database: TestDatabase;
let http: Server;
let port = 0;
let exported: Parameters<typeof exportInWorker>[1];
const exports = createPreparedExports(Date.now);
/** Taken by a test, and free again behind it, so that one that fails does not make the next ones fail. */
const places: string[] = [];
const gates = new Map<string, () => void>();

/** Lets one chunk through, and the rest once `gates` is asked to: a reader's full socket, whatever this machine's buffers hold. */
function afterTheFirst(id: string): Transform {
  let passed = 0;
  const opened = new Promise<void>((open) => gates.set(id, open));
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      passed += 1;
      if (passed === 1) done(null, chunk);
      else void opened.then(() => done(null, chunk));
    },
  });
}

function begun(): string {
  const prepared = exports.prepare(
    { sessionId: mine, terminalId, format: 'jsonl', filter: {}, count: records + 1, upTo: records },
    (id) => id,
  );
  if (!prepared.ok) throw new Error(prepared.detail);
  expect(exports.begin(prepared.view.id)).toEqual({ ok: true });
  places.push(prepared.view.id);
  return prepared.view.id;
}
/** A reader who has taken the first bytes and gets no more yet. */
async function reading(id: string): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/${id}` }, resolve).on('error', reject);
  });
  await new Promise((resolve) => answer.once('readable', resolve));
  expect(exports.view(id, mine)?.state).toBe('running');
  return answer;
}
async function brokenOff(answer: IncomingMessage): Promise<void> {
  const all = pipeline(answer, async (chunks: AsyncIterable<unknown>) => {
    for await (const _ of chunks);
  });
  await expect(all).rejects.toThrow('aborted');
}
/** Not over the connection that holds the lock: within a transaction PostgreSQL shows the same picture again. */
async function connections(): Promise<readonly { waits: string | null }[]> {
  const found = await database.pool.query<{ waits: string | null }>(
    'SELECT wait_event_type AS waits FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
    [exportConnection],
  );
  return found.rows;
}
/** Takes a place as soon as there is one, and hands it back: how many connections the exports before it still had then. */
async function connectionsOnceThereIsPlace(): Promise<number> {
  const id = await until(() => {
    const prepared = exports.prepare(
      { sessionId: 'another', terminalId, format: 'csv', filter: {}, count: 1, upTo: 1 },
      (made) => made,
    );
    if (!prepared.ok) throw new Error(prepared.detail);
    if (exports.begin(prepared.view.id).ok) return prepared.view.id;
    exports.cancel(prepared.view.id, 'another');
    return null;
  }, 'a place for another export');
  const left = await connections();
  exports.fail(id);
  return left.length;
}
/** The worker is let on, and waits for a table that somebody else holds until `work` is done. */
async function whileItWaits(id: string, work: () => Promise<void>): Promise<void> {
  await database.superuser.query('BEGIN');
  try {
    await database.superuser.query('LOCK TABLE log_record IN ACCESS EXCLUSIVE MODE');
    gates.get(id)?.();
    await until(async () => (await connections()).some(({ waits }) => waits === 'Lock'), 'the worker to ask on');
    await work();
  } finally {
    await database.superuser.query('ROLLBACK');
  }
}

describe('an export on its way', () => {
  afterEach(() => {
    for (const id of places.splice(0)) exports.fail(id);
  });
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    const test = await openTestLog(database);
    const comment = 'x'.repeat(400);
    await Promise.all(
      Array.from({ length: records }, (_, number) =>
        test.log.append(sampleDraft(`tag-${number}`, { reason: { code: null, comment } })),
      ),
    );
    await test.stop();
    exported = {
      format: 'jsonl',
      filter: {},
      cover: {
        plant: { name: 'Plant', timeZone: 'UTC' },
        filter: {},
        count: records + 1,
        upTo: records,
        exportedAt: '2026-01-31T08:00:00.000000Z',
        exportedBy: null,
        terminal: null,
        record: records + 1,
        checkpoint: null,
        version: '0',
      },
    };
    http = createServer((request, response) => {
      const id = request.url?.slice(1) ?? '';
      const file = exports.stream(id, (onWritten, broken) =>
        exportInWorker(database.gatewayUrl, exported, onWritten, broken),
      );
      if (file === null) throw new Error(`${id} was cancelled before`);
      // How it ended is asked of `exports`.
      pipeline(file, afterTheFirst(id), response).catch(() => undefined);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    port = (http.address() as AddressInfo).port;
  });
  afterAll(async () => {
    http?.closeAllConnections();
    await new Promise((resolve) => http?.close(resolve));
    await database?.stop();
    await server?.stop();
  });

  it('AUD-6: cancelled while its reader takes no more, the file breaks off; its place is free when its connection is gone', async () => {
    const [first, second] = [begun(), begun()];
    const [one, two] = [await reading(first), await reading(second)];
    expect(await connections()).toHaveLength(2);
    expect(exports.cancel(first, 'another session')).toBe(false);
    expect(exports.cancel(first, mine)).toBe(true);
    expect(exports.view(first, mine)).toMatchObject({ state: 'cancelled' });
    expect(await connectionsOnceThereIsPlace()).toBe(1);
    await brokenOff(one);
    exports.cancelAll(mine);
    await brokenOff(two);
    expect(exports.view(second, mine)).toMatchObject({ state: 'cancelled' });
    await until(async () => (await connections()).length === 0, 'the end of the other');
  });

  it('AUD-6: cancelled while it waits for the database, its thread and connection end at once, and then its place is free', async () => {
    const id = begun();
    begun();
    const answer = await reading(id);
    await whileItWaits(id, async () => {
      expect(exports.cancel(id, mine)).toBe(true);
      expect(await connectionsOnceThereIsPlace()).toBe(0);
      await brokenOff(answer);
    });
    expect(exports.view(id, mine)).toMatchObject({ state: 'cancelled' });
  });

  it('AUD-6: a reader who goes away while it waits for the database ends it as cancelled', async () => {
    const id = begun();
    begun();
    const answer = await reading(id);
    await whileItWaits(id, async () => {
      answer.destroy();
      expect(await connectionsOnceThereIsPlace()).toBe(0);
    });
    expect(exports.view(id, mine)).toMatchObject({ state: 'cancelled' });
  });

  it('AUD-6: cancelled while its record is made, it has no file, and its place is free', () => {
    const id = begun();
    begun();
    expect(exports.cancel(id, mine)).toBe(true);
    expect(
      exports.stream(id, () => {
        throw new Error('it must not begin');
      }),
    ).toBeNull();
    exports.fail(begun());
  });

  it('AUD-6: what nobody breaks off comes whole, and is done', async () => {
    const id = begun();
    const answer = await reading(id);
    gates.get(id)?.();
    let lines = 0;
    for await (const chunk of answer) for (const byte of chunk as Buffer) if (byte === 10) lines += 1;
    expect(lines).toBe(records + 1);
    await until(() => exports.view(id, mine)?.state === 'done', 'the end');
    await until(async () => (await connections()).length === 0, 'the end of its connection');
  });
});
