// Who vouched for which tag, and when (DRV-5): a value is fresh while its source vouches for it, changed or not.
// Kept per subscription or poll group, so that one answer costs one store, whatever the number of its tags.
// Used by drivers/supervisor.ts (losses) and live/tag-store.ts (freshness); knows neither values nor clocks.

export type VouchGroup = { readonly tags: readonly number[]; atMs: number };

export class Vouching {
  readonly #groupOf: (VouchGroup | undefined)[];
  /** Groups by the identity of their array; a group that lost its last tag to another is dropped. */
  readonly #groups = new Map<readonly number[], { readonly group: VouchGroup; members: number }>();

  /** `tagCount`: the plant's number of tags; indexes run from 0 to one below it. */
  constructor(tagCount: number) {
    this.#groupOf = new Array<VouchGroup | undefined>(tagCount).fill(undefined);
  }

  /** The source vouched for these tags at `atMs`. The same array each time is one group; a new array takes its tags over. */
  vouch(tags: readonly number[], atMs: number): VouchGroup {
    const known = this.#groups.get(tags);
    if (known !== undefined && known.members === tags.length) {
      known.group.atMs = atMs;
      return known.group;
    }
    const entry = known ?? { group: { tags, atMs }, members: 0 };
    entry.group.atMs = atMs;
    this.#groups.set(tags, entry);
    for (const tag of tags) {
      const before = this.#groupOf[tag];
      if (before === entry.group) continue;
      if (before !== undefined) this.#leave(before);
      this.#groupOf[tag] = entry.group;
      entry.members += 1;
    }
    return entry.group;
  }

  /** When the tag was last vouched for, ms since the epoch; null: never. */
  atMs(tag: number): number | null {
    return this.#groupOf[tag]?.atMs ?? null;
  }

  groupOf(tag: number): VouchGroup | undefined {
    return this.#groupOf[tag];
  }

  *groups(): IterableIterator<VouchGroup> {
    for (const entry of this.#groups.values()) yield entry.group;
  }

  #leave(group: VouchGroup): void {
    const entry = this.#groups.get(group.tags);
    if (entry === undefined) return;
    entry.members -= 1;
    if (entry.members === 0) this.#groups.delete(group.tags);
  }
}

/** True when nobody vouched within `withinMs` of `nowMs`; a time in the future beyond it (a clock set back) vouches for nothing. */
export function isSilent(vouchedAtMs: number | null, nowMs: number, withinMs: number): boolean {
  return vouchedAtMs === null || Math.abs(nowMs - vouchedAtMs) > withinMs;
}
