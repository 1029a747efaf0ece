// prove: an inclusion proof out of a big log, as the API and the command line read it (performance.md), and whether its
// cost grows with the log.
import type { RunQuery } from '../../../gateway/audit/postgres-change.ts';
import { readInclusion } from '../../../gateway/audit/postgres-proofs.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import type { BenchCase } from '../bench-case.ts';
import { inTurns, overRounds, timed } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const rounds = 5;
const proofsARound = 400;
const smallSize = 10_000;
const goal = { kind: 'at-most', limit: 3 } as const;

export const prove: BenchCase = {
  name: 'prove',
  about: 'an inclusion proof of any record, from the question to the hashes',
  floorIs: 'one record’s bytes read by primary key, over the same connection: prepared, any number',
  run: ({ bigLog }) =>
    withScratch(async (scratch) => {
      const { gatewayUrl, records } = await bigLog();
      const client = newClient(gatewayUrl, { applicationName: 'countersign bench' });
      await client.connect();
      scratch.atEnd(() => client.end());
      const run: RunQuery = (text, values = [], name) =>
        client.query({ ...(name === undefined ? {} : { name }), text, values: [...values] });
      const any = (size: number): number => Math.floor(Math.random() * size);
      const read = timed(async () => {
        const values = [any(records)];
        const found = await client.query({
          name: 'bench-floor',
          text: 'SELECT body FROM log_record WHERE seq = $1',
          values,
        });
        if (found.rowCount !== 1) throw new Error(`record ${values[0]} is not there`);
      });
      const inTreeOf = (size: number) =>
        timed(async () => {
          const { hashes } = await readInclusion(run, any(size), size);
          if (hashes.length === 0) throw new Error('an empty proof');
        });
      const big = await inTurns(rounds, proofsARound, { floor: read, product: inTreeOf(records) });
      const small = await inTurns(rounds, proofsARound, { floor: read, product: inTreeOf(smallSize) });
      const size = records.toLocaleString('en');
      return {
        measurements: [
          {
            measure: `of ${size}`,
            product: overRounds(big.product, 0.5),
            floor: overRounds(big.floor, 0.5),
            unit: 'ms',
            goal,
          },
          {
            measure: 'p99',
            product: overRounds(big.product, 0.99),
            floor: overRounds(big.floor, 0.99),
            unit: 'ms',
            goal: null,
          },
          {
            measure: 'of 10,000',
            product: overRounds(small.product, 0.5),
            floor: overRounds(small.floor, 0.5),
            unit: 'ms',
            goal,
          },
        ],
        note: `${rounds} rounds of ${proofsARound} proofs of records at random in a log of ${size}; \`of 10,000\` is the tree of that size in the same log: between the two lines lies what a longer log costs`,
      };
    }),
};
