// A review as a person reads and chooses it (AUD-8): words for topics and reasons, the scope from what was typed, and the
// scope that closes a gap. Pure; used by the review page.
import type { AreaId } from '../../gateway/contract/ids.ts';
import {
  countedUpTo,
  type FindingCode,
  type ReviewScope,
  type ReviewTopic,
  reviewTopics,
  topicsWithAreas,
  type Unreviewed,
} from '../../gateway/contract/review.ts';
import { plantTime, plantTimeToUtc } from './times.ts';

export const topicWords: Readonly<Record<ReviewTopic, string>> = {
  commands: 'Commands and setpoints',
  people: 'People and terminals',
  system: 'Gateway and log',
  events: 'Events of other systems',
};

export const findingWords: Readonly<Record<FindingCode, string>> = {
  refusal: 'Refused',
  'not-confirmed': 'Not confirmed',
  'unknown-outcome': 'Unknown outcome',
  unattributed: 'Changed outside Countersign',
  'break-glass': 'Break-glass',
  'out-of-hours': 'Outside working hours',
  'near-limit': 'Near a limit',
  'access-change': 'Access or configuration',
  trust: 'Trust',
};

/** As typed, in the plant's time; an empty `to` is now. */
export type ReviewDraft = {
  readonly from: string;
  readonly to: string;
  readonly topics: readonly ReviewTopic[];
  readonly area: AreaId | null;
};

/** A week back to now, everything. */
export function usualDraft(nowMs: number, timeZone: string): ReviewDraft {
  const from = plantTime(nowMs - 7 * 86_400_000, timeZone).local.slice(0, 10);
  return { from, to: '', topics: reviewTopics, area: null };
}

/** The fields at fault, or the scope to ask for. An area goes only with topics that have areas. */
export function scopeOf(
  draft: ReviewDraft,
  timeZone: string,
  nowMs: number,
): { readonly ok: true; readonly scope: ReviewScope } | { readonly ok: false; readonly wrong: readonly string[] } {
  const from = plantTimeToUtc(draft.from, timeZone);
  // A second back: the gateway takes no period that ends in its future, and its clock is known to a fraction.
  const to = draft.to.trim() === '' ? new Date(nowMs - 1000).toISOString() : plantTimeToUtc(draft.to, timeZone);
  if (from === null || to === null || draft.topics.length === 0) {
    const wrong = [from === null && 'from', to === null && 'to', draft.topics.length === 0 && 'topics'];
    return { ok: false, wrong: wrong.filter((field) => field !== false) };
  }
  const area = draft.area !== null && mayHaveArea(draft.topics) ? { area: draft.area } : {};
  return { ok: true, scope: { from, to, topics: [...draft.topics], ...area } };
}

export function mayHaveArea(topics: readonly ReviewTopic[]): boolean {
  return topics.every((topic) => topicsWithAreas.has(topic));
}

/** What closes a gap that reaches to the newest records closes it up to now. */
export function draftFor(gap: Unreviewed, timeZone: string, nowMs: number): ReviewDraft {
  const { local } = plantTime(gap.from, timeZone);
  const endMs = Date.parse(gap.to);
  return {
    from: local,
    // Typed times have whole seconds, and the last record is within the next one.
    to: nowMs - endMs < 120_000 ? '' : plantTime(endMs + 1000, timeZone).local,
    topics: [gap.topic],
    area: gap.area,
  };
}

export function recordsText(records: number): string {
  return records > countedUpTo ? `more than ${countedUpTo.toLocaleString('en')}` : records.toLocaleString('en');
}
