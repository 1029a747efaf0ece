// Changes of state that commit together with their record: how an adapter with SQL of its own (identity's projections)
// makes a StateChange, and how the log's writer runs it. Nobody else can look inside one.
import type { Appended } from '../contract/audit-record.ts';
import type { StateChange } from '../identity/ports.ts';

/**
 * Runs one statement; in a change, in the log's transaction. `name`: the same text is asked again and again, so a connection
 * may keep its plan under that name: with many partitions planning costs more than what is asked for.
 */
export type RunQuery = (
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>;

export type RunChange = (run: RunQuery, appended: Appended) => Promise<void>;

class PostgresChange implements StateChange {
  readonly stateChange = true;
  readonly #run: RunChange;
  constructor(run: RunChange) {
    this.#run = run;
  }
  static runnerOf(change: PostgresChange): RunChange {
    return change.#run;
  }
}

/**
 * `change` runs under a savepoint, with the record's final number and digest. Where it throws, its record is not
 * appended and the append rejects with what it threw; other records of the commit are untouched. It must do nothing but
 * run statements: it may run, and its commit fail.
 */
export function postgresChange(change: RunChange): StateChange {
  return new PostgresChange(change);
}

/** Throws TypeError for a change that postgresChange did not make. */
export function runnerOf(change: StateChange): RunChange {
  if (!(change instanceof PostgresChange)) throw new TypeError('not a change that this log can run');
  return PostgresChange.runnerOf(change);
}
