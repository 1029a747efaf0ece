// Which stretches of the log no signed review covers (AUD-8): the numbers from the first record to the newest, less those of
// the reviews whose scope takes in a topic and an area. Pure; called by reviewing.ts.
import type { AreaId } from '../contract/ids.ts';
import { type ReviewChange, type ReviewTopic, reviewTopics, topicsWithAreas } from '../contract/review.ts';
import { areaLine } from '../plant/areas.ts';
import type { Area } from '../plant/tag.ts';

/** `area` null: records of the topic that are about no area that is known now. */
export type Line = { readonly topic: ReviewTopic; readonly area: AreaId | null };
export type Gap = { readonly first: number; readonly last: number };
type Covering = Pick<ReviewChange, 'topics' | 'area' | 'first' | 'last'>;

/** Every topic once, and once for each area where it has them. */
export function linesOf(areas: readonly Area[]): readonly Line[] {
  return reviewTopics.flatMap((topic): readonly Line[] =>
    topicsWithAreas.has(topic)
      ? [...areas.map(({ id }) => ({ topic, area: id })), { topic, area: null }]
      : [{ topic, area: null }],
  );
}

/** What of the records 0 to `newest` no review covers for this line, oldest first. */
export function gapsOf(
  line: Line,
  reviews: readonly Covering[],
  areas: readonly Area[],
  newest: number,
): readonly Gap[] {
  const within = line.area === null ? [] : areaLine(areas, line.area);
  const covered = reviews
    .filter(({ topics, area }) => topics.includes(line.topic) && (area === undefined || within.includes(area)))
    .map(({ first, last }) => ({ first, last }))
    .sort((a, b) => a.first - b.first);
  const gaps: Gap[] = [];
  let next = 0;
  for (const { first, last } of covered) {
    if (first > next && next <= newest) gaps.push({ first: next, last: Math.min(first - 1, newest) });
    next = Math.max(next, last + 1);
  }
  if (next <= newest) gaps.push({ first: next, last: newest });
  return gaps;
}
