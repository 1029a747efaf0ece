// fan-out: updates delivered per second to 200 HMI clients, 500 changes a frame, from the tag store to the clients'
// sockets (performance.md). Product and floor send frames of the same size, as fast as the clients take them.
import { createServer } from 'node:http';
import { areaIdSchema, connectionIdSchema, tagIdSchema } from '../../../gateway/contract/ids.ts';
import { openLiveSocket } from '../../../gateway/http/live-socket.ts';
import { FanOut } from '../../../gateway/live/fan-out.ts';
import { layoutOf } from '../../../gateway/live/layout.ts';
import { TagStore } from '../../../gateway/live/tag-store.ts';
import type { SampleBatch } from '../../../gateway/plant/sample.ts';
import type { Plant, Tag } from '../../../gateway/plant/tag.ts';
import type { BenchCase } from '../bench-case.ts';
import { openBareBroadcast } from '../floors/bare-broadcast.ts';
import { listen } from '../listening.ts';
import { openAudience } from '../live-audience.ts';
import { quantile } from '../rounds.ts';
import { type Scratch, withScratch } from '../scratch.ts';

const clients = 200;
const changes = 500;
const frames = 200;
const warmUpFrames = 50;
const rounds = 5;

export const fanOut: BenchCase = {
  name: 'fan-out',
  about: `updates delivered per second to ${clients} HMI clients, ${changes} changes a frame, from tag store to client`,
  floorIs: 'frames of the same bytes, made once, broadcast through bare socket.io to as many clients',
  run: () =>
    withScratch(async (scratch) => {
      const product = await openProduct(scratch);
      const productAudience = await openAudience(product.url, clients, 'bench');
      scratch.atEnd(productAudience.close);
      const floor = await openBareBroadcast();
      scratch.atEnd(floor.close);
      const floorAudience = await openAudience(floor.url, clients, null);
      scratch.atEnd(floorAudience.close);

      await productAudience.stream(warmUpFrames, changes, product.send);
      const frame = product.lastFrame();
      const runFloor = (count: number) => floorAudience.stream(count, changes, () => floor.broadcast(frame));
      await runFloor(warmUpFrames);
      const rates = { product: new Float64Array(rounds), floor: new Float64Array(rounds) };
      const cpuNs = { product: new Float64Array(rounds), floor: new Float64Array(rounds) };
      for (let index = 0; index < rounds; index++) {
        [rates.floor[index], cpuNs.floor[index]] = await withCpu(() => runFloor(frames));
        [rates.product[index], cpuNs.product[index]] = await withCpu(() =>
          productAudience.stream(frames, changes, product.send),
        );
      }
      const at = (q: number) => ({
        product: quantile(rates.product.sort(), q),
        floor: quantile(rates.floor.sort(), q),
      });
      return {
        measurements: [
          { measure: 'median', ...at(0.5), unit: 'updates/s', goal: { kind: 'at-least', limit: 0.6 } },
          { measure: 'slowest', ...at(0), unit: 'updates/s', goal: null },
          {
            measure: 'server CPU',
            product: quantile(cpuNs.product.sort(), 0.5),
            floor: quantile(cpuNs.floor.sort(), 0.5),
            unit: 'ns/update',
            goal: null,
          },
        ],
        note: `${rounds} rounds of ${frames} frames of ${frame.length} bytes; all clients in one other process, which counts frames`,
      };
    }),
};

/** The rate that `run` gives, and this process's CPU time per update meanwhile: the clients may be what limits the rate. */
async function withCpu(run: () => Promise<number>): Promise<readonly [number, number]> {
  const before = process.cpuUsage();
  const rate = await run();
  const spent = process.cpuUsage(before);
  return [rate, ((spent.user + spent.system) * 1000) / (frames * changes * clients)];
}

/** Tag store, fan-out and live socket as main.ts puts them together; who connects is let in. */
async function openProduct(scratch: Scratch) {
  const plant = benchPlant();
  const store = new TagStore(plant, Date.now);
  const server = createServer();
  let last: Uint8Array = new Uint8Array();
  const fan = new FanOut({
    plant,
    store,
    now: Date.now,
    broadcast: (area, frame) => {
      last = frame;
      live.broadcast(area, frame);
    },
  });
  const live = openLiveSocket({
    server,
    areas: plant.areas,
    authenticateLive: async () => ({ ok: true, sessionId: 'bench', mayView: () => true }),
    stillValid: () => true,
    feed: {
      layout: (areas) => layoutOf(plant, areas),
      follow: (subscriber, areas) => void fan.follow(subscriber, areas),
      leave: (subscriber) => fan.leave(subscriber),
    },
    now: Date.now,
  });
  store.onBatch((batch) => fan.take(batch));
  const url = await listen(server);
  scratch.atEnd(async () => {
    await live.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url,
    send: (at: number) => {
      store.apply(batchOf(at));
      fan.flush();
    },
    lastFrame: () => last,
  };
}

function benchPlant(): Plant {
  const area = areaIdSchema.parse('bench');
  const connection = connectionIdSchema.parse('bench');
  const tags = Array.from(
    { length: changes },
    (_, index): Tag => ({
      index,
      id: tagIdSchema.parse(`BENCH.${index}.PV`),
      area,
      connection,
      description: 'bench',
      dataType: 'float64',
      unit: '',
      decimals: 1,
      states: null,
      range: null,
      scaling: null,
      address: null,
      deviceAddress: `bench/${index}`,
      setpoint: null,
    }),
  );
  return {
    name: 'bench',
    timeZone: 'UTC',
    demo: false,
    areas: [{ id: area, name: 'Bench', parent: null, screen: null }],
    connections: [{ id: connection, protocol: 'none', endpoint: '', options: {}, lostAfterMs: 60_000 }],
    tags,
  };
}

function batchOf(at: number): SampleBatch {
  const sourceTimeMs = Date.now();
  return Array.from({ length: changes }, (_, index) => ({
    index,
    value: at + index / 10,
    quality: 'good' as const,
    reason: 'none' as const,
    sourceTimeMs,
  }));
}
