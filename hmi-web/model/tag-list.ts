// Which tags the tag table shows, and in which order: search, area, sorting. Pure; called by pages/tags.tsx.
import type { AreaId } from '../../gateway/contract/ids.ts';
import type { AreaView, TagView } from '../../gateway/contract/tag.ts';

export type SortKey = 'id' | 'description' | 'area';
export type TagChoice = {
  readonly search: string;
  /** An area with all that lies within it; empty for all. */
  readonly area: string;
  readonly writableOnly: boolean;
  readonly sort: SortKey;
  readonly descending: boolean;
};

export function chooseTags(
  tags: readonly TagView[],
  areas: readonly AreaView[],
  choice: TagChoice,
): readonly TagView[] {
  const words = choice.search.toLowerCase().split(/\s+/).filter(Boolean);
  const within = choice.area === '' ? null : areasWithin(areas, choice.area);
  const chosen = tags.filter((tag) => {
    if (choice.writableOnly && tag.setpoint === null) return false;
    if (within !== null && !within.has(tag.area)) return false;
    const text = `${tag.id} ${tag.description} ${tag.unit}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const direction = choice.descending ? -1 : 1;
  return chosen.sort(
    (a, b) =>
      direction * a[choice.sort].localeCompare(b[choice.sort], 'en', { numeric: true }) || a.id.localeCompare(b.id),
  );
}

function areasWithin(areas: readonly AreaView[], start: string): ReadonlySet<AreaId> {
  const found = new Set<AreaId>();
  let grew = true;
  while (grew) {
    grew = false;
    for (const area of areas) {
      if (found.has(area.id)) continue;
      if (area.id === start || (area.parent !== null && found.has(area.parent))) {
        found.add(area.id);
        grew = true;
      }
    }
  }
  return found;
}
