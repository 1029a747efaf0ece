// Which index stands for which area and tag in frames, and the version that says so (contract/live-events.ts). Pure.
import type { AreaId } from '../contract/ids.ts';
import type { LiveLayout } from '../contract/live-events.ts';
import type { Plant } from '../plant/tag.ts';

/**
 * FNV-1a over all area and tag ids in order: another configuration has another version, the same one the same version
 * also after a restart. http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function layoutVersion(plant: Pick<Plant, 'areas' | 'tags'>): number {
  let hash = 0x811c9dc5;
  const text = JSON.stringify([plant.areas.map((area) => area.id), plant.tags.map((tag) => [tag.id, tag.area])]);
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** The layout of these areas alone: a client learns of no tag that it may not see (LIV-2). */
export function layoutOf(plant: Pick<Plant, 'areas' | 'tags'>, areas: readonly AreaId[]): LiveLayout {
  const wanted = new Set(areas);
  return {
    version: layoutVersion(plant),
    areas: plant.areas.flatMap((area, index) => (wanted.has(area.id) ? [{ index, id: area.id }] : [])),
    tags: plant.tags.flatMap((tag) => (wanted.has(tag.area) ? [{ index: tag.index, id: tag.id, area: tag.area }] : [])),
  };
}
