// A search by pieces sees every record number once, in order, and the near ones first.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowsOf } from '../../../gateway/audit/number-windows.ts';

const stretches = fc.record({ first: fc.nat(50), count: fc.nat(60) });
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 });
const partitions = fc.integer({ min: 1, max: 25 });

test('AUD-6: pieces cover a stretch once, from either end, and none goes beyond a partition', () => {
  fc.assert(
    fc.property(stretches, fc.boolean(), sizes, partitions, ({ first, count }, oldestFirst, near, partition) => {
      const windows = [...windowsOf({ first, last: first + count - 1 }, oldestFirst, near, partition)];
      const numbers = windows.flatMap((window) => {
        const up = Array.from({ length: window.last - window.first + 1 }, (_, index) => window.first + index);
        return oldestFirst ? up : up.reverse();
      });
      const all = Array.from({ length: count }, (_, index) => first + index);
      expect(numbers).toEqual(oldestFirst ? all : all.reverse());
      for (const [index, window] of windows.entries()) {
        expect(Math.floor(window.first / partition)).toBe(Math.floor(window.last / partition));
        expect(window.last - window.first).toBeLessThan(near[index] ?? partition);
      }
    }),
  );
});
