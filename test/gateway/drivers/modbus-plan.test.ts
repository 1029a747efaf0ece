import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tables } from '../../../gateway/drivers/modbus/address.ts';
import { apart, maxBits, maxRegisters, type Point, planReads } from '../../../gateway/drivers/modbus/plan.ts';

const somePoint = fc.record({
  tag: fc.nat(),
  table: fc.constantFrom(...tables),
  register: fc.nat(600),
  length: fc.integer({ min: 1, max: 4 }),
});
const bitsOf = (table: Point['table']): boolean => table === 'coil' || table === 'discrete';
const limitOf = (table: Point['table']): number => (bitsOf(table) ? maxBits : maxRegisters);

/** The least number of requests for sorted points of one table, by trying every last request. */
function leastRequests(points: readonly Point[], gap: number, limit: number): number {
  const best: number[] = [0];
  for (let last = 0; last < points.length; last++) {
    let least = Number.POSITIVE_INFINITY;
    for (let first = last; first >= 0; first--) {
      const group = points.slice(first, last + 1);
      const start = group[0]?.register ?? 0;
      let end = start;
      let fits = true;
      for (const point of group) {
        if (point.register - end > gap) fits = false;
        end = Math.max(end, point.register + point.length);
      }
      if (fits && end - start <= limit) least = Math.min(least, (best[first] ?? 0) + 1);
    }
    best.push(least);
  }
  return best[points.length] ?? 0;
}

describe('the read planner', () => {
  it('DRV-3: covers every point exactly once, within its request, of its table and within the PDU limit', () => {
    fc.assert(
      fc.property(fc.array(somePoint, { maxLength: 80 }), fc.nat(40), (points, gap) => {
        const plan = planReads(points, gap);
        expect(plan.flatMap((request) => request.points).toSorted(byTag)).toEqual([...points].toSorted(byTag));
        for (const request of plan) {
          expect(request.length).toBeGreaterThan(0);
          expect(request.length).toBeLessThanOrEqual(limitOf(request.table));
          for (const point of request.points) {
            expect(point.table).toBe(request.table);
            expect(point.register).toBeGreaterThanOrEqual(request.register);
            expect(point.register + point.length).toBeLessThanOrEqual(request.register + request.length);
          }
        }
      }),
    );
  });

  it('DRV-3: reads no gap beyond the permitted one, and nothing before its first or after its last point', () => {
    fc.assert(
      fc.property(fc.array(somePoint, { minLength: 1, maxLength: 60 }), fc.nat(20), (points, gap) => {
        for (const request of planReads(points, gap)) {
          const sorted = request.points.toSorted((left, right) => left.register - right.register);
          let end = request.register;
          for (const point of sorted) {
            expect(point.register - end).toBeLessThanOrEqual(bitsOf(request.table) ? gap * 16 : gap);
            end = Math.max(end, point.register + point.length);
          }
          expect(sorted[0]?.register).toBe(request.register);
          expect(end).toBe(request.register + request.length);
        }
      }),
    );
  });

  it('DRV-3: needs the least number of requests that the limits allow', () => {
    const single = fc.record({ tag: fc.nat(), register: fc.nat(400), length: fc.constantFrom(1, 2) });
    fc.assert(
      fc.property(fc.array(single, { minLength: 1, maxLength: 40 }), fc.nat(20), (rows, gap) => {
        const points = rows
          .map((row): Point => ({ ...row, table: 'holding' }))
          .toSorted((left, right) => left.register - right.register || left.length - right.length);
        expect(planReads(points, gap).length).toBe(leastRequests(points, gap, maxRegisters));
      }),
    );
  });

  it('DRV-3: asks for each point apart where a block was refused', () => {
    const points: Point[] = [0, 2, 4].map((register, tag) => ({ tag, table: 'input', register, length: 2 }));
    const [block] = planReads(points, 8);
    expect(block?.points.length).toBe(3);
    if (block !== undefined)
      expect(apart(block).map(({ register, length }) => [register, length])).toEqual([
        [0, 2],
        [2, 2],
        [4, 2],
      ]);
  });
});

function byTag(left: Point, right: Point): number {
  return (
    left.tag - right.tag ||
    left.table.localeCompare(right.table) ||
    left.register - right.register ||
    left.length - right.length
  );
}
