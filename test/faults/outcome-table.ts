// The table that a fault run prints: how many commands of each trial closed in which way. Pure; called by run.ts.
export type Tally = {
  readonly trial: string;
  /** How it was asked for and signed. */
  readonly way: string;
  readonly state: string;
  readonly code: string | null;
};

const order = ['confirmed', 'rejected', 'failed', 'unknown', 'refused', 'expired', 'withdrawn', 'declined', 'open'];

/** Why the commands that never came to a write did not: `value-changed 12, device-unavailable 3`. */
export function refusalCounts(tallies: readonly Tally[]): string {
  const counts = new Map<string, number>();
  for (const { state, code } of tallies)
    if (state === 'refused') counts.set(code ?? 'no code', (counts.get(code ?? 'no code') ?? 0) + 1);
  return [...counts].map(([code, count]) => `${code} ${count}`).join(', ') || 'none';
}

export function outcomeTable(tallies: readonly Tally[], by: 'trial' | 'way' = 'trial'): string {
  const rows = new Map<string, Map<string, number>>();
  for (const tally of tallies) {
    const row = rows.get(tally[by]) ?? new Map<string, number>();
    row.set(tally.state, (row.get(tally.state) ?? 0) + 1);
    rows.set(tally[by], row);
  }
  const states = order.filter((state) => tallies.some((tally) => tally.state === state));
  const width = Math.max('in all'.length, ...[...rows.keys()].map((name) => name.length));
  const line = (name: string, count: (state: string) => number): string => {
    const cells = states.map((state) => String(count(state) || '·').padStart(Math.max(9, state.length)));
    return `${name.padEnd(width)} ${cells.join(' ')}`;
  };
  const head = `${''.padEnd(width)} ${states.map((state) => state.padStart(9)).join(' ')}`;
  const lines = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const body = lines.map(([name, row]) => line(name, (state) => row.get(state) ?? 0));
  const total = line('in all', (state) => tallies.filter((tally) => tally.state === state).length);
  return [head, ...body, total].join('\n');
}
