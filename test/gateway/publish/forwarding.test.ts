import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Forwarder, type ForwarderParts, startForwarder } from '../../../gateway/publish/forwarder.ts';
import { mqttReceiver } from '../../../gateway/publish/mqtt.ts';
import type { Receiver } from '../../../gateway/publish/ports.ts';
import { forwardCursor, readForward } from '../../../gateway/publish/postgres-forward.ts';
import { syslogReceiver } from '../../../gateway/publish/syslog.ts';
import { webhookReceiver } from '../../../gateway/publish/webhook.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';

import {
  type KillableReceiver,
  localhostCertificate,
  mqttBroker,
  type ReceivedRecord,
  syslogServer,
  webhookServer,
} from '../../support/record-receivers.ts';
import { until } from '../../support/until.ts';
import { sampleDraft } from '../audit/sample-drafts.ts';

const secret = Buffer.from('a secret of at least 24 characters');
const shape = { facility: 13, hostname: 'gateway-1', version: '0.1.0', longestBytes: 8192, settleMs: 25 };

let server: TestServer;
let database: TestDatabase;
let opened: TestLog;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startTestServer();
  database = await server.freshDatabase();
  opened = await openTestLog(database);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await opened.stop();
  await database.stop();
  await server.stop();
});

function forwarderTo(name: string, receiver: Receiver, more: Partial<ForwarderParts> = {}): Forwarder {
  const forwarder = startForwarder({
    name,
    receiver,
    read: readForward(database.pool),
    cursor: forwardCursor(database.pool),
    size: opened.log.size,
    kinds: null,
    beginAfter: -1,
    append: opened.log.append,
    // Patience is not what is tested: try again at once, and let others run.
    wait: async () => {
      await delay(2);
    },
    now: Date.now,
    reportFault: () => undefined,
    ...more,
  });
  ends.push(() => forwarder.stop());
  return forwarder;
}

async function appendMany(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => opened.log.append(sampleDraft(`TAG.${index}`))));
}

/** Whoever leaves out what came again has all records from `first` on, in order; returns how many came again. */
function expectInOrder(records: readonly ReceivedRecord[], first: number): number {
  let next = first;
  let again = 0;
  for (const { seq } of records) {
    // Never ahead: a record comes only after all before it have come.
    expect(seq).toBeLessThanOrEqual(next);
    if (seq === next) next += 1;
    else again += 1;
  }
  return again;
}

const tls = await localhostCertificate();
const kinds: readonly {
  readonly name: string;
  readonly listen: () => Promise<KillableReceiver>;
  readonly receiver: (port: number) => Receiver;
}[] = [
  {
    name: 'syslog-tcp',
    listen: () => syslogServer(),
    receiver: (port) => syslogReceiver({ ...shape, host: '127.0.0.1', port, tls: null }),
  },
  {
    name: 'syslog-tls',
    listen: () => syslogServer(tls),
    receiver: (port) => syslogReceiver({ ...shape, host: 'localhost', port, tls: { ca: tls.certificate } }),
  },
  {
    name: 'webhook',
    listen: () => webhookServer(secret),
    receiver: (port) =>
      webhookReceiver({ name: 'webhook', origin: 'o', url: `http://127.0.0.1:${port}/in`, secret, now: Date.now }),
  },
  {
    name: 'mqtt',
    listen: () => mqttBroker(),
    receiver: (port) =>
      mqttReceiver({ url: `mqtt://127.0.0.1:${port}`, topic: 'plant/records', clientId: 'c', protocol: '5' }),
  },
];

describe('forwarding', () => {
  it.each(kinds)('AUD-10: $name killed and started again at random gets every record, in order', async (kind) => {
    const target = await kind.listen();
    ends.push(() => target.kill());
    let forwarder = forwarderTo(kind.name, kind.receiver(target.port));
    // mulberry32: the same deaths in each run.
    let state = kind.name.length * 7919;
    const random = (below: number): number => {
      state = (state + 0x6d2b79f5) | 0;
      const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
    for (let round = 0; round < 8; round++) {
      const before = target.records.length;
      if (round % 2 === 0) target.dieAfter = random(40);
      await appendMany(60);
      if (round % 2 === 1) {
        await until(() => target.records.length > before + random(50), 'some of them');
        await target.kill();
      } else await until(() => target.dieAfter === Number.POSITIVE_INFINITY, 'its death');
      // The gateway, too, may be started anew: it goes on behind what was acknowledged.
      if (round === 3 || round === 6) {
        await forwarder.stop();
        forwarder = forwarderTo(kind.name, kind.receiver(target.port));
      }
      await target.kill();
      await target.start();
    }
    await until(() => forwarder.view().behind === 0 && forwarder.view().state === 'delivering', 'all acknowledged');
    expectInOrder(target.records, 0);
    expect(new Set(target.records.map(({ seq }) => seq)).size).toBe(opened.log.size());
    expect(await forwardCursor(database.pool).read(kind.name)).toBe(opened.log.size() - 1);
  });

  it('AUD-10: what arrives over syslog is RFC 5424 with the canonical bytes, shortened with their hash where too long', async () => {
    const target = await syslogServer();
    ends.push(() => target.kill());
    const begin = opened.log.size() - 1;
    const small = { ...shape, longestBytes: 1024, host: '127.0.0.1', port: target.port, tls: null };
    const forwarder = forwarderTo('siem', syslogReceiver(small), { beginAfter: begin });
    const short = await opened.log.append(sampleDraft('BR101.TIC.SP', { kind: 'command.refused' }));
    const long = await opened.log.append(
      sampleDraft('X', { kind: 'security.alert', detail: { text: 'y'.repeat(2000) } }),
    );
    await until(() => forwarder.view().behind === 0, 'both acknowledged');
    const stored = await database.superuser.query<{ body: Buffer }>('SELECT body FROM log_record WHERE seq = $1', [
      short.seq,
    ]);
    const data = (seq: number) => `[origin software="Countersign" swVersion="0.1.0"][meta sequenceId="${seq + 1}"]`;
    // Facility 13 (log audit): notice for a refusal, warning for an alert.
    expect(target.raw[0]).toBe(
      `<${13 * 8 + 5}>1 ${short.time} gateway-1 countersign - command.refused ${data(short.seq)} \uFEFF${stored.rows[0]?.body.toString('utf8')}`,
    );
    expect(target.raw[1]).toContain(
      `<${13 * 8 + 4}>1 ${long.time} gateway-1 countersign - security.alert ${data(long.seq)}`,
    );
    expect(target.records[1]).toMatchObject({
      seq: long.seq,
      kind: 'security.alert',
      shortened: { leafHash: Buffer.from(long.digest, 'base64url').toString('base64') },
    });
  });

  it('AUD-10: a syslog receiver that ends orderly before it has had a batch for the set time gets it again', async () => {
    const seqs: number[] = [];
    let lives = 0;
    // A process that is killed when it has read all but stored nothing: the system closes its connection as if all were well.
    const dying = createServer((socket) => {
      const dies = lives++ === 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const [, id] of chunk.toString('utf8').matchAll(/sequenceId="(\d+)"/g)) seqs.push(Number(id) - 1);
        if (dies) socket.end();
      });
    });
    await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve));
    ends.push(() => new Promise((resolve) => dying.close(resolve)));
    const { port } = dying.address() as AddressInfo;
    const begin = opened.log.size() - 1;
    const slow = { ...shape, settleMs: 1_000, host: '127.0.0.1', port, tls: null };
    const forwarder = forwarderTo('dying', syslogReceiver(slow), { beginAfter: begin });
    const { seq } = await opened.log.append(sampleDraft('BR101.TIC.SP'));
    await until(() => forwarder.view().behind === 0 && lives > 1, 'the second life’s acknowledgement');
    expect(seqs).toEqual([seq, seq]);
  });

  it('AUD-10: a receiver that is away holds nobody up, and its loss and return are records', async () => {
    const away = await syslogServer();
    await away.kill();
    const near = await webhookServer(secret);
    ends.push(() => near.kill());
    const beginAfter = opened.log.size() - 1;
    const lost = forwarderTo('away', syslogReceiver({ ...shape, host: '127.0.0.1', port: away.port, tls: null }), {
      beginAfter,
    });
    const url = `http://127.0.0.1:${near.port}`;
    const present = forwarderTo('near', webhookReceiver({ name: 'near', origin: 'o', url, secret, now: Date.now }), {
      beginAfter,
    });
    await appendMany(20);
    await until(() => lost.view().state === 'lost', 'the loss');
    await until(() => near.records.some(({ kind }) => kind === 'forwarding.lost'), 'its record, at the other receiver');
    expect(present.view().state).toBe('delivering');
    expect(lost.view().behind).toBeGreaterThanOrEqual(20);
    ends.push(() => away.kill());
    await away.start();
    await until(() => away.records.some(({ kind }) => kind === 'forwarding.restored'), 'the record of its return');
    expectInOrder(away.records, beginAfter + 1);
    const about = near.records.filter(({ subject }) => subject === 'receiver:away');
    expect(about.map(({ kind }) => kind)).toEqual(['forwarding.lost', 'forwarding.restored']);
  });

  it('AUD-10: sends only the kinds asked for, and smaller batches to who calls a batch too large', async () => {
    const target = await webhookServer(secret);
    ends.push(() => target.kill());
    const beginAfter = opened.log.size() - 1;
    target.answers.push(413, 302, 500);
    const url = `http://127.0.0.1:${target.port}`;
    const forwarder = forwarderTo('few', webhookReceiver({ name: 'few', origin: 'o', url, secret, now: Date.now }), {
      beginAfter,
      kinds: ['security.alert', 'session.'],
    });
    await appendMany(300);
    await opened.log.append(sampleDraft('a', { kind: 'security.alert' }));
    await opened.log.append(sampleDraft('b', { kind: 'session.refused' }));
    await until(() => forwarder.view().behind === 0, 'all looked at');
    expect([...new Set(target.records.map(({ kind }) => kind))].sort()).toEqual(['security.alert', 'session.refused']);
    expect(target.answers).toEqual([]);
  });

  it('AUD-10: a cursor that the log cannot have given is not believed: all is sent again, and said', async () => {
    await forwardCursor(database.pool).move('moved', opened.log.size() + 1000);
    const target = await webhookServer(secret);
    ends.push(() => target.kill());
    const url = `http://127.0.0.1:${target.port}`;
    const forwarder = forwarderTo('moved', webhookReceiver({ name: 'moved', origin: 'o', url, secret, now: Date.now }));
    await until(() => forwarder.view().state === 'delivering' && forwarder.view().behind === 0, 'the whole log');
    expectInOrder(target.records, 0);
    expect(target.records.filter(({ kind }) => kind === 'forwarding.skipped')).toMatchObject([
      { subject: 'receiver:moved', detail: { code: 'cursor-beyond-log' } },
    ]);
  });

  it('AUD-10: records that are no longer in the log are named as not forwarded, once', async () => {
    const beginAfter = opened.log.size() - 1;
    await appendMany(10);
    const real = readForward(database.pool);
    const target = await mqttBroker();
    ends.push(() => target.kill());
    const forwarder = forwarderTo(
      'gap',
      mqttReceiver({ url: `mqtt://127.0.0.1:${target.port}`, topic: 't/r', clientId: 'g', protocol: '3.1.1' }),
      {
        beginAfter,
        // As after an archive: the first five are gone.
        read: async (after, end, limit) => real(Math.max(after, beginAfter + 5), end, limit),
      },
    );
    await until(() => target.records.some(({ kind }) => kind === 'forwarding.skipped'), 'the record that says so');
    await until(() => forwarder.view().behind === 0, 'the end');
    expectInOrder(target.records, beginAfter + 6);
    expect(target.raw[0]).toBe('t/r qos 1');
    expect(target.records.filter(({ kind }) => kind === 'forwarding.skipped')).toMatchObject([
      { detail: { code: 'not-in-the-log-any-more', from: beginAfter + 1, to: beginAfter + 5 } },
    ]);
  });

  it('AUD-10: a TLS receiver with a certificate of nobody’s is given nothing', async () => {
    const target = await syslogServer(tls);
    ends.push(() => target.kill());
    const other = await localhostCertificate();
    const receiver = syslogReceiver({
      ...shape,
      host: 'localhost',
      port: target.port,
      tls: { ca: other.certificate },
    });
    const forwarder = forwarderTo('distrusted', receiver);
    await until(() => forwarder.view().state === 'lost', 'the refusal');
    expect(target.records).toEqual([]);
    expect(await forwardCursor(database.pool).read('distrusted')).toBe(-1);
  });
});
