import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConnectionView } from '../../../gateway/contract/tag.ts';
import type { Driver, DriverListener, Protocol } from '../../../gateway/drivers/driver.ts';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { Supervisor, sweepEveryMs } from '../../../gateway/drivers/supervisor.ts';
import type { Sample } from '../../../gateway/plant/sample.ts';
import { loadSettings } from '../../../gateway/settings/load.ts';
import { connectionWith, tagAt } from './test-tags.ts';
import { throughGate } from './through-gate.ts';

const left = tagAt(0, 'LEFT', {});
const right = tagAt(1, 'RIGHT', {});
const fresh = (index: number, value: number, sourceTimeMs: number): Sample => ({
  index,
  value,
  quality: 'good',
  reason: 'none',
  sourceTimeMs,
});

/** A supervisor over one connection whose driver is the test itself. */
function world(lostAfterMs = 2000) {
  let nowMs = 1_000_000;
  let device: DriverListener | undefined;
  const batches: Sample[][] = [];
  const views: ConnectionView[] = [];
  const calls: string[] = [];
  const driver: Driver = {
    start: async () => void calls.push('start'),
    stop: async () => void calls.push('stop'),
    read: async (tag) => ({ ok: true, sample: fresh(tag.index, 5, nowMs), readAtMs: nowMs }),
    write: async (write) => {
      calls.push(`write ${write.tag.id}`);
      return { kind: 'written', status: 'Good' };
    },
  };
  const scripted: Protocol = {
    name: 'scripted',
    connectionSchema: z.unknown(),
    addressSchema: z.unknown(),
    endpointOf: () => 'test',
    deviceAddress: () => null,
    writePlace: () => null,
    create: (_settings, listener) => {
      device = listener;
      return driver;
    },
  };
  const supervisor = new Supervisor({
    plant: { connections: [connectionWith('scripted', {}, lostAfterMs)], tags: [left, right] },
    protocols: [scripted],
    now: () => nowMs,
    listener: {
      samples: (batch) => void batches.push([...batch]),
      vouched: () => undefined,
      connection: (view) => void views.push(view),
    },
  });
  if (device === undefined) throw new Error('no driver was made');
  const pass = (ms: number): void => {
    nowMs += ms;
    supervisor.sweep();
  };
  return { supervisor, device, batches, views, calls, pass, now: () => nowMs };
}

describe('the supervisor', () => {
  it('DRV-5: a connection that falls silent turns its values bad after lostAfterMs, once, keeping the last value to be seen', () => {
    const { device, batches, pass, now } = world();
    const group = [0, 1];
    device.state('connected', null);
    device.samples([fresh(0, 37, now()), fresh(1, 7, now())]);
    device.vouched(group, now());
    pass(2000);
    expect(batches).toHaveLength(1);
    device.state('lost', 'pulled out');
    pass(1);
    expect(batches[1]).toEqual([
      { index: 0, value: 37, quality: 'bad', reason: 'connection-lost', sourceTimeMs: now() },
      { index: 1, value: 7, quality: 'bad', reason: 'connection-lost', sourceTimeMs: now() },
    ]);
    pass(10_000);
    expect(batches).toHaveLength(2);
  });

  it('DRV-5: a PLC of the demo that falls silent is told within 5 s, however it does so', () => {
    const { plant } = loadSettings(join(import.meta.dirname, '../../../config/demo'), protocols, {});
    expect(plant.connections.length).toBeGreaterThan(0);
    for (const { lostAfterMs } of plant.connections) {
      const { device, batches, pass, now } = world(lostAfterMs);
      device.state('connected', null);
      device.samples([fresh(0, 37, now())]);
      device.vouched([0], now());
      const silentSinceMs = now();
      while (batches.length < 2 && now() - silentSinceMs < 60_000) pass(sweepEveryMs);
      expect(batches[1]).toMatchObject([{ quality: 'bad' }]);
      // The rest is for the way to the screen.
      expect(now() - silentSinceMs).toBeLessThanOrEqual(4_000);
    }
  });

  it('DRV-5: a steady value is not stale while its source vouches for it', () => {
    const { device, batches, pass, now } = world();
    const group = [0];
    device.state('connected', null);
    device.samples([fresh(0, 37, now())]);
    for (let i = 0; i < 50; i++) {
      device.vouched(group, now());
      pass(1900);
    }
    expect(batches).toHaveLength(1);
  });

  it('DRV-5: a group that is silent while the connection is up is bad for want of an answer; the others stay good', () => {
    const { device, batches, pass, now } = world();
    const answering = [0];
    const silent = [1];
    device.state('connected', null);
    device.samples([fresh(0, 1, now()), fresh(1, 2, now())]);
    device.vouched(silent, now());
    for (let i = 0; i < 3; i++) {
      device.vouched(answering, now());
      pass(1000);
    }
    expect(batches.slice(1)).toEqual([
      [{ index: 1, value: 2, quality: 'bad', reason: 'no-answer', sourceTimeMs: now() }],
    ]);
  });

  it('DRV-5: values come back when the source vouches for them again, changed or not', () => {
    const { device, batches, pass, now } = world();
    const group = [0, 1];
    const first = [fresh(0, 37, now()), fresh(1, 7, now())];
    device.state('connected', null);
    device.samples(first);
    device.vouched(group, now());
    pass(3000);
    const changed = fresh(0, 38, now());
    device.samples([changed]);
    device.vouched(group, now());
    expect(batches.slice(2)).toEqual([[changed], [first[1]]]);
  });

  it('DRV-5: a value that was bad before stays bad for its own reason', () => {
    const { device, batches, pass, now } = world();
    const group = [0];
    device.state('connected', null);
    device.samples([{ ...fresh(0, 37, now()), value: null, quality: 'bad', reason: 'source-bad' }]);
    device.vouched(group, now());
    pass(3000);
    device.vouched(group, now());
    expect(batches).toHaveLength(1);
  });

  it('DRV-5: tells the state of each connection, since when and why', () => {
    const { supervisor, device, views, pass, now } = world();
    device.state('connected', null);
    pass(5000);
    device.state('lost', 'pulled out');
    const since = new Date(now()).toISOString();
    pass(5000);
    device.state('lost', 'still out');
    device.state('lost', 'still out');
    expect(views.map(({ state, error }) => [state, error])).toEqual([
      ['connected', null],
      ['lost', 'pulled out'],
      ['lost', 'still out'],
    ]);
    expect(supervisor.connections()).toMatchObject([{ id: 'plc', state: 'lost', since, error: 'still out' }]);
  });

  it('SIG-1: routes a write to its connection; one for a connection that is not there is used up unsent', async () => {
    const { supervisor, calls } = world();
    expect((await throughGate(left, 3, (write) => supervisor.write(write))).result.kind).toBe('written');
    const elsewhere = { ...left, connection: connectionWith('x', {}).id };
    const stranger = { ...elsewhere, connection: 'elsewhere' as typeof left.connection };
    const { result } = await throughGate(stranger, 3, async (write) => {
      const answer = await supervisor.write(write);
      expect(write.take(Date.now())).toBeNull();
      return answer;
    });
    expect(result.kind).toBe('not-sent');
    expect(calls).toEqual(['write LEFT']);
  });

  it('DRV-7: a protocol is found by its name; two are there', () => {
    expect(protocols.map((protocol) => protocol.name)).toEqual(['opcua', 'modbus']);
    expect(
      () =>
        new Supervisor({
          plant: { connections: [connectionWith('profinet', {})], tags: [] },
          protocols,
          now: Date.now,
          listener: { samples: () => undefined, vouched: () => undefined, connection: () => undefined },
        }),
    ).toThrow('profinet');
  });
});
