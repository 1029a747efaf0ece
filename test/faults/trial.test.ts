import { describe, expect, it } from 'vitest';
import { faultProblem } from '../../simulators/faults/fault.ts';
import { targets } from './configuration.ts';
import { blowKinds, chooseTrial } from './trial.ts';

function choose(seed: number, count: number) {
  return Array.from({ length: count }, (_, number) => {
    const target = targets[number % targets.length];
    if (target === undefined) throw new Error('no targets');
    return { target, trial: chooseTrial(seed, number, target) };
  });
}

describe('the trials of a fault run', () => {
  it('SIM-2: are the same for the same seed, and others for another', () => {
    expect(choose(7, 200)).toEqual(choose(7, 200));
    expect(choose(7, 200)).not.toEqual(choose(8, 200));
  });

  it('SIM-2: ask for faults that the simulators have, for the command’s own protocol, and each meets something', () => {
    for (const { target, trial } of choose(11, 3000)) {
      if (trial.fault !== null) {
        expect(faultProblem(trial.fault)).toBeNull();
        expect(trial.fault.protocol).toBe(target.protocol);
      }
      expect(trial.fault !== null || trial.blow !== null || trial.conduct !== 'plain').toBe(true);
      expect(trial.name).not.toBe('');
    }
  });

  it('SIM-2: kill everything there is, at every stage', () => {
    const blows = new Set(
      choose(13, 5000).flatMap(({ trial: { blow } }) => (blow === null ? [] : [`${blow.kind} ${blow.stage}`])),
    );
    for (const kind of blowKinds)
      for (const stage of ['asked', 'signing', 'write', 'after-write']) expect(blows).toContain(`${kind} ${stage}`);
  });
});
