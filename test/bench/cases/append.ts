// append: audit records per second with many callers, each awaiting that its record is durable, checkpointed and flushed
// before it appends the next (performance.md).
import { openPostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import type { BenchCase } from '../bench-case.ts';
import { openBatchCommit } from '../floors/batch-commit.ts';
import { quantile } from '../rounds.ts';
import { sampleDraft } from '../sample-draft.ts';
import { scratchDatabase, withScratch } from '../scratch.ts';

const rounds = 5;
const callers = 500;
const appendsACaller = 20;
const batch = 100;

export const append: BenchCase = {
  name: 'append',
  about: `audit records per second, ${callers} callers, each awaiting its durable, checkpointed, flushed record`,
  floorIs: `one connection inserting batches of ${batch} rows (600 bytes) by unnest into a bare table, durable, 300 bytes written with O_DSYNC after each`,
  run: () =>
    withScratch(async (scratch) => {
      const { ownerUrl, gatewayUrl } = await scratchDatabase(scratch);
      const floor = await openBatchCommit(ownerUrl, scratch.folder, batch);
      scratch.atEnd(floor.close);
      const log = await openPostgresLog({
        connect: () => newClient(gatewayUrl, { applicationName: 'countersign bench' }),
        dataFolder: scratch.folder,
        now: Date.now,
        lock: writerLock,
      });
      scratch.atEnd(log.close);
      const caller = async (): Promise<void> => {
        for (let index = 0; index < appendsACaller; index++) await log.append(sampleDraft);
      };
      const records = callers * appendsACaller;
      const sides = {
        floor: async () => {
          for (let done = 0; done < records; done += batch) await floor.commit();
        },
        product: async () => {
          await Promise.all(Array.from({ length: callers }, caller));
        },
      };
      const rates = { floor: new Float64Array(rounds), product: new Float64Array(rounds) };
      // The first round warms both up.
      for (let index = -1; index < rounds; index++) {
        for (const side of ['floor', 'product'] as const) {
          const startedMs = performance.now();
          await sides[side]();
          if (index >= 0) rates[side][index] = records / ((performance.now() - startedMs) / 1000);
        }
      }
      const at = (q: number) => ({
        product: quantile(rates.product.sort(), q),
        floor: quantile(rates.floor.sort(), q),
      });
      return {
        measurements: [
          { measure: 'median', ...at(0.5), unit: 'records/s', goal: { kind: 'at-least', limit: 0.5 } },
          { measure: 'slowest', ...at(0), unit: 'records/s', goal: null },
        ],
        note: `${rounds} rounds of ${records.toLocaleString('en')} records, floor and product in turns`,
      };
    }),
};
