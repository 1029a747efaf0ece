// The tree of areas: areas nest, rights stop at areas.
import type { AreaId } from '../contract/ids.ts';
import type { Area } from './tag.ts';

/** What the tree needs of an area. */
export type AreaPlace = Pick<Area, 'id' | 'parent'>;

/** The area and its ancestors, innermost first. An unknown area has none. */
export function areaLine(areas: readonly AreaPlace[], id: AreaId): readonly AreaId[] {
  const line: AreaId[] = [];
  let current: AreaId | null = id;
  while (current !== null && !line.includes(current)) {
    const area: AreaPlace | undefined = areas.find((candidate) => candidate.id === current);
    if (area === undefined) break;
    line.push(area.id);
    current = area.parent;
  }
  return line;
}

/** The area and all that lies within it. */
export function areaWithDescendants(areas: readonly AreaPlace[], id: AreaId): readonly AreaId[] {
  return areas.filter((area) => areaLine(areas, area.id).includes(id)).map((area) => area.id);
}

/** What records about the area and those within it are about: its tags, and the areas themselves; null: no such area. */
export function subjectsWithin(
  { areas, tags }: { readonly areas: readonly AreaPlace[]; readonly tags: readonly { id: string; area: AreaId }[] },
  area: AreaId,
): readonly string[] | null {
  const within = areaWithDescendants(areas, area);
  if (within.length === 0) return null;
  return [...tags.filter((tag) => within.includes(tag.area)).map((tag) => tag.id), ...within.map((id) => `area:${id}`)];
}
