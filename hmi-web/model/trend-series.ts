// The last minutes of a tag for a small trend: what the gateway kept, then what arrives live. Pure; bounded by the window.
// Called by components/small-trend.tsx once a second. What is bad or stale is a gap, never a line.

export const trendWindowMs = 15 * 60_000;

export type Series = { readonly timesS: number[]; readonly values: (number | null)[] };

/** The gateway keeps changes only: what lies further apart than this was steady in between, up to this before the next. */
const heldS = 1;

/** From the columns of `GET /tags/recent`; quality 2 is bad. A line is held where nothing changed, never sloped. */
export function seriesOf(
  timesMs: readonly number[],
  values: readonly (number | null)[],
  qualities: readonly number[],
): Series {
  const series: Series = { timesS: [], values: [] };
  timesMs.forEach((timeMs, index) => {
    const value = values[index] ?? null;
    const lastS = series.timesS.at(-1);
    if (lastS !== undefined && timeMs / 1000 - lastS > 2 * heldS)
      append(series, timeMs - heldS * 1000, series.values.at(-1) ?? null);
    append(series, timeMs, qualities[index] === 2 ? null : value);
  });
  return series;
}

/** Appends one sample and drops what has left the window. A time that does not advance is dropped. */
export function append(series: Series, timeMs: number, value: number | null): void {
  const last = series.timesS.at(-1);
  const timeS = timeMs / 1000;
  if (last !== undefined && timeS <= last) return;
  series.timesS.push(timeS);
  series.values.push(value);
  const oldest = timeS - trendWindowMs / 1000;
  let gone = 0;
  // One sample older than the window stays, so that the line enters it from the edge.
  while ((series.timesS[gone + 1] ?? oldest) < oldest) gone++;
  if (gone > 0) {
    series.timesS.splice(0, gone);
    series.values.splice(0, gone);
  }
}

/** Span of the vertical axis: all values with some air, never thinner than a twentieth of the instrument's range. */
export function axisSpan(
  values: readonly (number | null)[],
  range: { min: number; max: number } | null,
): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return range === null ? [0, 1] : [range.min, range.max];
  const least = range === null ? Math.max(Math.abs(high), 1) / 20 : (range.max - range.min) / 20;
  const air = Math.max((high - low) * 0.15, (least - (high - low)) / 2, least / 10);
  return [low - air, high + air];
}
