// The rows of one page of the audit trail, by its filters (AUD-6), so that a page of a log of ten million costs what it shows
// and not what matches. Called by postgres-records.ts; reads only.
import { partitionRows } from '../database/partitions.ts';
import { type Stretch, windowsOf } from './number-windows.ts';
import type { RunQuery } from './postgres-change.ts';
import { Conditions, conditionsOf, isNarrow, kindsOf, type RecordFilter } from './postgres-selection.ts';

export type Row = { readonly seq: number; readonly body: Buffer };
export type Wanted = { readonly stretch: Stretch; readonly oldestFirst: boolean; readonly limit: number };
/** Record numbers looked at at first, piece by piece, then up to each multiple of `partition`: see windowsOf. */
export type Windows = { readonly near: readonly number[]; readonly partition: number };

const usual: Windows = { near: [4_000, 32_000], partition: partitionRows };
/** Of so many numbers one column's matches are still read through, where the page is then likely to be full. */
const readThrough = 128_000;
/** Up to so many kinds are asked for one by one, each in its index's order; beyond, window by window. */
const fewKinds = 40;

/** Number of the newest record; null for an empty log. */
export async function newestSeq(run: RunQuery): Promise<number | null> {
  const newest = await run('SELECT max(seq) AS seq FROM log_record');
  return (newest.rows[0] as { seq: number | null } | undefined)?.seq ?? null;
}

/** At most `limit` of what matches within the stretch, from its near end on, in that order. */
export async function readRows(
  run: RunQuery,
  filter: RecordFilter,
  wanted: Wanted,
  windows?: Windows,
): Promise<readonly Row[]> {
  const { stretch, oldestFirst, limit } = wanted;
  const kinds = kindsOf(filter);
  if (kinds?.length === 0 || stretch.first > stretch.last) return [];
  if (!isInOrder(filter)) return readByWindows(run, filter, wanted, windows);
  const conditions = conditionsOf(filter, stretch);
  const end = ` ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ${conditions.parameter(limit)}`;
  const select =
    kinds !== undefined && !isNarrow(filter) ? eachKind(kinds, conditions, end) : allKinds(kinds, conditions);
  const found = await run(select + end, conditions.values);
  return found.rows as readonly Row[];
}

/**
 * Whether one index gives what matches in the order of numbers, so that reading may stop when a page is full: that of one
 * column with one value, or of few kinds. A command has few records, whatever else is asked of them.
 */
function isInOrder(filter: RecordFilter): boolean {
  const { actor, tag, terminal, command } = filter;
  if (filter.text !== undefined) return false;
  if (command !== undefined) return true;
  if (filter.subjects !== undefined) return false;
  const kinds = kindsOf(filter);
  const narrowing = [actor, tag, terminal].filter((part) => part !== undefined).length;
  return kinds === undefined ? narrowing <= 1 : narrowing === 0 && kinds.length <= fewKinds;
}

/**
 * Neither the words' index nor two columns' together know an order: all that match would have to be read for the newest of
 * them, or one column's matches be read through for those of the other. So the near end is asked for first, then more, then
 * partition by partition: what is common is found at once, and what is rare costs a look into each partition's indexes.
 */
async function readByWindows(
  run: RunQuery,
  filter: RecordFilter,
  { stretch, oldestFirst, limit }: Wanted,
  { near, partition }: Windows = usual,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const written = { first: stretch.first, last: Math.min(stretch.last, (await newestSeq(run)) ?? -1) };
  let looked = 0;
  let combined = false;
  function* sizes(): Generator<number> {
    yield* near;
    // Half as much again as fills the page if the log goes on as it began. Words know no numbers: no look is a small one.
    const likely = Math.ceil((1.5 * looked * (limit - rows.length)) / rows.length);
    if (filter.text === undefined && looked > 0 && likely <= readThrough) yield likely;
    combined = true;
  }
  for (const window of windowsOf(written, oldestFirst, sizes(), partition)) {
    if (rows.length >= limit) break;
    looked += window.last - window.first + 1;
    const conditions = conditionsOf(filter, combined ? Conditions.ofHalves(window) : window);
    const matching = allKinds(kindsOf(filter), conditions);
    const lacking = conditions.parameter(limit - rows.length);
    // Apart from its order and limit: they would lure the planner into reading record by record until it has enough.
    const found = await run(
      `WITH found AS MATERIALIZED (${matching})
       SELECT seq, body FROM found ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ${lacking}`,
      conditions.values,
    );
    rows.push(...(found.rows as readonly Row[]));
  }
  return rows;
}

function allKinds(kinds: readonly string[] | undefined, conditions: Conditions): string {
  conditions.add((parameter) => `kind = ANY(${parameter}::text[])`, kinds);
  return `SELECT seq, body FROM log_record${conditions.where()}`;
}

/** The newest of each kind out of its index, merged: as fast for a kind that is rare as for one that is not. */
function eachKind(kinds: readonly string[], conditions: Conditions, end: string): string {
  const parts = kinds.map(
    (kind) => `(SELECT seq, body FROM log_record${conditions.where(`kind = ${conditions.parameter(kind)}`)}${end})`,
  );
  return `SELECT seq, body FROM (${parts.join(' UNION ALL ')}) AS newest`;
}
