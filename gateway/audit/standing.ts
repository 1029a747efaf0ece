// The log's own newest word on each account and terminal (IDN-1), kept in memory: at start from proven records
// (postgres-start-check.ts), afterwards by the writer. What makes a changed, planted or rolled back row worthless.
import type { Standing } from '../identity/ports.ts';
import { projectionOf } from './record.ts';

/** Grows by one entry a subject: accounts and terminals are never deleted. */
export class StandingRecords {
  readonly #bySubject = new Map<string, Standing>();
  #newest: number | null = null;

  /** Takes the record's word where it carries one; records come in any order, the greatest number stands. */
  take(record: { readonly seq: number; readonly detail?: { readonly [name: string]: unknown } | undefined }): void {
    const projection = projectionOf(record);
    if (projection === null) return;
    const before = this.#bySubject.get(projection.subject);
    if (before === undefined || before.seq < record.seq) {
      this.#bySubject.set(projection.subject, { seq: record.seq, digest: projection.digest });
    }
    if (this.#newest === null || this.#newest < record.seq) this.#newest = record.seq;
  }

  lookUp(subject: string): Standing | undefined {
    return this.#bySubject.get(subject);
  }

  /** Number of the newest record that any projection stands on; null where there is none. */
  get newest(): number | null {
    return this.#newest;
  }

  get subjects(): readonly string[] {
    return [...this.#bySubject.keys()];
  }
}
