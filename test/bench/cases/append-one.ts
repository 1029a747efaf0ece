// append-one: what one record costs its caller, alone in its transaction, durable and flushed (performance.md).

import { openPostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import type { BenchCase } from '../bench-case.ts';
import { openDurableCommit } from '../floors/durable-commit.ts';
import { inTurns, latencyMeasurements, timed } from '../rounds.ts';
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
      const product = () =>
        log.append({
          kind: 'command.asked',
          actor: { id: 'operator', name: 'operator', printedName: 'Olga Operator' },
          terminal: { id: 'A'.repeat(43), name: 'Panel 1', area: 'upstream' },
          address: '127.0.0.1',
          subject: 'BR101.TIC.SP',
          old: 37,
          new: 37.5,
          unit: '°C',
          command: '0b2f5f0e-4a3c-4f0e-8f27-3a0a6f1f6c11',
        });
      const sides = await inTurns(rounds, appendsARound, { floor: timed(floor.commit), product: timed(product) });
      return {
        measurements: latencyMeasurements(sides, { median: { kind: 'at-most', limit: 1.5 }, p99: null }),
        note: `${rounds} rounds of ${appendsARound}, floor and product in turns; one caller, so no commit is shared`,
      };
    }),
};
