// Which records go into a bundle (AUD-5): those asked for, all records of their commands, and those that their signatures
// stand on, with what these stand on in turn. Used by postgres-bundle.ts. One bit a record of the log; reads in steps.
import type { Json } from '../contract/canonical.ts';
import type { RunQuery } from './postgres-change.ts';
import { type RecordFilter, streamRecords } from './postgres-records.ts';

/** A record as it stands in the log. */
export type SelectedRow = { readonly seq: number; readonly body: Buffer };
export type BundleSelection =
  /** The whole log. */
  | { readonly asked: null }
  /** `asked`: for the header, what was asked for. `rows`: what that is, in any order. */
  | { readonly asked: { readonly [name: string]: Json }; readonly rows: AsyncIterable<SelectedRow> };

type Stands = {
  readonly actor?: { readonly id?: string } | null;
  readonly terminal?: { readonly id?: string } | null;
  readonly command?: string;
  readonly signature?: { readonly jws?: string; readonly assertion?: { readonly id?: string } };
  readonly detail?: { readonly standsOn?: { readonly [name: string]: unknown } };
};

/** Records that name the log's keys: every bundle carries them, since trust in one key is followed to the next along them. */
export const keyKinds: readonly string[] = ['log.opened', 'log.key-rotated'];

const atOnce = 500;

/** Says of each number below `size` whether its record goes into the bundle. */
export async function selectNumbers(
  run: RunQuery,
  selection: BundleSelection,
  size: number,
): Promise<(seq: number) => boolean> {
  const picked = new Picked(run, size);
  if (selection.asked === null) {
    await picked.leaveOutArchived();
    return (seq) => !picked.has(seq);
  }
  const keys = await run('SELECT seq, body FROM log_record WHERE kind = ANY($1::text[]) AND seq < $2', [
    keyKinds,
    size,
  ]);
  let page = [...(keys.rows as readonly SelectedRow[])];
  for await (const row of selection.rows) {
    // What was appended meanwhile is not what the checkpoint is over.
    if (row.seq < size) page.push(row);
    if (page.length < atOnce) continue;
    await picked.take(page);
    page = [];
  }
  await picked.take(page);
  return (seq) => picked.has(seq);
}

/** What a filter lets through; nothing filtered: the whole log. `asked`: the filter in the asker's words, where they differ. */
export function bundleSelection(run: RunQuery, filter: RecordFilter, asked: Json = definedOf(filter)): BundleSelection {
  const given = definedOf(asked);
  if (Object.keys(given).length === 0) return { asked: null };
  return { asked: given, rows: streamRecords(run, filter) };
}

function definedOf(filter: object | Json): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(filter ?? {}).filter(([, value]) => value !== undefined));
}

/** The records with numbers [from, to): a selection's rows. */
export async function* rowsOfRange(run: RunQuery, from: number, to: number): AsyncGenerator<SelectedRow> {
  for (let start = from; start < to; start += atOnce) {
    const found = await run('SELECT seq, body FROM log_record WHERE seq >= $1 AND seq < $2 ORDER BY seq', [
      start,
      Math.min(start + atOnce, to),
    ]);
    yield* found.rows as readonly SelectedRow[];
    if (found.rows.length === 0) return;
  }
}

class Picked {
  readonly #run: RunQuery;
  readonly #size: number;
  readonly #bits: Uint8Array;
  /** Subjects whose records are in already: as many as there are people, terminals and passkeys. */
  readonly #subjects = new Set<string>();

  constructor(run: RunQuery, size: number) {
    this.#run = run;
    this.#size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  has(seq: number): boolean {
    return ((this.#bits[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  /** For the whole log: marks those that are no longer in it (AUD-7), the others being what is wanted. */
  async leaveOutArchived(): Promise<void> {
    for (let after = -1; ; ) {
      const found = await this.#run('SELECT seq FROM archived_record WHERE seq > $1 ORDER BY seq LIMIT 10000', [after]);
      const rows = found.rows as readonly { readonly seq: number }[];
      for (const { seq } of rows) this.#add(seq);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  }

  /** Takes rows and all that they need, until nothing new comes in. */
  async take(rows: readonly SelectedRow[]): Promise<void> {
    let fresh = rows.filter((row) => this.#add(row.seq));
    while (fresh.length > 0) {
      const needs = new Needs();
      for (const row of fresh) needs.of(row.body);
      const subjects = [...needs.subjects].filter((subject) => !this.#subjects.has(subject));
      for (const subject of subjects) this.#subjects.add(subject);
      const found = await this.#run(
        `SELECT seq, body FROM log_record WHERE command = ANY($1::text[]) AND seq < $4
         UNION ALL SELECT seq, body FROM log_record WHERE subject = ANY($2::text[]) AND projection IS NOT NULL AND seq < $4
         UNION ALL SELECT seq, body FROM log_record WHERE seq = ANY($3::bigint[]) AND seq < $4`,
        [[...needs.commands], subjects, [...needs.numbers].filter((seq) => !this.has(seq)), this.#size],
      );
      fresh = (found.rows as readonly SelectedRow[]).filter((row) => this.#add(row.seq));
    }
  }

  /** False where it was in already. */
  #add(seq: number): boolean {
    if (this.has(seq)) return false;
    this.#bits[seq >> 3] = (this.#bits[seq >> 3] ?? 0) | (1 << (seq & 7));
    return true;
  }
}

class Needs {
  readonly commands = new Set<string>();
  readonly subjects = new Set<string>();
  readonly numbers = new Set<number>();

  of(body: Buffer): void {
    const record = JSON.parse(body.toString('utf8')) as Stands;
    if (record.command !== undefined) this.commands.add(record.command);
    if (record.signature === undefined) return;
    // An account's records are those of its certification, too: they have one subject.
    this.subjects.add(`account:${record.actor?.id ?? ''}`);
    this.subjects.add(`terminal:${record.terminal?.id ?? ''}`);
    if (record.signature.assertion?.id !== undefined) this.subjects.add(`passkey:${record.signature.assertion.id}`);
    for (const seq of Object.values(record.detail?.standsOn ?? {})) this.#number(seq);
    this.#number(configurationOf(record.signature.jws ?? ''));
  }

  #number(seq: unknown): void {
    if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0) this.numbers.add(seq);
  }
}

/** The record of the configuration that the statement names; undefined where it names none. */
function configurationOf(jws: string): unknown {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return (payload as { readonly configuration?: { readonly seq?: unknown } }).configuration?.seq;
  } catch {
    return undefined;
  }
}
