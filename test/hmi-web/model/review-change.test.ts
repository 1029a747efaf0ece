// What a review's statement says is signed only where the page can show all of it (AUD-8, SIG-6).
import { expect, test } from 'vitest';
import { type ReviewChange, reviewChangeSchema } from '../../../gateway/contract/review.ts';
import type { Statement } from '../../../gateway/contract/statement.ts';
import { reviewChangeOf } from '../../../hmi-web/model/review-change.ts';

const change: ReviewChange = reviewChangeSchema.parse({
  from: '2026-11-01T00:00:00Z',
  to: '2026-11-02T00:00:00Z',
  area: 'upstream',
  topics: ['commands', 'people'],
  first: 1,
  last: 90,
  records: 88,
  findings: { refusal: 3 },
  byPerson: { operator: 3 },
  comments: 1,
  checkpoint: { size: 91, root: 'cm9vdA==' },
});
const statement = (of: unknown) => ({ purpose: 'review', change: of }) as unknown as Statement;

test('AUD-8: what the contract allows is shown', () => {
  expect(reviewChangeOf(statement(change))).toEqual(change);
  const { area: _everywhere, ...whole } = change;
  expect(reviewChangeOf(statement(whole))).toEqual(whole);
});

test.each([
  ['a field more', { ...change, also: 1 }],
  ['a field less', { ...change, last: undefined }],
  ['a topic without words', { ...change, topics: ['weather'] }],
  ['a finding without words', { ...change, findings: { surprising: 1 } }],
  ['a count that is none', { ...change, records: '88' }],
  ['a checkpoint that says more', { ...change, checkpoint: { ...change.checkpoint, also: 1 } }],
  ['nothing', null],
])('SIG-6: %s is nothing to sign', (_name, other) => {
  expect(reviewChangeSchema.safeParse(other).success).toBe(false);
  expect(reviewChangeOf(statement(other))).toBeNull();
});

test('SIG-6: neither is a statement about something else', () => {
  expect(reviewChangeOf({ purpose: 'command', tag: 'A' } as unknown as Statement)).toBeNull();
});
