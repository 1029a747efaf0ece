import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { faultRun } from './fault-run.ts';
import { outcomeTable } from './outcome-table.ts';

// Issue 3, "Faults it must live through", in short: 500 commands, each with a fault, a kill or an odd person, of a seed
// that nobody has seen. COUNTERSIGN_FAULT_SEED repeats one.
const commands = Number(process.env.COUNTERSIGN_FAULT_COMMANDS ?? 500);

it('CMD-4, CMD-5, CMD-6: under random faults and kills no write is without its intent, none happens twice, and every outcome is true', {
  timeout: 30 * 60_000,
}, async () => {
  const seed = Number(process.env.COUNTERSIGN_FAULT_SEED ?? randomInt(2 ** 31));
  process.stdout.write(`fault run: seed ${seed}; to repeat: npm run faults -- --commands ${commands} --seed ${seed}\n`);
  const run = await faultRun(commands, seed);
  process.stdout.write(`${outcomeTable(run.tallies)}\n\n${outcomeTable(run.tallies, 'way')}\n`);
  expect(run.contradictions, `seed ${seed}`).toEqual([]);
  expect(run.tallies.length).toBeGreaterThanOrEqual(commands);
  // A gateway that never dares to say anything would contradict nothing either.
  const share = (state: string): number =>
    run.tallies.filter((tally) => tally.state === state).length / run.tallies.length;
  expect(share('confirmed')).toBeGreaterThan(0.1);
  for (const state of ['rejected', 'failed', 'unknown', 'refused']) expect(share(state), state).toBeGreaterThan(0);
});
