// Verifies the log in a backup without any database (OPS-6, AUD-7): every record, node, checkpoint and signature, and the
// accounts and terminals against them. Called by restore.ts for `--check`; writes nothing.

import { inPlaces } from '../audit/postgres-rows.ts';
import { formatTime } from '../audit/record.ts';
import type { NoteVerifier } from '../audit/signed-note.ts';
import { type StoredRow, type Verification, verifyLog } from '../audit/verify.ts';
import { type ProjectedRow, projectionTroubles } from '../audit/verify-projections.ts';
import { RecordChecks } from '../audit/verify-records.ts';
import { type CopyRow, CopyRows } from '../database/copy-rows.ts';
import { bigintOf, textOf, timestampUs } from '../database/copy-values.ts';
import type { Manifest } from './backup-manifest.ts';
import type { BackupContents } from './restore-contents.ts';
import { CannotDo } from './sub-command.ts';

type Table = Manifest['tables'][number];

export type CheckedBackup = { readonly verified: Verification; readonly projections: readonly string[] };

/** Throws CannotDo where the file is damaged or cut off. */
export async function checkBackup(contents: BackupContents, verifier: NoteVerifier | null): Promise<CheckedBackup> {
  let verified: Verification | null = null;
  const checks = new RecordChecks();
  const projected: ProjectedRow[] = [];
  // Stands before the log in the file, and is a twentieth of what its records were.
  const archived: { readonly seq: number; readonly hashes: Buffer }[] = [];
  await contents.tables(async (table, chunks) => {
    const rows = new CountedRows(table, chunks);
    if (table.name === 'log_record') {
      verified = await verifyLog(inPlaces(rows.map(storedRow), inOrder(archived)), {
        verifier,
        kept: null,
        checkSignature: (record) => checks.take(record),
      });
      // The walk stops at the first wrong record: the sums need the rest too.
    } else if (table.name === 'archived_record') for await (const row of rows.map(hiddenRow)) archived.push(row);
    else if (table.name === 'projection')
      for await (const row of rows.map((field) => projectedRow(field))) projected.push(row);
    await rows.drain();
    return rows.count;
  });
  if (verified === null) throw new CannotDo('the backup holds no log');
  const found: Verification = verified;
  return { verified: found, projections: found.bad === null ? projectionTroubles(projected, found.standing) : [] };
}

type Field = (name: string) => Buffer | null;

class CountedRows {
  readonly #columns: ReadonlyMap<string, number>;
  readonly #rows: AsyncGenerator<CopyRow>;
  count = 0;

  constructor(table: Table, chunks: AsyncIterable<Buffer>) {
    this.#columns = new Map(table.columns.map((column, index) => [column.name, index]));
    this.#rows = this.#read(table, chunks);
  }

  async *#read(table: Table, chunks: AsyncIterable<Buffer>): AsyncGenerator<CopyRow> {
    const reader = new CopyRows();
    for await (const chunk of chunks) {
      for (const row of reader.take(chunk)) {
        this.count += 1;
        yield row;
      }
    }
    if (!reader.ended) throw new CannotDo(`the backup is cut off: table ${table.name} has no end`);
  }

  /** Leaves the stream open where the reader stops early: drain() goes on from there. */
  async *map<Row>(make: (field: Field) => Row): AsyncGenerator<Row> {
    for (;;) {
      const step = await this.#rows.next();
      if (step.done === true) return;
      yield make((name) => step.value[this.#columns.get(name) ?? -1] ?? null);
    }
  }

  async drain(): Promise<void> {
    while ((await this.#rows.next()).done !== true);
  }
}

function storedRow(field: Field): StoredRow {
  const timeUs = timestampUs(field('time'));
  return {
    seq: bigintOf(field('seq')),
    time: timeUs === null ? null : formatTime(timeUs),
    kind: textOf(field('kind')),
    actor: textOf(field('actor')),
    subject: textOf(field('subject')),
    terminal: textOf(field('terminal')),
    command: textOf(field('command')),
    projection: textOf(field('projection')),
    hashes: field('hashes'),
    body: field('body'),
    checkpoint: textOf(field('checkpoint')),
  };
}

/** A copy of the bytes: they are a part of a chunk that would stay with them. */
function hiddenRow(field: Field): { readonly seq: number; readonly hashes: Buffer } {
  return { seq: bigintOf(field('seq')) ?? -1, hashes: Buffer.from(field('hashes') ?? Buffer.alloc(0)) };
}

async function* inOrder<Row>(rows: readonly Row[]): AsyncGenerator<Row, undefined> {
  yield* rows;
  return undefined;
}

function projectedRow(field: Field): ProjectedRow {
  return {
    subject: textOf(field('subject')) ?? '',
    document: textOf(field('document')) ?? '',
    seq: bigintOf(field('seq')) ?? -1,
  };
}
