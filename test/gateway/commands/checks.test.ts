import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkChange,
  checkDevice,
  checkSeen,
  checkValue,
  isWritable,
  type WritableTag,
} from '../../../gateway/commands/checks.ts';
import type { Latest } from '../../../gateway/contract/tag.ts';
import type { Sample } from '../../../gateway/plant/sample.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { codeOf, makeTag, setpointRule, temperature } from './desk-world.ts';

function writable(tag: Tag): WritableTag {
  if (!isWritable(tag)) throw new Error(`${tag.id} is no setpoint`);
  return tag;
}
const setpoint = writable(temperature);
const bare = { ...setpointRule, min: null, max: null, maxStep: null, resolution: null, tolerance: 0 };

describe('checks of a command', () => {
  test('CMD-2: whatever passes lies in range, on the grid and within the step of what was observed', () => {
    let passed = 0;
    fc.assert(
      fc.property(
        fc.double({ min: 25, max: 45, noNaN: true }).map((size) => Math.round(size * 20) / 20),
        fc.double({ min: 30, max: 40, noNaN: true }),
        (requested, observed) => {
          const value = checkValue(setpoint, requested);
          if (!value.ok || typeof value.value !== 'number') return;
          expect(value.value).toBeGreaterThanOrEqual(30);
          expect(value.value).toBeLessThanOrEqual(40);
          expect(Math.abs(value.value * 10 - Math.round(value.value * 10))).toBeLessThan(1e-4);
          if (!checkChange(setpoint, value.value, observed).ok) return;
          passed += 1;
          expect(Math.abs(value.value - observed)).toBeLessThanOrEqual(2 + 1e-5);
          expect(Math.abs(value.value - observed)).toBeGreaterThan(0.05);
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
    expect(passed).toBeGreaterThan(50);
  });

  test('CMD-2: every point of the grid within the range is accepted, in spite of binary fractions', () => {
    for (let tenths = 300; tenths <= 400; tenths++)
      expect(checkValue(setpoint, tenths / 10)).toEqual({ ok: true, value: tenths / 10 });
  });

  test('CMD-2: 64-bit integers keep every digit in range and step', () => {
    const counter = writable(
      makeTag(0, 'COUNT.SP', { dataType: 'uint64', setpoint: { ...bare, max: 2 ** 53, maxStep: 10 } }),
    );
    expect(checkValue(counter, '9007199254740992')).toEqual({ ok: true, value: '9007199254740992' });
    expect(codeOf(checkValue(counter, '9007199254740993'))).toBe('value-out-of-range');
    expect(codeOf(checkValue(counter, 12))).toBe('value-wrong-type');
    expect(checkChange(counter, '18446744073709551615', '18446744073709551605').ok).toBe(true);
    expect(codeOf(checkChange(counter, '18446744073709551615', '18446744073709551604'))).toBe('step-too-large');
    expect(codeOf(checkChange(counter, '7', '7'))).toBe('value-unchanged');
  });

  test('CMD-5: a change that the tolerance cannot tell from none is refused, for its read-back could prove nothing', () => {
    const coarse = writable(makeTag(0, 'COARSE.SP', { setpoint: { ...bare, tolerance: 0.5 } }));
    expect(codeOf(checkChange(coarse, 37.4, 37))).toBe('value-unchanged');
    expect(checkChange(coarse, 37.6, 37).ok).toBe(true);
  });

  const latest: Latest = {
    value: 37,
    quality: 'good',
    reason: 'none',
    sourceTime: '2026-04-17T07:00:00.000Z',
    vouchedAt: '2026-04-17T08:00:00.000Z',
  };
  const nowMs = Date.parse('2026-04-17T08:00:05.000Z');

  test('CMD-3, DRV-5: freshness goes by when the source vouched for the value, not by the source’s time', () => {
    expect(checkSeen(setpoint, latest, 37, nowMs)).toEqual({
      ok: true,
      observed: { value: 37, quality: 'good', sourceTime: '2026-04-17T07:00:00.000Z' },
    });
    expect(codeOf(checkSeen(setpoint, latest, 37, nowMs + 1))).toBe('value-not-fresh');
    expect(codeOf(checkSeen(setpoint, { ...latest, vouchedAt: null }, 37, nowMs))).toBe('value-not-fresh');
    expect(codeOf(checkSeen(setpoint, { ...latest, vouchedAt: 'yesterday' }, 37, nowMs))).toBe('value-not-fresh');
  });

  test('CMD-3: within the tolerance is the same, beyond it is not; nothing is never the same', () => {
    expect(checkSeen(setpoint, latest, 37.05, nowMs).ok).toBe(true);
    expect(codeOf(checkSeen(setpoint, latest, 37.06, nowMs))).toBe('value-changed');
    expect(codeOf(checkSeen(setpoint, latest, null, nowMs))).toBe('value-changed');
    expect(codeOf(checkSeen(setpoint, { ...latest, value: null }, null, nowMs))).toBe('value-not-good');
    expect(codeOf(checkSeen(setpoint, latest, '37', nowMs))).toBe('value-changed');
  });

  test('CMD-3: the read before the write must be of this tag, good, recent and equal', () => {
    const sample: Sample = { index: 0, value: 37, quality: 'good', reason: 'none', sourceTimeMs: 0 };
    const signed = { value: 37, quality: 'good', sourceTime: '2026-04-17T08:00:00.000Z' } as const;
    const check = (change: Partial<Sample>, ageMs = 0) =>
      codeOf(
        checkDevice(setpoint, signed, { ok: true, sample: { ...sample, ...change }, readAtMs: nowMs - ageMs }, nowMs),
      );
    expect(check({})).toEqual({ ok: true });
    expect(check({ value: 37.2 })).toBe('value-changed');
    expect(check({ value: null })).toBe('value-not-good');
    expect(check({ quality: 'uncertain' })).toBe('value-not-good');
    expect(check({ index: 5 })).toBe('device-unavailable');
    expect(check({}, 5_001)).toBe('value-not-fresh');
    expect(check({}, Number.NaN)).toBe('value-not-fresh');
    const silent = { ok: false, reason: 'no-answer', detail: 'silent' } as const;
    expect(codeOf(checkDevice(setpoint, signed, silent, nowMs))).toBe('device-unavailable');
  });
});
