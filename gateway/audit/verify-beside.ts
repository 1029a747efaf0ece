// Holds the tables beside the log against the log's own records (AUD-4, AUD-7): its names, what was archived, what witnesses
// said, how far it was forwarded. Nothing of these is believed alone, but whoever changed a row there is to be seen. Pure; `take` sees
// each record in order, then the rows are asked about one by one. Used by every check of the log through postgres-beside.ts.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { openCosignatures, parseWitnessKey, type WitnessKey } from './cosignature.ts';
import type { ParsedRecord } from './parsed-record.ts';

export type InstallationRow = { readonly only_row: boolean; readonly mode: string; readonly origin: string };
export type OriginRow = { readonly since: number; readonly origin: string };
export type ArchiveOrderRow = { readonly ordered: number; readonly first: number; readonly through: number };
export type ArchiveFileRow = {
  readonly ordered: number;
  readonly written: number;
  readonly file: string;
  readonly sha256: string;
};
export type ArchiveEndRow = { readonly ordered: number; readonly removed: number; readonly trouble: string | null };
export type CursorRow = { readonly receiver: string; readonly seq: number };
/** `note`: the checkpoint of that size; null where the record that carried it is not there. */
export type CosignatureRow = {
  readonly size: number;
  readonly witness: string;
  readonly line: string;
  readonly note: string | null;
};

type Detail = { readonly [name: string]: unknown };
type Said = { readonly seq: number; readonly detail: Detail };

export class BesideWalk {
  /** By the record that opened the log under it. */
  readonly #origins = new Map<number, string>();
  readonly #ordered = new Map<number, Said>();
  readonly #written = new Map<number, Said>();
  readonly #ended = new Map<number, Said>();
  readonly #witnesses = new Map<string, WitnessKey[]>();
  #size = 0;

  take(record: ParsedRecord): void {
    const { seq, kind, detail = {} } = record;
    this.#size = seq + 1;
    const ordered = typeof detail.ordered === 'number' ? detail.ordered : -1;
    if (kind === 'log.opened' && typeof detail.origin === 'string') this.#origins.set(seq, detail.origin);
    else if (kind === 'archive.ordered') this.#ordered.set(seq, { seq, detail });
    else if (kind === 'archive.written') this.#written.set(ordered, { seq, detail });
    else if (kind === 'archive.dropped' || kind === 'archive.failed') this.#ended.set(ordered, { seq, detail });
    else if (kind === 'configuration.loaded') this.#learnWitnesses(record.new);
  }

  /** `installations`: one row, where nobody meddled; `later` in any order. */
  origins(installations: readonly InstallationRow[], later: readonly OriginRow[]): readonly string[] {
    const troubles: string[] = [];
    const opened = this.#origins.get(0) ?? null;
    const [first, ...more] = installations;
    // The mark of a demo is in the name that the log was opened under, signed with it.
    const marked = /^countersign\.local\/([a-z]+)\//.exec(opened ?? '')?.[1];
    if ((first?.origin ?? null) !== opened || first?.only_row === false || more.length > 0)
      troubles.push(`the installation's row was altered: the log was opened as ${opened ?? 'nothing'}`);
    else if (first !== undefined && marked !== undefined && first.mode !== marked)
      troubles.push(`the installation's row was altered: it says ${first.mode}, the log was opened for ${marked}`);
    const seen = new Set<number>([0]);
    for (const { since, origin } of later) {
      seen.add(since);
      if (since === 0 || this.#origins.get(since) !== origin)
        troubles.push(`the row of a later origin from record ${since} on is not what the log says`);
    }
    for (const since of this.#origins.keys())
      if (!seen.has(since)) troubles.push(`the row of the origin of record ${since} was removed`);
    return troubles;
  }

  /**
   * Rows of orders that are newer than the records that were walked are passed over, and those that say that their record is:
   * up to `newestSize`, how many records the log has by now.
   */
  archives(
    orders: readonly ArchiveOrderRow[],
    files: readonly ArchiveFileRow[],
    ends: readonly ArchiveEndRow[],
    newestSize: number,
  ): readonly string[] {
    const known = <Row extends { readonly ordered: number }>(rows: readonly Row[]) =>
      rows.filter(({ ordered }) => ordered < this.#size);
    const coming = new Set(
      files
        .filter(({ ordered, written }) => !this.#written.has(ordered) && written >= this.#size && written < newestSize)
        .map(({ ordered }) => ordered),
    );
    return [
      ...held('order', known(orders), this.#ordered, ({ first, through }) => ({ first, through })),
      ...held(
        'bundle',
        known(files).filter(({ ordered }) => !coming.has(ordered)),
        this.#written,
        ({ written: _, ...file }) => file,
        ({ written }) => written,
      ),
      // The maintenance process tells of the end first, the gateway records it then.
      ...held(
        'end',
        known(ends).filter(
          ({ ordered }) => this.#ended.has(ordered) || !(this.#written.has(ordered) || coming.has(ordered)),
        ),
        this.#ended,
        (end) => ({ ...end }),
      ),
    ];
  }

  /** Whether a receiver has what the row says no record tells; that it has what was never written is impossible. */
  cursors(rows: readonly CursorRow[], newestSize: number): readonly string[] {
    return rows
      .filter(({ seq }) => seq < -1 || seq >= newestSize)
      .map(
        ({ receiver, seq }) =>
          `the row of what ${receiver} was sent was altered: it names record ${seq}, the log holds ${newestSize} records`,
      );
  }

  /** Why the row is not what a witness said of this log; null where it is, or where that cannot be told any more. */
  cosignature({ size, witness, line, note }: CosignatureRow, newestSize: number): string | null {
    const named = `the cosignature of ${witness} under ${size} records`;
    if (size > newestSize) return `${named} was altered, or the log was cut off: it holds ${newestSize} records`;
    if (size > this.#size) return null;
    if (note === null) return `${named} was altered: no checkpoint of that size stands in the log`;
    const keys = this.#witnesses.get(witness);
    if (keys === undefined) return `${named} was planted or altered: no recorded configuration names that witness`;
    const good = keys.some((key) => openCosignatures(note + line, [key]).good.some((one) => one.line === line));
    return good ? null : `${named} was altered: it does not verify`;
  }

  #learnWitnesses(configuration: unknown): void {
    const { gateway } = (configuration ?? {}) as { readonly gateway?: { readonly checkpoints?: unknown } };
    const { witnesses } = (gateway?.checkpoints ?? {}) as { readonly witnesses?: unknown };
    if (!Array.isArray(witnesses)) return;
    for (const { key: text } of witnesses as { readonly key?: unknown }[]) {
      const key = typeof text === 'string' ? parseWitnessKey(text) : null;
      if (key !== null) this.#witnesses.set(key.name, [...(this.#witnesses.get(key.name) ?? []), key]);
    }
  }
}

/** Rows and records of one step of archiving, by the order's number: each must have the other, and say the same. */
function held<Row extends { readonly ordered: number }>(
  what: string,
  rows: readonly Row[],
  records: ReadonlyMap<number, Said>,
  saying: (row: Row) => { readonly [name: string]: Json },
  recordOf?: (row: Row) => number,
): readonly string[] {
  const troubles: string[] = [];
  const seen = new Set(rows.map(({ ordered }) => ordered));
  for (const row of rows) {
    const record = records.get(row.ordered);
    const differs =
      record === undefined ||
      (recordOf !== undefined && recordOf(row) !== record.seq) ||
      Object.entries(saying(row)).some(
        ([name, value]) => name in record.detail && canonicalJson(record.detail[name] as Json) !== canonicalJson(value),
      );
    if (differs) troubles.push(`the row of an archive's ${what} (${row.ordered}) is not what the log says`);
  }
  for (const [ordered, { seq }] of records)
    if (!seen.has(ordered)) troubles.push(`the row of an archive's ${what} (${ordered}) of record ${seq} was removed`);
  return troubles;
}
