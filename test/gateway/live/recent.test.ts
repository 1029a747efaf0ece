import { describe, expect, it } from 'vitest';
import { RecentTrends } from '../../../gateway/live/recent.ts';
import { batch, good, plant, temperature } from './live-plant.ts';

function world() {
  let nowMs = 1_800_000_000_000;
  const trends = new RecentTrends(plant.tags, () => nowMs);
  return {
    trends,
    now: () => nowMs,
    pass: (ms: number): void => {
      nowMs += ms;
    },
    put: (value: number | null) => trends.take([good(temperature, value, nowMs)]),
    read: () => {
      const column = trends.read([temperature]).tags[0];
      if (column === undefined) throw new Error('no column');
      return column;
    },
  };
}

describe('the short trends', () => {
  it('HMI-1: give columns of one length, oldest first, held up to now', () => {
    const { put, pass, read, now } = world();
    const start = now();
    put(36);
    pass(5000);
    put(37);
    pass(10_000);
    const column = read();
    expect(column.timesMs).toEqual([start, start + 5000, start + 15_000]);
    expect(column.values).toEqual([36, 37, 37]);
    expect(column.qualities).toEqual([0, 0, 0]);
  });

  it('HMI-1: keep at most some 900 points a tag, and no more than 15 minutes, however often it changes', () => {
    const { put, pass, read, now } = world();
    for (let i = 0; i < 30_000; i++) {
      put(i);
      pass(100);
    }
    const column = read();
    expect(column.timesMs.length).toBeLessThanOrEqual(902);
    expect(column.timesMs.length).toBeGreaterThan(890);
    expect(column.timesMs[0]).toBeGreaterThanOrEqual(now() - 15 * 60_000);
    expect(column.values.at(-1)).toBe(29_999);
    const sorted = column.timesMs.toSorted((left, right) => left - right);
    expect(column.timesMs).toEqual(sorted);
    expect(new Set([column.timesMs.length, column.values.length, column.qualities.length]).size).toBe(1);
  });

  it('HMI-1: a value steady for longer than the span is still a line across it', () => {
    const { put, pass, read, now } = world();
    put(80);
    pass(3_600_000);
    expect(read()).toMatchObject({ timesMs: [now() - 900_000, now()], values: [80, 80] });
  });

  it('DRV-5: a loss is a gap at its own time, not folded into the second before', () => {
    const { trends, put, pass, read, now } = world();
    put(37);
    pass(100);
    trends.take([{ ...good(temperature, 37, now()), quality: 'bad', reason: 'connection-lost' }]);
    pass(5000);
    expect(read()).toMatchObject({ values: [37, null, null], qualities: [0, 2, 2] });
  });

  it('HMI-1: a text has no trend, and its column is empty', () => {
    const { trends, now } = world();
    trends.take([good(batch, 'B-1', now())]);
    expect(trends.read([batch]).tags).toEqual([{ id: batch.id, timesMs: [], values: [], qualities: [] }]);
  });
});
