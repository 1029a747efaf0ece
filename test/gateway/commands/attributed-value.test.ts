import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AttributedValue, type Seen } from '../../../gateway/commands/attributed-value.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';

const rules = { tolerance: 0.05, lagMs: 5_000, rest: null };

function seen(value: TagValue, atMs = 0): Seen {
  return { value, quality: 'good', sourceTimeMs: atMs, atMs, outage: false };
}

/** A point that the log accounts for at 37. */
function at37(change: Partial<typeof rules> = {}): AttributedValue {
  const point = new AttributedValue({ ...rules, ...change });
  point.set(37);
  return point;
}

const command = { id: 'c1', observed: 37, value: 38 };

function told(moves: readonly { readonly from: TagValue; readonly seen: Seen }[]): (readonly [TagValue, TagValue])[] {
  return moves.map((move) => [move.from, move.seen.value]);
}

describe('what is not reported', () => {
  test('CMD-11: the first value ever seen, and values that the tolerance cannot tell from it', () => {
    const point = new AttributedValue(rules);
    expect(point.take(seen(37))).toEqual([]);
    expect(point.take(seen(37.05))).toEqual([]);
    expect(point.take(seen(36.95))).toEqual([]);
  });

  const orders = ['before the reply', 'between reply and end', 'after the end'] as const;
  test.each(orders)('CMD-11: our own confirmed write, its notification coming %s', (order) => {
    const point = at37();
    point.opened(command);
    const moves = [];
    if (order !== 'after the end') moves.push(...point.take(seen(38)));
    moves.push(...point.closed('c1', { state: 'confirmed', readBack: 38 }, 1_000));
    if (order === 'after the end') {
      expect(point.isLagging).toBe(true);
      moves.push(...point.take(seen(37, 1_010)), ...point.take(seen(38, 1_020)));
    }
    moves.push(...point.expire(100_000));
    expect(moves).toEqual([]);
  });

  test('CMD-11: a value on its way from the old to the new one, seen late or not', () => {
    const point = at37();
    point.opened(command);
    for (const value of [37.2, 37.6, 37.97]) expect(point.take(seen(value))).toEqual([]);
    expect(point.closed('c1', { state: 'confirmed', readBack: 37.97 }, 1_000)).toEqual([]);
    expect(point.take(seen(38, 1_100))).toEqual([]);
  });

  test('CMD-11: either value after an unknown outcome; what was found narrows it', () => {
    for (const value of [37, 38]) {
      const point = at37();
      point.opened(command);
      expect(point.closed('c1', { state: 'unknown', readBack: null }, 1_000)).toEqual([]);
      expect(point.take(seen(value, 90_000))).toEqual([]);
    }
    const found = at37();
    found.opened(command);
    found.closed('c1', { state: 'unknown', readBack: null }, 1_000);
    found.resolved(38, 'not-reached');
    expect(told(found.take(seen(38, 90_000)))).toEqual([[37, 38]]);
  });

  test('CMD-5, CMD-11: a write that went back by itself, which its own record tells', () => {
    for (const values of [[38, 37], [37], [37.4, 38, 37], []]) {
      const point = at37();
      point.opened(command);
      const moves = values.flatMap((value) => point.take(seen(value)));
      moves.push(...point.closed('c1', { state: 'failed', readBack: 37 }, 1_000), ...point.take(seen(37, 1_100)));
      expect(moves).toEqual([]);
    }
  });

  test('CMD-11: a pulse that goes back to rest', () => {
    const point = new AttributedValue({ tolerance: 0, lagMs: 5_000, rest: false });
    point.set(false);
    point.opened({ id: 'c1', observed: false, value: true });
    expect(point.take(seen(true))).toEqual([]);
    expect(point.take(seen(false))).toEqual([]);
    expect(point.closed('c1', { state: 'confirmed', readBack: false }, 500)).toEqual([]);
    expect(told(point.take(seen(true, 20_000)))).toEqual([[false, true]]);
  });
});

describe('what is reported', () => {
  test('CMD-11: a change with no command, each time from what was there before', () => {
    const point = at37();
    expect(told(point.take(seen(36)))).toEqual([[37, 36]]);
    expect(told(point.take(seen(37)))).toEqual([[36, 37]]);
  });

  test('CMD-11: a slow creep, though each of its steps is within the tolerance', () => {
    const point = at37();
    const moves = [37.02, 37.04, 37.06].flatMap((value) => point.take(seen(value)));
    expect(told(moves)).toEqual([[37, 37.06]]);
  });

  test('CMD-11: a foreign change while our command is open, after its end, whatever that is', () => {
    for (const end of ['confirmed', 'unknown', 'failed', 'refused', 'rejected'] as const) {
      const point = at37();
      point.opened(command);
      expect(point.take(seen(36)), end).toEqual([]);
      const moves = point.closed('c1', { state: end, readBack: end === 'confirmed' ? 38 : null }, 1_000);
      expect(told(moves), end).toEqual([[37, 36]]);
      expect(moves[0]?.command, end).toBe('c1');
    }
  });

  test('CMD-11: somebody else’s change to the very value of a command that was refused', () => {
    const point = at37();
    point.opened(command);
    point.take(seen(38));
    expect(told(point.closed('c1', { state: 'refused', readBack: null }, 1_000))).toEqual([[37, 38]]);
    expect(point.take(seen(38, 2_000))).toEqual([]);
  });

  test('CMD-11: a change back right after our confirmed write, so quick that no notification showed the new value', () => {
    const point = at37();
    point.take(seen(37));
    point.opened(command);
    expect(point.closed('c1', { state: 'confirmed', readBack: 38 }, 1_000)).toEqual([]);
    expect(point.expire(5_900)).toEqual([]);
    expect(told(point.expire(6_001))).toEqual([[38, 37]]);
  });

  test('CMD-11: a value that is kept short of what was written: nobody signed for it', () => {
    const point = at37();
    point.opened(command);
    point.take(seen(37.5));
    expect(told(point.closed('c1', { state: 'failed', readBack: 37.5 }, 1_000))).toEqual([[37, 37.5]]);
  });

  test('CMD-11: a change after the confirmed value was seen, also while the command is still open', () => {
    const point = at37();
    point.opened(command);
    point.take(seen(38));
    point.take(seen(37));
    expect(told(point.closed('c1', { state: 'confirmed', readBack: 38 }, 1_000))).toEqual([[38, 37]]);
  });

  test('CMD-11: whatever the order of notifications and ends, the last value shown is accounted for or reported', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), value: fc.integer({ min: 30, max: 40 }) }),
      fc.record({ kind: fc.constant('open' as const), value: fc.integer({ min: 30, max: 40 }) }),
      fc.record({
        kind: fc.constant('close' as const),
        state: fc.constantFrom('confirmed', 'failed', 'unknown', 'refused', 'rejected'),
        held: fc.integer({ min: 30, max: 40 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const point = at37();
        const asked = new Set<TagValue>([37]);
        const reported = new Set<TagValue>();
        let open: { readonly id: string; readonly value: number } | null = null;
        let last: TagValue = 37;
        let nowMs = 0;
        let count = 0;
        const note = (moves: ReturnType<AttributedValue['take']>) => {
          for (const move of moves) reported.add(move.seen.value);
        };
        for (const one of steps) {
          nowMs += 10;
          if (one.kind === 'take') {
            last = one.value;
            note(point.take(seen(one.value, nowMs)));
          } else if (one.kind === 'open' && open === null) {
            count += 1;
            open = { id: `c${count}`, value: one.value };
            asked.add(one.value);
            point.opened({ id: open.id, observed: last, value: one.value });
          } else if (one.kind === 'close' && open !== null) {
            const readBack = one.state === 'confirmed' ? open.value : one.state === 'failed' ? one.held : null;
            if (readBack !== null) last = readBack;
            note(point.closed(open.id, { state: one.state, readBack }, nowMs));
            if (readBack !== null) note(point.take(seen(readBack, nowMs)));
            open = null;
          }
        }
        if (open !== null) note(point.closed(open.id, { state: 'refused', readBack: null }, nowMs));
        note(point.expire(nowMs + 10_000));
        expect(asked.has(last) || reported.has(last)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
