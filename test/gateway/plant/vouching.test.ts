import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSilent, Vouching } from '../../../gateway/plant/vouching.ts';

describe('who vouched for which tag', () => {
  it('DRV-5: a group is vouched for as a whole, others are not', () => {
    const vouching = new Vouching(4);
    const left = [0, 1];
    const right = [2];
    vouching.vouch(left, 100);
    vouching.vouch(right, 200);
    vouching.vouch(left, 300);
    expect([0, 1, 2, 3].map((tag) => vouching.atMs(tag))).toEqual([300, 300, 200, null]);
  });

  it('DRV-5: a tag belongs to the group that vouched for it last; whoever lost all its tags is forgotten', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.nat(5), { minLength: 1 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }),
        (groups, order) => {
          const vouching = new Vouching(6);
          const expected = new Map<number, number>();
          order.forEach((pick, atMs) => {
            const group = groups[pick % groups.length] ?? [];
            vouching.vouch(group, atMs);
            for (const tag of group) expected.set(tag, atMs);
          });
          for (let tag = 0; tag < 6; tag++) {
            const own = expected.get(tag) ?? null;
            expect(vouching.atMs(tag)).toBe(own);
          }
          const living = new Set([...vouching.groups()]);
          for (const group of living) expect(group.tags.some((tag) => vouching.groupOf(tag) === group)).toBe(true);
        },
      ),
    );
  });

  it('DRV-5: silence is measured both ways: a clock set back does not make old values fresh', () => {
    expect(isSilent(null, 1000, 500)).toBe(true);
    expect(isSilent(1000, 1500, 500)).toBe(false);
    expect(isSilent(1000, 1501, 500)).toBe(true);
    expect(isSilent(1000, 499, 500)).toBe(true);
  });
});
