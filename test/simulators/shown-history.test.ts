import { describe, expect, it } from 'vitest';
import { createShownHistory } from '../../simulators/shown-history.ts';

describe('what a device showed', () => {
  it('SIM-2: names every value shown at some moment of a span, the one that it began with included', () => {
    const shown = createShownHistory(['A']);
    shown.note(100, 'A', 1);
    shown.note(150, 'A', 1);
    shown.note(200, 'A', 2);
    shown.note(300, 'A', 1);
    const values = (from: number, to: number) => shown.between('A', from, to).map(({ value }) => value);
    expect(values(0, 99)).toEqual([]);
    expect(values(120, 180)).toEqual([1]);
    expect(values(150, 250)).toEqual([1, 2]);
    expect(values(250, 260)).toEqual([2]);
    expect(values(250, 1000)).toEqual([2, 1]);
  });

  it('SIM-2: keeps nothing of points that it was not made for', () => {
    const shown = createShownHistory(['A']);
    shown.note(100, 'B', 1);
    expect(shown.between('B', 0, 1000)).toEqual([]);
  });
});
