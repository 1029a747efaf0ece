// Groups and what they may do where (IDN-6): grants by group and area, areas nested, an exception possible at any depth.
import type { AreaId } from '../contract/ids.ts';
import type { Permission } from '../contract/session.ts';
import { type AreaPlace, areaLine } from './areas.ts';

/** A grant or (`deny`) an exception; the innermost area that says anything about a permission decides, deny before allow. */
export type Grant = {
  readonly area: AreaId;
  readonly allow: readonly Permission[];
  readonly deny: readonly Permission[];
};
export type Group = { readonly id: string; readonly name: string; readonly grants: readonly Grant[] };

/** One group's say; several groups add up, each with its own exceptions. */
export function groupsAllow(
  groups: readonly Group[],
  memberOf: readonly string[],
  areas: readonly AreaPlace[],
  permission: Permission,
  area: AreaId,
): boolean {
  const line = areaLine(areas, area);
  return groups.some((group) => {
    if (!memberOf.includes(group.id)) return false;
    for (const place of line) {
      const grants = group.grants.filter((grant) => grant.area === place);
      if (grants.some((grant) => grant.deny.includes(permission))) return false;
      if (grants.some((grant) => grant.allow.includes(permission))) return true;
    }
    return false;
  });
}
