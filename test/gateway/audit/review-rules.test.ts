import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapsOf, linesOf } from '../../../gateway/audit/review-coverage.ts';
import { type FindingRules, findingsOf, kindsOfTopics, kindsToJudge } from '../../../gateway/audit/review-findings.ts';
import { type AuditRecord, type RecordKind, recordKinds } from '../../../gateway/contract/audit-record.ts';
import { areaIdSchema } from '../../../gateway/contract/ids.ts';
import { kindRisks } from '../../../gateway/contract/record-classes.ts';
import { type ReviewTopic, reviewTopics } from '../../../gateway/contract/review.ts';

const rules: FindingRules = {
  timeZone: 'Europe/Berlin',
  workingHours: { days: [1, 2, 3, 4, 5], fromMinute: 6 * 60, toMinute: 22 * 60 },
  nearLimitPercent: 5,
};
// 24 November 2026 is a Tuesday; 14:00 in Berlin.
const record = (kind: RecordKind, more: Partial<AuditRecord> = {}): AuditRecord => ({
  seq: 7,
  time: '2026-11-24T13:00:00.000000Z',
  kind,
  salt: '',
  actor: { id: 'ada', name: 'ada', printedName: 'Ada' },
  terminal: null,
  address: null,
  subject: 'BR101.TIC.SP',
  ...more,
});
const site = areaIdSchema.parse('site');
const upstream = areaIdSchema.parse('upstream');
const utilities = areaIdSchema.parse('utilities');
const areas = [
  { id: site, name: 'Site', parent: null, screen: null },
  { id: upstream, name: 'Upstream', parent: site, screen: null },
  { id: utilities, name: 'Utilities', parent: site, screen: null },
];

describe('what deserves a look', () => {
  it('AUD-8: every kind that is rated high, and every refusal, is a finding by itself', () => {
    for (const kind of recordKinds) {
      const codes = findingsOf(record(kind), rules, null);
      if (kindRisks[kind] === 'high' || kind.endsWith('refused')) expect(codes, kind).not.toEqual([]);
    }
  });

  it('AUD-8: the kinds that are read are all that could be found, and no topic leaves a kind out', () => {
    const night = '2026-11-24T23:30:00.000000Z';
    for (const kind of recordKinds) {
      const codes = findingsOf(record(kind, { time: night, new: 40 }), rules, { min: 30, max: 40 });
      expect(kindsToJudge(reviewTopics).includes(kind), kind).toBe(codes.length > 0);
      expect(reviewTopics.filter((topic) => kindsOfTopics([topic]).includes(kind))).toHaveLength(1);
    }
  });

  const hours: readonly { readonly time: string; readonly outside: boolean }[] = [
    { time: '2026-11-24T04:59:59.999999Z', outside: true },
    { time: '2026-11-24T05:00:00.000000Z', outside: false },
    { time: '2026-11-24T20:59:59.999999Z', outside: false },
    { time: '2026-11-24T21:00:00.000000Z', outside: true },
    // Summer time: 06:30 in Berlin.
    { time: '2026-07-14T04:30:00.000000Z', outside: false },
    // A Saturday, and a Sunday evening that is Monday nowhere near.
    { time: '2026-11-28T12:00:00.000000Z', outside: true },
    { time: '2026-11-29T21:30:00.000000Z', outside: true },
  ];
  it.each(hours)('AUD-8: by the plant’s clock, $time is outside working hours: $outside', ({ time, outside }) => {
    expect(findingsOf(record('session.opened', { time }), rules, null)).toEqual(outside ? ['out-of-hours'] : []);
    // What the gateway does at night is nobody's night work.
    expect(findingsOf(record('session.opened', { time, actor: null }), rules, null)).toEqual([]);
  });

  const values: readonly { readonly value: unknown; readonly near: boolean }[] = [
    { value: 30.5, near: true },
    { value: 30.51, near: false },
    { value: 39.49, near: false },
    { value: 39.5, near: true },
    { value: 41, near: true },
    { value: true, near: false },
  ];
  it.each(values)('AUD-8: of 30 to 40, $value is near a limit: $near', ({ value, near }) => {
    const signed = record('command.signed', { new: value as number });
    expect(findingsOf(signed, rules, { min: 30, max: 40 })).toEqual(near ? ['near-limit'] : []);
    expect(findingsOf(signed, rules, { min: null, max: 40 })).toEqual([]);
    expect(findingsOf(signed, rules, null)).toEqual([]);
  });
});

describe('what was never reviewed', () => {
  it('AUD-8: a review of an area covers what lies within it, one without an area everything, another topic nothing', () => {
    const gaps = (topics: ReviewTopic[], area?: typeof site) =>
      linesOf(areas)
        .filter((line) => gapsOf(line, [{ topics, first: 0, last: 9, ...(area && { area }) }], areas, 9).length === 0)
        .map(({ topic, area: place }) => `${topic} ${place}`);
    expect(gaps(['commands'], upstream)).toEqual(['commands upstream']);
    expect(gaps(['commands'], site)).toEqual(['commands site', 'commands upstream', 'commands utilities']);
    expect(gaps(['commands'])).toContain('commands null');
    expect(gaps(['people'])).toEqual(['people null']);
  });

  it('AUD-8: whatever was reviewed in whatever order, a record is in a gap exactly where no review holds it', () => {
    const review = fc
      .tuple(fc.nat(30), fc.nat(10))
      .map(([first, length]) => ({ topics: ['people' as const], first, last: first + length }));
    fc.assert(
      fc.property(fc.array(review, { maxLength: 8 }), fc.integer({ min: -1, max: 40 }), (reviews, newest) => {
        const gaps = gapsOf({ topic: 'people', area: null }, reviews, areas, newest);
        for (let seq = 0; seq <= 45; seq++) {
          const inGap = gaps.some(({ first, last }) => first <= seq && seq <= last);
          const reviewed = reviews.some(({ first, last }) => first <= seq && seq <= last);
          expect(inGap).toBe(seq <= newest && !reviewed);
        }
        expect(gaps.every(({ first, last }) => first <= last)).toBe(true);
      }),
    );
  });
});
