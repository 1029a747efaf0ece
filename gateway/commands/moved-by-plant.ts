// Whether the plant itself moves a setpoint just now (CMD-11): tracking in manual, an interlock's reset, as the tag's
// condition says. Judged on the tag store for unattributed-watch.ts. What cannot be judged excludes nothing.
import type { TagId } from '../contract/ids.ts';
import type { TagValue } from '../contract/values.ts';
import type { Tag } from '../plant/tag.ts';
import type { WritableTag } from './checks.ts';
import type { ReadLatest } from './ports.ts';

export function movedByPlant(tags: readonly Tag[], readLatest: ReadLatest): (tag: WritableTag) => boolean {
  const byId = new Map<TagId, Tag>(tags.map((tag) => [tag.id, tag]));
  return ({ setpoint }) => {
    const condition = setpoint.movedByPlantWhen;
    if (condition === undefined) return false;
    const values = new Map<string, TagValue>();
    for (const { name, tag } of condition.reads) {
      const source = byId.get(tag);
      const latest = source === undefined ? null : readLatest(source);
      if (latest?.quality === 'good' && latest.value !== null) values.set(name, latest.value);
    }
    try {
      return condition.test(values);
    } catch {
      // A value that is missing is no answer, and without one the change is reported.
      return false;
    }
  };
}
