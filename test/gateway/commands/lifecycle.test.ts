import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asked,
  type ClosingState,
  type CommandEvent,
  countersignaturesDue,
  follow,
  isClosed,
  type Lifecycle,
  proposed,
} from '../../../gateway/commands/lifecycle.ts';
import { type CommandState, closedStates } from '../../../gateway/contract/command-state.ts';

const closings: readonly ClosingState[] = [
  'confirmed',
  'rejected',
  'failed',
  'unknown',
  'resolved',
  'refused',
  'expired',
  'withdrawn',
  'declined',
];
const event: fc.Arbitrary<CommandEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('signed' as const),
      signer: fc.constantFrom('ada', 'bob', 'eve', 'kim', 'lee'),
    }),
  },
  { weight: 3, arbitrary: fc.constant<CommandEvent>({ kind: 'accepted' }) },
  { weight: 3, arbitrary: fc.constant<CommandEvent>({ kind: 'written' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('closed' as const), as: fc.constantFrom(...closings) }) },
);

function run(
  needed: number,
  events: readonly CommandEvent[],
): { readonly life: Lifecycle; readonly path: readonly CommandState[] } {
  let life = asked(needed);
  const path: CommandState[] = [life.state];
  for (const one of events) {
    life = follow(life, one) ?? life;
    path.push(life.state);
  }
  return { life, path };
}

describe('the life of a command', () => {
  test('SIG-5, CMD-1: no sequence of events reaches `written` without the signatures of as many different persons', () => {
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(event, { maxLength: 30 }), (needed, events) => {
        let life = asked(needed);
        const signed = new Set<string>();
        for (const one of events) {
          const next = follow(life, one);
          if (next !== null && one.kind === 'signed') signed.add(one.signer);
          life = next ?? life;
          if (life.state === 'accepted' || life.state === 'written') {
            expect(signed.size).toBeGreaterThanOrEqual(needed);
            seen.set(needed, (seen.get(needed) ?? 0) + 1);
          }
        }
      }),
      { numRuns: 3000, seed: 7 },
    );
    // The property says something only where the state was reached.
    expect([...seen.keys()].sort()).toEqual([1, 2, 3, 4]);
  });

  test('CMD-10, CMD-13: from a proposal, or by break-glass, no write without a person’s asking and the signatures due before it', () => {
    let glass = 0;
    let fromProposal = 0;
    const begin = fc.oneof(
      fc.record({ signaturesNeeded: fc.constant(1), signaturesDue: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ signaturesNeeded: fc.integer({ min: 1, max: 4 }), signaturesDue: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        begin,
        fc.boolean(),
        fc.array(event, { maxLength: 30 }),
        fc.nat(6),
        (terms, isProposed, events, at) => {
          let life = isProposed ? proposed(4) : asked(terms.signaturesNeeded, terms.signaturesDue);
          let isAsked = !isProposed;
          const signed = new Set<string>();
          const turned: CommandEvent[] = [...events.slice(0, at), { kind: 'asked', ...terms }, ...events.slice(at)];
          for (const one of turned) {
            const next = follow(life, one);
            if (next !== null && one.kind === 'asked') isAsked = true;
            if (next !== null && one.kind === 'signed') signed.add(one.signer);
            life = next ?? life;
            expect(life.signers).toEqual([...signed]);
            // Never more than the policy asks, before and after together.
            expect(signed.size).toBeLessThanOrEqual(isAsked ? terms.signaturesNeeded + terms.signaturesDue : 0);
            if (life.state !== 'accepted' && life.state !== 'written') continue;
            expect(isAsked).toBe(true);
            expect(signed.size).toBeGreaterThanOrEqual(terms.signaturesNeeded);
            expect(countersignaturesDue(life)).toBe(terms.signaturesNeeded + terms.signaturesDue - signed.size);
            if (terms.signaturesDue > 0) glass += 1;
            if (isProposed) fromProposal += 1;
          }
        },
      ),
      { numRuns: 3000, seed: 13 },
    );
    expect(Math.min(glass, fromProposal)).toBeGreaterThan(100);
  });

  test('CMD-1: what is closed stays closed, but for an unknown outcome that a person resolves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(event, { maxLength: 40 }), (needed, events) => {
        // Signed and accepted first, so that every way of closing is met often.
        const signed = ['ada', 'bob', 'eve', 'kim']
          .slice(0, needed)
          .map((signer) => ({ kind: 'signed' as const, signer }));
        const { path } = run(needed, [...signed, { kind: 'accepted' }, ...events]);
        for (const [index, state] of path.entries()) {
          const next = path[index + 1];
          if (next === undefined || !closedStates.has(state)) continue;
          expect(state === 'unknown' ? ['unknown', 'resolved'] : [state]).toContain(next);
        }
      }),
      { numRuns: 2000, seed: 11 },
    );
  });

  test('SIG-5: nobody signs twice, and no signature counts after the last one', () => {
    const once = follow(asked(2), { kind: 'signed', signer: 'ada' });
    if (once === null) throw new Error('the first signature must count');
    expect(once.state).toBe('awaiting-countersignature');
    expect(follow(once, { kind: 'signed', signer: 'ada' })).toBeNull();
    expect(follow(once, { kind: 'accepted' })).toBeNull();
    const twice = follow(once, { kind: 'signed', signer: 'bob' });
    if (twice === null) throw new Error('the second signature must count');
    expect(follow(twice, { kind: 'signed', signer: 'eve' })).toBeNull();
    expect(follow(twice, { kind: 'accepted' })?.state).toBe('accepted');
  });

  test('CMD-5: a command that was written cannot end as expired, withdrawn or refused', () => {
    const { life } = run(1, [{ kind: 'signed', signer: 'ada' }, { kind: 'accepted' }, { kind: 'written' }]);
    expect(life.state).toBe('written');
    for (const as of ['expired', 'withdrawn', 'refused', 'declined'] as const)
      expect(follow(life, { kind: 'closed', as })).toBeNull();
    expect(isClosed(follow(life, { kind: 'closed', as: 'confirmed' }) ?? life)).toBe(true);
  });
});
