import { describe, expect, it } from 'vitest';
import { TagStore } from '../../../gateway/live/tag-store.ts';
import { batch, good, plant, pressure, pump, temperature, total } from './live-plant.ts';

function world() {
  let nowMs = 1_800_000_000_000;
  const store = new TagStore(plant, () => nowMs);
  return {
    store,
    now: () => nowMs,
    pass: (ms: number): void => {
      nowMs += ms;
    },
  };
}

describe('the tag store', () => {
  it('DRV-5: a tag is bad and never read before its first value', () => {
    const { store } = world();
    expect(store.latest(temperature)).toEqual({
      value: null,
      quality: 'bad',
      reason: 'never-read',
      sourceTime: null,
      vouchedAt: null,
    });
  });

  it('LIV-1: gives back each type of value as it came', () => {
    const { store, now } = world();
    const values = [
      [temperature, 37.1],
      [batch, 'B-1'],
      [pump, false],
      [total, '18446744073709551615'],
      [pressure, 0],
    ] as const;
    store.apply(values.map(([tag, value]) => good(tag, value, now())));
    store.vouched([0, 1, 2, 3, 4], now());
    for (const [tag, value] of values) {
      expect(store.latest(tag)).toMatchObject({ value, quality: 'good', sourceTime: new Date(now()).toISOString() });
    }
    expect(store.row(pump.index).value).toBe(0);
    store.apply([{ ...good(temperature, null, now()), quality: 'bad', reason: 'not-a-number' }]);
    expect(store.latest(temperature)).toMatchObject({ value: null, quality: 'bad', reason: 'not-a-number' });
  });

  it('DRV-5: a value that nobody vouched for within lostAfterMs reads as bad though nothing was told', () => {
    const { store, now, pass } = world();
    store.apply([good(temperature, 37, now())]);
    store.vouched([0], now());
    pass(2000);
    expect(store.latest(temperature).quality).toBe('good');
    pass(1);
    expect(store.latest(temperature)).toMatchObject({ value: 37, quality: 'bad', reason: 'not-vouched-for' });
    expect(store.row(0)).toMatchObject({ quality: 2, reason: 9 });
    store.vouched([0], now());
    expect(store.latest(temperature)).toMatchObject({ quality: 'good', reason: 'none' });
  });

  it('DRV-5: a value that no source ever vouched for is not good', () => {
    const { store, now } = world();
    store.apply([good(temperature, 37, now())]);
    expect(store.latest(temperature)).toMatchObject({ quality: 'bad', reason: 'not-vouched-for', vouchedAt: null });
  });

  it('DRV-5: a clock that is set back makes nothing look fresh', () => {
    const { store, now, pass } = world();
    store.apply([good(temperature, 37, now())]);
    store.vouched([0], now());
    pass(-3_600_000);
    expect(store.latest(temperature).quality).toBe('bad');
  });

  it('LIV-1: tells each listener once a batch, also when one of them fails, and not after it has left', () => {
    const { store, now } = world();
    const heard: string[] = [];
    const leave = store.onBatch((samples) => heard.push(`first ${samples.length}`));
    store.onBatch(() => {
      throw new Error('a listener’s fault');
    });
    store.onBatch((samples) => heard.push(`last ${samples.length}`));
    const two = [good(temperature, 1, now()), good(pump, true, now())];
    expect(() => store.apply(two)).toThrow('a listener’s fault');
    leave();
    expect(() => store.apply(two)).toThrow();
    expect(heard).toEqual(['first 2', 'last 2', 'last 2']);
    expect(store.latest(pump).value).toBe(true);
  });

  it('LIV-1: refuses a sample of a tag that is not there', () => {
    const { store, now } = world();
    expect(() => store.apply([{ ...good(temperature, 1, now()), index: 5 }])).toThrow(RangeError);
    expect(() => store.apply([{ ...good(temperature, 1, now()), index: -1 }])).toThrow(RangeError);
  });
});
