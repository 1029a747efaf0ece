// start: `npm start` with everything installed and built, from the start of its script to its ready line (performance.md).
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchCase } from '../bench-case.ts';
import { startDemo } from '../demo-process.ts';
import { postgresStart } from '../floors/postgres-start.ts';
import { quantile } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const rounds = 5;

export const start: BenchCase = {
  name: 'start',
  about: 'npm start (database, plant, gateway) with everything installed, from the script to its ready line',
  floorIs: 'the same PostgreSQL alone, on an initialised cluster, from its process to taking connections',
  run: ({ progress }) =>
    withScratch(async (scratch) => {
      await chmod(scratch.folder, 0o711);
      const data = join(scratch.folder, 'data');
      await mkdir(data);
      const floor = await postgresStart(scratch.folder);
      const product = async () => {
        const demo = await startDemo(data);
        const code = await demo.stop();
        if (code !== 0) throw new Error(`the demo stopped with exit code ${code}`);
        return demo.readyAfterMs / 1000;
      };
      // The warm-up: makes cluster, keys and accounts, which later starts find in place.
      const first = await product();
      await floor();
      progress(`first start, making database and accounts: ${first.toFixed(1)} s`);
      const times = { product: new Float64Array(rounds), floor: new Float64Array(rounds) };
      for (let index = 0; index < rounds; index++) {
        times.floor[index] = await floor();
        times.product[index] = await product();
      }
      const at = (q: number) => ({
        product: quantile(times.product.sort(), q),
        floor: quantile(times.floor.sort(), q),
      });
      return {
        measurements: [
          { measure: 'median', ...at(0.5), unit: 's', goal: { kind: 'above-floor', limit: 3 } },
          { measure: 'slowest', ...at(1), unit: 's', goal: null },
        ],
        note: `${rounds} starts; the first one, which makes database and accounts, took ${first.toFixed(1)} s`,
      };
    }),
};
