// What a case of the bench is: a module in cases/ that measures the product against a floor in the same run, on the same
// machine. Run by run.ts, alone or with the others.
import type { BigLog } from './big-log.ts';

/** One line of the table. `floor` is the bare library or hardware doing the least that the job needs. */
export type Measurement = {
  /** `median`, `p99` or what else is quoted. */
  readonly measure: string;
  readonly product: number;
  readonly floor: number;
  /** `ms`, `s`, `updates/s`. */
  readonly unit: string;
  readonly goal: Goal | null;
};

/** `at-most` and `at-least` judge product ÷ floor; `above-floor` the difference, in the measurement's unit. */
export type Goal = { readonly kind: 'at-most' | 'at-least' | 'above-floor'; readonly limit: number };

export type CaseResult = {
  readonly measurements: readonly Measurement[];
  /** What a reader must know to judge the figures: counts, sizes, what was left out. */
  readonly note: string;
};

/** What the cases of one run share. */
export type BenchRun = {
  /** Says on standard error how far it is. */
  readonly progress: (line: string) => void;
  /** How big a log the cases about big logs measure (`--records`). */
  readonly records: number;
  /** A log of so many records, made when it is first asked for and gone at the end of the run. */
  readonly bigLog: () => Promise<BigLog>;
};

export type BenchCase = {
  readonly name: string;
  /** What is measured, in one line. */
  readonly about: string;
  /** What the floor does, so that a reader can judge it. */
  readonly floorIs: string;
  readonly run: (run: BenchRun) => Promise<CaseResult>;
};

export function ratioOf(measurement: Measurement): number {
  return measurement.product / measurement.floor;
}

/** Null where there is no goal. */
export function isHeld(measurement: Measurement): boolean | null {
  const { goal, product, floor } = measurement;
  if (goal === null) return null;
  if (goal.kind === 'above-floor') return product - floor <= goal.limit;
  return goal.kind === 'at-most' ? product / floor <= goal.limit : product / floor >= goal.limit;
}

export function goalText({ goal, unit }: Measurement): string {
  if (goal === null) return '–';
  if (goal.kind === 'above-floor') return `≤ floor + ${goal.limit} ${unit}`;
  return `${goal.kind === 'at-most' ? '≤' : '≥'} ${goal.limit} ×`;
}
