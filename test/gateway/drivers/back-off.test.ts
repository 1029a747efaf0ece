import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../../gateway/drivers/back-off.ts';

describe('the back-off between attempts to connect', () => {
  it('DRV-2: is bounded, never none, and spread so that many gateways do not come at once', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
        const waitMs = backOffMs(attempt, () => random);
        expect(waitMs).toBeGreaterThanOrEqual(100);
        expect(waitMs).toBeLessThanOrEqual(5000);
      }),
    );
    expect(backOffMs(0, () => 0)).toBe(100);
    expect(backOffMs(20, () => 0)).toBe(2500);
    expect(backOffMs(3, () => 0.9)).toBeGreaterThan(backOffMs(3, () => 0.1));
  });
});
