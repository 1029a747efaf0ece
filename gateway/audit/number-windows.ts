// Record numbers looked at piece by piece from one end (AUD-6): for questions whose index knows no order, so that what lies
// near is found without looking at all that matches. Pure; used by postgres-records.ts.

/** Both ends included; `first` > `last`: none. */
export type Stretch = { readonly first: number; readonly last: number };

/**
 * Covers the stretch without gap or overlap, from its last number down, or from its first up: pieces of the sizes in
 * `near` at first, each asked for when its piece is due, then up to each multiple of `partition`, which no piece goes beyond.
 */
export function* windowsOf(
  stretch: Stretch,
  oldestFirst: boolean,
  near: Iterable<number>,
  partition: number,
): Generator<Stretch> {
  const sizes = near[Symbol.iterator]();
  let { first, last } = stretch;
  while (first <= last) {
    const next = sizes.next();
    const size = next.done === true ? partition : next.value;
    const begin = oldestFirst ? first : last;
    const edge = begin - (begin % partition);
    const window = oldestFirst
      ? { first, last: Math.min(last, edge + partition - 1, first + size - 1) }
      : { first: Math.max(first, edge, last - size + 1), last };
    yield window;
    if (oldestFirst) first = window.last + 1;
    else last = window.first - 1;
  }
}
