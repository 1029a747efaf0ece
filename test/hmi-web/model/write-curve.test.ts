// The curve around a write: seconds from the write, gaps where nothing could be read, states as steps.
import { describe, expect, it } from 'vitest';
import { timeTicks, writeCurve } from '../../../hmi-web/model/write-curve.ts';

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const observed = (value: number | boolean | string) => ({ value, quality: 'good' as const, sourceTime: at(0) });

describe('the curve around a write', () => {
  it('CMD-5: counts from the write, keeps every value in view, and leaves a gap where nothing could be read', () => {
    const curve = writeCurve({
      observed: observed(37),
      value: 38,
      writtenAt: at(1000),
      trace: [
        { value: 37, time: at(900) },
        { value: null, time: at(1200) },
        { value: 38.4, time: at(2000) },
      ],
    });
    expect(curve?.points).toEqual([
      { atS: -0.1, level: 37, value: 37 },
      { atS: 0.2, level: null, value: null },
      { atS: 1, level: 38.4, value: 38.4 },
    ]);
    expect(curve).toMatchObject({ old: 37, wanted: 38 });
    expect(curve?.low).toBeLessThan(37);
    expect(curve?.high).toBeGreaterThan(38.4);
    expect(curve?.fromS).toBeLessThan(-0.1);
    expect(curve?.toS).toBeGreaterThan(1);
  });

  it('CMD-5: draws states as steps', () => {
    const curve = writeCurve({
      observed: observed(true),
      value: false,
      writtenAt: at(0),
      trace: [
        { value: true, time: at(-50) },
        { value: false, time: at(50) },
      ],
    });
    expect(curve?.points.map(({ level }) => level)).toEqual([1, 0]);
  });

  it('CMD-5: is no curve where nothing was written, or nothing could be read', () => {
    const trace = [{ value: 37, time: at(0) }];
    expect(writeCurve({ observed: observed(37), value: 38, trace })).toBeNull();
    expect(writeCurve({ observed: observed(37), value: 38, writtenAt: at(0) })).toBeNull();
    const blind = [{ value: null, time: at(0) }];
    expect(writeCurve({ observed: observed(37), value: 38, writtenAt: at(0), trace: blind })).toBeNull();
  });

  it.each([
    [-0.1, 0.1],
    [-1.2, 4.9],
    [-3, 95],
  ])('HMI-1: round steps of time between %s and %s s, the write among them', (from, to) => {
    const ticks = timeTicks(from, to);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(8);
    expect(ticks).toContain(0);
    for (const tick of ticks) expect(tick >= from && tick <= to).toBe(true);
  });
});
