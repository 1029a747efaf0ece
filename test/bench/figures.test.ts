// The bench's arithmetic: what is quoted and when a goal counts as held.
import { describe, expect, it } from 'vitest';
import { type BenchCase, type Goal, goalText, isHeld, type Measurement } from './bench-case.ts';
import { resultJson, resultTable } from './result-table.ts';
import { inTurns, overRounds, quantile } from './rounds.ts';

const measurement = (product: number, floor: number, goal: Goal | null): Measurement => ({
  measure: 'median',
  product,
  floor,
  unit: 'ms',
  goal,
});
const benchCase: BenchCase = { name: 'x', about: 'a', floorIs: 'f', run: () => Promise.reject(new Error('not run')) };

describe('the figures of the bench', () => {
  it('quantiles are values that were measured, by nearest rank', () => {
    const times = Float64Array.from({ length: 100 }, (_, at) => at + 1);
    expect([0, 0.5, 0.99, 1].map((q) => quantile(times, q))).toEqual([1, 50, 99, 100]);
    expect(() => quantile(new Float64Array(), 0.5)).toThrow(RangeError);
    expect(overRounds([Float64Array.of(1, 9), Float64Array.of(2, 8), Float64Array.of(3, 7)], 1)).toBe(8);
  });

  it('floor and product take turns, after a warm-up that is not counted', async () => {
    const calls: string[] = [];
    const side = (name: string, ms: number) => async () => {
      calls.push(name);
      return ms;
    };
    const sides = await inTurns(3, 5, { floor: side('f', 1), product: side('p', 2) });
    expect(calls.join('')).toBe('fffffppppp'.repeat(4));
    expect([sides.floor.length, sides.product[0]?.length, overRounds(sides.product, 0.5)]).toEqual([3, 5, 2]);
    await expect(inTurns(2, 5, { floor: side('f', 1), product: side('p', 2) })).rejects.toThrow('three times');
  });

  it.each([
    [{ kind: 'at-most', limit: 1.5 }, 15, 10, true],
    [{ kind: 'at-most', limit: 1.5 }, 15.1, 10, false],
    [{ kind: 'at-least', limit: 0.6 }, 6, 10, true],
    [{ kind: 'at-least', limit: 0.6 }, 5.9, 10, false],
    [{ kind: 'above-floor', limit: 3 }, 13, 10, true],
    [{ kind: 'above-floor', limit: 3 }, 13.1, 10, false],
  ] as const)('%j with %d against %d: held is %s', (goal, product, floor, held) => {
    expect(isHeld(measurement(product, floor, goal))).toBe(held);
  });

  it('the table names the distance to a goal that is missed, and a case that did not run is not held', () => {
    const missed = measurement(20, 10, { kind: 'at-most', limit: 1.6 });
    const table = resultTable([
      { benchCase, result: { measurements: [missed, measurement(1, 1, null)], note: '' } },
      { benchCase: { ...benchCase, name: 'y' }, fault: new Error('no database') },
    ]);
    const rows = table.split('\n').slice(2);
    expect(rows[0]).toMatch(/^x median +20\.0 ms +10\.0 ms +2\.00 × +≤ 1\.6 × +no \(25 % over\)$/);
    expect(rows[1]).toMatch(/– +–$/);
    expect(rows[2]).toMatch(/^y +did not run .*no$/);
    expect(goalText(measurement(1, 1, { kind: 'above-floor', limit: 3 }))).toBe('≤ floor + 3 ms');
    const json = JSON.parse(resultJson([{ benchCase, fault: new Error('no database') }])) as {
      cases: { fault: string }[];
    };
    expect(json.cases[0]?.fault).toBe('no database');
  });
});
