// sign-many: commands per second with 32 signers at 32 terminals, each signing one command after the other, and the event
// loop's delay meanwhile (performance.md), with and without a countersignature. Gateway and database run in processes of
// their own; this one is all the terminals, and makes statements' signatures and proofs before the time is taken.
import { availableParallelism } from 'node:os';
import type { BenchCase } from '../bench-case.ts';
import { argon2Verify } from '../floors/argon2-verify.ts';
import { openManySigners } from '../many-signers.ts';
import { quantile } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const signers = 32;
/** Commands of one signer in a round, on a setpoint each: 32 at a time, without the start and end of a burst alone. */
const commandsEach = 3;
const setpoints = signers * commandsEach;
const rounds = 5;
const delayGoalMs = 20;

export const signMany: BenchCase = {
  name: 'sign-many',
  about: `commands per second, ${signers} signers side by side, alone and countersigned`,
  floorIs: `argon2id verifies per second (19 MiB, t=2) on ${availableParallelism()} threads, as many as the gateway gives them`,
  run: ({ progress }) =>
    withScratch(async (scratch) => {
      const people = await openManySigners(scratch, signers, setpoints, progress);
      /** No more at once than there are signers: the gateway turns away whom it cannot serve soon. */
      const each = async <Made>(make: (at: number) => Promise<Made>): Promise<Made[]> => {
        const made: Made[] = [];
        for (let from = 0; from < setpoints; from += signers)
          made.push(...(await Promise.all(Array.from({ length: signers }, (_, index) => make(from + index)))));
        return made;
      };

      const verify = await argon2Verify();
      const rates = {
        floor: new Float64Array(rounds),
        single: new Float64Array(rounds),
        pair: new Float64Array(rounds),
      };
      const p99 = new Float64Array(rounds);
      const loopCpuMs = new Float64Array(rounds);
      let longest = 0;
      for (let index = -1; index < rounds; index++) {
        const floor = await rate(Array.from({ length: setpoints }, () => verify));
        const singles = await each((at) => people.single(at, index + 2));
        await people.told();
        const single = await rate(singles);
        const during = await people.told();
        const pairs = await each((at) => people.pair(at, index + 2));
        await people.told();
        const pair = await rate(pairs);
        const duringPair = await people.told();
        // The first round warms both up.
        if (index < 0) continue;
        [rates.floor[index], rates.single[index], rates.pair[index]] = [floor, single, pair];
        p99[index] = Math.max(during.p99, duringPair.p99);
        loopCpuMs[index] = during.loopCpuMs / setpoints;
        longest = Math.max(longest, during.longest, duringPair.longest);
      }
      const middle = (values: Float64Array): number => quantile(values.sort(), 0.5);
      const floor = middle(rates.floor);
      const goal = { kind: 'at-least', limit: 0.8 } as const;
      return {
        measurements: [
          { measure: 'commands', product: middle(rates.single), floor, unit: 'per s', goal },
          { measure: 'countersigned', product: middle(rates.pair), floor, unit: 'per s', goal },
          {
            measure: 'event loop p99',
            product: middle(p99),
            floor: delayGoalMs,
            unit: 'ms',
            goal: { kind: 'at-most', limit: 1 },
          },
        ],
        note: `${rounds} rounds of ${setpoints} commands on as many setpoints, ${signers} at a time; countersigned: the second signature, its command carried out with it; the floor of the event loop’s delay is the limit allowed; longest delay ${longest.toFixed(1)} ms; CPU time of the event loop ${middle(loopCpuMs).toFixed(1)} ms a command`,
      };
    }),
};

/** How many of them are done a second, as many at a time as there are signers. */
async function rate(work: readonly (() => Promise<void>)[]): Promise<number> {
  const startedMs = performance.now();
  const signer = async (first: number): Promise<void> => {
    for (let at = first; at < work.length; at += signers) await work[at]?.();
  };
  await Promise.all(Array.from({ length: signers }, (_, first) => signer(first)));
  return work.length / ((performance.now() - startedMs) / 1000);
}
