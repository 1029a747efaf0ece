// Both demo devices behind the supervisor and the tag store, as main.ts puts them together: what a screen would show.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionIdSchema } from '../../../gateway/contract/ids.ts';
import type { ConnectionView } from '../../../gateway/contract/tag.ts';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { Supervisor } from '../../../gateway/drivers/supervisor.ts';
import { TagStore } from '../../../gateway/live/tag-store.ts';
import type { Connection, Tag } from '../../../gateway/plant/tag.ts';
import { startTestPlant, type TestPlant } from '../../support/plant.ts';
import { until } from '../../support/until.ts';
import { tagAt } from './test-tags.ts';

let plant: TestPlant;
let supervisor: Supervisor;
let store: TagStore;
let tags: readonly Tag[];
const states = new Map<string, ConnectionView>();

beforeAll(async () => {
  plant = await startTestPlant();
  const connection = (id: string, protocol: string, options: object): Connection => ({
    id: connectionIdSchema.parse(id),
    protocol,
    endpoint: id,
    options: protocols.find((candidate) => candidate.name === protocol)?.connectionSchema.parse(options),
    lostAfterMs: 800,
  });
  const connections = [
    connection('bioreactor', 'opcua', { endpoint: plant.opcuaEndpoint, publishingIntervalMs: 50 }),
    connection('water', 'modbus', { endpoint: plant.modbusEndpoint, pollIntervalMs: 50, requestTimeoutMs: 2_000 }),
  ];
  const [bioreactor, water] = connections;
  if (bioreactor === undefined || water === undefined) throw new Error('no connections');
  const node = (name: string): object => ({
    nodeId: `nsu=urn:countersign:demo-plant;s=${name}`,
    samplingIntervalMs: 0,
  });
  tags = [
    tagAt(0, 'BR101.TIC.SP', node('BR101.TIC.SP'), { connection: bioreactor.id }),
    tagAt(1, 'BR101.BATCH', node('BR101.BATCH'), { connection: bioreactor.id, dataType: 'string' }),
    tagAt(2, 'WFI.TIC.SP', { table: 'holding', register: 0, type: 'float32' }, { connection: water.id }),
    tagAt(3, 'WFI.PUMP.CMD', { table: 'coil', register: 0 }, { connection: water.id, dataType: 'bool' }),
  ];
  store = new TagStore({ tags, connections }, Date.now);
  supervisor = new Supervisor({
    plant: { tags, connections },
    protocols,
    now: Date.now,
    dataFolder: plant.dataFolder,
    listener: {
      samples: (batch) => store.apply(batch),
      vouched: (indexes, atMs) => store.vouched(indexes, atMs),
      connection: (view) => void states.set(view.id, view),
    },
  });
  await supervisor.start();
});
afterAll(async () => {
  await supervisor.stop();
  await plant.close();
});

const qualities = (): string[] => tags.map((tag) => store.latest(tag).quality);
const allAre = (quality: string) => (): boolean => qualities().every((seen) => seen === quality);

describe('a plant that goes away and comes back', () => {
  it('DRV-5: steady values stay good for many times lostAfterMs', async () => {
    // Gateway and simulators share this process: where it stood still itself, silence is nobody's fault, and the time
    // begins anew.
    let steadySinceMs: number | null = null;
    let lookedAtMs = performance.now();
    await until(() => {
      const nowMs = performance.now();
      if (nowMs - lookedAtMs > 300) steadySinceMs = null;
      lookedAtMs = nowMs;
      if (steadySinceMs === null) {
        if (allAre('good')()) steadySinceMs = nowMs;
        return false;
      }
      expect(qualities()).toEqual(['good', 'good', 'good', 'good']);
      return nowMs - steadySinceMs > 2_500;
    }, 'three times lostAfterMs');
  });

  it('DRV-5: its values turn bad with a reason, the last ones still to be seen; nothing is written on its return', async () => {
    plant.writes.clear();
    await plant.stop();
    await until(allAre('bad'), 'bad');
    expect(tags.map((tag) => store.latest(tag))).toMatchObject([
      { value: 37, reason: expect.stringMatching(/connection-lost|not-vouched-for/) },
      { value: 'B-2026-0417' },
      { value: 80 },
      { value: true },
    ]);
    await until(() => tags.every((tag) => store.latest(tag).reason === 'connection-lost'), 'told as lost connections');
    expect([...states.values()].map((view) => view.state)).toEqual(['lost', 'lost']);
    await plant.restart();
    await until(allAre('good'), 'good again, without a restart of anything');
    await until(() => [...states.values()].every((view) => view.state === 'connected'), 'told as connected');
    expect(plant.writes.count()).toBe(0);
  });

  it('DRV-5: after connections that drop for a moment nothing is frozen', async () => {
    plant.dropConnections();
    await until(() => [...states.values()].some((view) => view.state === 'lost'), 'lost');
    plant.plant.write('WFI.TIC.SP', 81);
    await until(() => store.latest({ index: 2 }).value === 81, 'the new value');
  });
});
