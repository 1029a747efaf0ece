// How readings, values and times are shown (HMI-2, LIV-3, AUD-2).
import { describe, expect, test } from 'vitest';
import { qualityReasons } from '../../../gateway/contract/values.ts';
import { readingOf, type Wire } from '../../../hmi-web/model/reading.ts';
import { ageText, plantTime, plantTimeToUtc } from '../../../hmi-web/model/times.ts';
import { append, axisSpan, seriesOf, trendWindowMs } from '../../../hmi-web/model/trend-series.ts';
import { exactText, valueText, withUnit } from '../../../hmi-web/model/values.ts';

const tag = { dataType: 'float32', decimals: 1, states: null, unit: '°C', description: 'Temperature' } as const;
const good: Wire = { value: 37.04, quality: 'good', reason: 'none', sourceTimeMs: 1_000 };

describe('HMI-2: a reading', () => {
  test('shows value, unit and age, and says nothing more while it is good', () => {
    expect(readingOf(tag, good, 13_000, null)).toMatchObject({
      text: '37.0',
      mark: 'ok',
      word: '',
      age: 'steady 12\u00a0s',
    });
    expect(readingOf(tag, good, 6_000, null).sentence).toBe('Temperature: 37.0\u00a0°C, good, age 5 s');
  });
  test('DRV-5: a good value that does not change is steady, not old; one that is not good has an age', () => {
    const steady = readingOf(tag, good, 58_000, null);
    expect(steady).toMatchObject({ age: 'steady 57\u00a0s', shortAge: 'steady' });
    expect(steady.sentence).toBe('Temperature: 37.0\u00a0°C, good, steady for 57 s');
    expect(readingOf(tag, { ...good, quality: 'uncertain', reason: 'not-vouched-for' }, 58_000, null)).toMatchObject({
      age: '57\u00a0s',
      shortAge: '57\u00a0s',
    });
    expect(readingOf(tag, good, 58_000, 20_000).age).toBe('57\u00a0s');
  });
  test('carries a word for every quality that is not good', () => {
    const bad = readingOf(tag, { ...good, quality: 'bad', reason: 'connection-lost' }, 13_000, null);
    expect(bad).toMatchObject({ mark: 'bad', word: 'bad: connection to the PLC lost', shortWord: 'bad: PLC lost' });
    expect(readingOf(tag, undefined, 0, null)).toMatchObject({ mark: 'none', text: '– – –', age: '–' });
  });
  test('has a short word of at most twenty letters for each reason, on screens that cannot show the whole', () => {
    for (const reason of qualityReasons)
      for (const quality of ['uncertain', 'bad'] as const) {
        const { shortWord } = readingOf(tag, { ...good, quality, reason }, 13_000, null);
        expect(shortWord, reason).toMatch(new RegExp(`^${quality}`));
        if (quality === 'bad') expect(shortWord.length, reason).toBeLessThanOrEqual(20);
      }
  });
  test('LIV-3: is stale while the gateway is lost, however good it was', () => {
    expect(readingOf(tag, good, 13_000, 12_000)).toMatchObject({ mark: 'stale', word: 'stale' });
  });
  test('names states, and turns the wire’s 0 and 1 into what a boolean means', () => {
    const pump = { ...tag, dataType: 'bool', states: { false: 'Stopped', true: 'Running' } } as const;
    expect(readingOf(pump, { ...good, value: 1 }, 13_000, null)).toMatchObject({ value: true, text: 'Running' });
    expect(readingOf(pump, { ...good, value: 0 }, 13_000, null)).toMatchObject({ value: false, text: 'Stopped' });
  });
});

test('SIG-6: what is signed is shown with every digit, even where the display rounds', () => {
  expect(valueText(tag, 36.449)).toBe('36.4');
  expect(exactText(tag, 36.449)).toBe('36.449');
  expect(exactText(tag, 36.4)).toBe('36.4');
  expect(valueText(tag, -3)).toBe('−3.0');
  expect(withUnit('– – –', '°C')).toBe('– – –');
});

test('AUD-2: plant time carries its offset, winter and summer, with UTC beside it', () => {
  expect(plantTime('2026-01-15T12:00:00.123456Z', 'Europe/Berlin')).toEqual({
    local: '2026-01-15 13:00:00',
    offset: 'UTC+01:00',
    utc: '2026-01-15T12:00:00.123456Z',
  });
  expect(plantTime('2026-07-15T12:00:00Z', 'Europe/Berlin').offset).toBe('UTC+02:00');
  expect(plantTime('2026-07-15T12:00:00Z', 'UTC')).toMatchObject({ local: '2026-07-15 12:00:00', offset: 'UTC+00:00' });
});

test('AUD-6: a typed plant time becomes UTC, also around a change of summer time', () => {
  expect(plantTimeToUtc('2026-07-15T14:00', 'Europe/Berlin')).toBe('2026-07-15T12:00:00.000Z');
  expect(plantTimeToUtc('2026-03-29T01:59', 'Europe/Berlin')).toBe('2026-03-29T00:59:00.000Z');
  expect(plantTimeToUtc('2026-03-29T03:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
  // 02:30 happens twice on that night: the first one is meant.
  expect(plantTimeToUtc('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  // As it is typed: with a space, with seconds, or a day alone; nothing that leaves room for guesses.
  expect(plantTimeToUtc(' 2026-07-15 14:00:30 ', 'Europe/Berlin')).toBe('2026-07-15T12:00:30.000Z');
  expect(plantTimeToUtc('2026-07-15', 'Europe/Berlin')).toBe('2026-07-14T22:00:00.000Z');
  expect(plantTimeToUtc('07/15/2026 14:00', 'Europe/Berlin')).toBeNull();
  expect(plantTimeToUtc('2026-02-30 14:00', 'Europe/Berlin')).toBeNull();
  expect(plantTimeToUtc('', 'Europe/Berlin')).toBeNull();
  expect(plantTimeToUtc('yesterday', 'Europe/Berlin')).toBeNull();
});

test('HMI-2: ages are short and never negative', () => {
  expect([-5, 900, 12_000, 240_000, 10_800_000, 200_000_000, null].map(ageText)).toEqual([
    'now',
    'now',
    '12\u00a0s',
    '4\u00a0min',
    '3\u00a0h',
    '2\u00a0d',
    '–',
  ]);
});

describe('HMI-1: a small trend', () => {
  test('shows bad samples as gaps', () => {
    expect(seriesOf([1000, 2000, 3000], [1, 2, 3], [0, 2, 1]).values).toEqual([1, null, 3]);
  });
  test('holds a value that did not change until the next one came: no slope where nothing moved', () => {
    const series = seriesOf([0, 120_000, 121_000, 300_000], [7.1, 7.11, 7.12, 7.0], [0, 0, 0, 2]);
    expect(series.timesS).toEqual([0, 119, 120, 121, 299, 300]);
    expect(series.values).toEqual([7.1, 7.1, 7.11, 7.12, 7.12, null]);
  });
  test('keeps the window and one sample before it, however long it runs', () => {
    const series = seriesOf([], [], []);
    for (let second = 1; second <= 2000; second++) append(series, second * 1000, second);
    expect(series.timesS.length).toBeLessThanOrEqual(trendWindowMs / 1000 + 2);
    expect(series.timesS[0]).toBeLessThanOrEqual(2000 - trendWindowMs / 1000);
    expect(series.timesS.length).toBe(series.values.length);
  });
  test('does not blow noise up to the whole height', () => {
    const [low, high] = axisSpan([37, 37.001], { min: 30, max: 40 });
    expect(high - low).toBeGreaterThanOrEqual(0.5);
    expect(low).toBeLessThan(37);
    expect(axisSpan([null], { min: 30, max: 40 })).toEqual([30, 40]);
  });
});
