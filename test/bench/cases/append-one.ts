// append-one: what one record costs its caller, alone in its transaction, durable and flushed (performance.md).

import { openPostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import type { BenchCase } from '../bench-case.ts';
import { openDurableCommit } from '../floors/durable-commit.ts';
import { inTurns, latencyMeasurements, timed } from '../rounds.ts';
import { sampleDraft } from '../sample-draft.ts';
import { scratchDatabase, withScratch } from '../scratch.ts';

const rounds = 5;
const appendsARound = 400;

export const appendOne: BenchCase = {
  name: 'append-one',
  about: 'one audit record, from append() to its durable, checkpointed, flushed answer',
  floorIs:
    'one durable one-row commit (600 bytes, prepared, bare table) and one write of 300 bytes to a file with O_DSYNC',
  run: () =>
    withScratch(async (scratch) => {
      const { ownerUrl, gatewayUrl } = await scratchDatabase(scratch);
      const floor = await openDurableCommit(ownerUrl, scratch.folder);
      scratch.atEnd(floor.close);
      const log = await openPostgresLog({
        connect: () => newClient(gatewayUrl, { applicationName: 'countersign bench' }),
        dataFolder: scratch.folder,
        now: Date.now,
        lock: writerLock,
      });
      scratch.atEnd(log.close);
      const product = () => log.append(sampleDraft);
      const sides = await inTurns(rounds, appendsARound, { floor: timed(floor.commit), product: timed(product) });
      return {
        measurements: latencyMeasurements(sides, { median: { kind: 'at-most', limit: 1.5 }, p99: null }),
        note: `${rounds} rounds of ${appendsARound}, floor and product in turns; one caller, so no commit is shared`,
      };
    }),
};
