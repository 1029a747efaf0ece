// Prints what the cases found: one table for people, or JSON for scripts. Called by run.ts.
import { cpus, loadavg, totalmem } from 'node:os';
import { type BenchCase, type CaseResult, goalText, isHeld, type Measurement, ratioOf } from './bench-case.ts';

export type Outcome =
  | { readonly benchCase: BenchCase; readonly result: CaseResult }
  | { readonly benchCase: BenchCase; readonly fault: unknown };

const columns = ['case', 'product', 'floor', 'ratio', 'goal', 'held'] as const;

export function resultTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap((outcome) =>
    'result' in outcome
      ? outcome.result.measurements.map((one) => rowOf(outcome.benchCase.name, one))
      : [[outcome.benchCase.name, 'did not run', '', '', '', 'no']],
  );
  const widths = columns.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Below the table: what each floor is, and what must be known to judge the figures. */
export function footnotes(outcomes: readonly Outcome[]): string {
  return outcomes
    .flatMap((outcome) => [
      `${outcome.benchCase.name}: ${outcome.benchCase.about}`,
      `  floor: ${outcome.benchCase.floorIs}`,
      'result' in outcome ? `  ${outcome.result.note}` : `  did not run: ${describeFault(outcome.fault)}`,
    ])
    .join('\n');
}

/** The minute's load before the bench began: figures of a machine that was busy with something else are worth little. */
const loadBefore = loadavg()[0] ?? 0;

export function machineLine(): string {
  const cores = cpus().length;
  const busy = loadBefore > cores / 2 ? ': BUSY with something else, so judge nothing by these figures' : '';
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cores} cores, Node.js ${process.version}; load before ${loadBefore.toFixed(1)}${busy}`;
}

export function resultJson(outcomes: readonly Outcome[]): string {
  const cases = outcomes.map((outcome) => ({
    case: outcome.benchCase.name,
    about: outcome.benchCase.about,
    floorIs: outcome.benchCase.floorIs,
    ...('result' in outcome
      ? {
          note: outcome.result.note,
          measurements: outcome.result.measurements.map((one) => ({ ...one, ratio: ratioOf(one), held: isHeld(one) })),
        }
      : { fault: describeFault(outcome.fault) }),
  }));
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem(), loadBefore };
  return JSON.stringify({ machine, node: process.version, platform: process.platform, cases }, null, 2);
}

function rowOf(name: string, one: Measurement): readonly string[] {
  const held = isHeld(one);
  return [
    `${name} ${one.measure}`,
    figure(one.product, one.unit),
    figure(one.floor, one.unit),
    `${ratioOf(one).toFixed(2)} ×`,
    goalText(one),
    held === null ? '–' : held ? 'yes' : `no (${distance(one)})`,
  ];
}

/** How far from the goal, as a part of it or in the measurement's unit. */
function distance(one: Measurement): string {
  if (one.goal === null) return '';
  if (one.goal.kind === 'above-floor') return `${figure(one.product - one.floor - one.goal.limit, one.unit)} over`;
  const share = Math.abs(ratioOf(one) / one.goal.limit - 1) * 100;
  return `${share.toFixed(0)} % ${one.goal.kind === 'at-most' ? 'over' : 'short'}`;
}

function figure(value: number, unit: string): string {
  const text = value >= 10_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
  return `${text} ${unit}`;
}

export function describeFault(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause === undefined ? fault.message : `${fault.message} (${describeFault(fault.cause)})`;
}
