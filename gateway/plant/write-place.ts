// Where in a device a tag's write goes, so that no two writable tags meet there (CMD-7). Protocols say it, settings/ asks.

/** Whole numbers `first` to `last` of a space (`holding`, in bits; a node id) in one device, however many connections reach it. */
export type WritePlace = {
  readonly device: string;
  readonly space: string;
  readonly first: number;
  readonly last: number;
  /** Where one place has names of two kinds that only the device can compare: the part that both share, and the kind. */
  readonly likeness?: { readonly name: string; readonly kind: string };
};

/** Each item that meets an earlier one in the device, with the one it meets; in the order of places. n log n. */
export function meetings<Item extends { readonly place: WritePlace; readonly order: number }>(
  items: readonly Item[],
): readonly { readonly item: Item; readonly met: Item }[] {
  const bySpace = new Map<string, Item[]>();
  for (const item of items) {
    const key = JSON.stringify([item.place.device, item.place.space]);
    const line = bySpace.get(key);
    if (line === undefined) bySpace.set(key, [item]);
    else line.push(item);
  }
  const found: { item: Item; met: Item }[] = [];
  for (const line of bySpace.values()) {
    let furthest: Item | undefined;
    for (const item of line.toSorted(
      (left, right) => left.place.first - right.place.first || left.order - right.order,
    )) {
      if (furthest !== undefined && item.place.first <= furthest.place.last)
        // Told of the one that stands later in the file, whichever begins first in the device.
        found.push(item.order > furthest.order ? { item, met: furthest } : { item: furthest, met: item });
      if (furthest === undefined || item.place.last > furthest.place.last) furthest = item;
    }
  }
  return found;
}

/** Each item that may be at the place of an earlier one, since both are named alike and in two kinds; in order. */
export function unclear<Item extends { readonly place: WritePlace; readonly order: number }>(
  items: readonly Item[],
): readonly { readonly item: Item; readonly met: Item }[] {
  const first = new Map<string, Item>();
  return items.flatMap((item) => {
    const { device, likeness } = item.place;
    if (likeness === undefined) return [];
    const key = JSON.stringify([device, likeness.name]);
    const met = first.get(key);
    if (met === undefined) first.set(key, item);
    return met === undefined || met.place.likeness?.kind === likeness.kind ? [] : [{ item, met }];
  });
}
