// One commit of the log: records, tree nodes and a signed checkpoint in one transaction. Called by postgres-writer.ts, and
// by restore and new origin for their one record; one at a time, on the head that the last commit left.
import pg from 'pg';
import type { Appended } from '../contract/audit-record.ts';
import type { StateChange } from '../identity/ports.ts';
import type { CommitInMaking, Entry, Head, Waiting } from './commit-in-making.ts';
import { bigintArray, bytesArray, textArray, timeArray } from './postgres-arrays.ts';
import { runnerOf } from './postgres-change.ts';
import type { MadeRecord } from './record.ts';
import type { NoteSigner } from './signed-note.ts';

export type Committed = { readonly waiting: Waiting; readonly appended: Appended };
export type CommitResult = {
  readonly head: Head;
  readonly committed: readonly Committed[];
  /** Taken out of the commit, each for a reason of its own. */
  readonly refused: readonly { readonly waiting: Waiting; readonly error: unknown }[];
  /** Found no room: they go into the next commit. */
  readonly left: readonly Waiting[];
};

/** The transaction failed; `maybe` is what would stand if its COMMIT got through all the same, null where it cannot have. */
export class CommitFailed extends Error {
  readonly maybe: CommitResult | null;
  constructor(cause: unknown, maybe: CommitResult | null) {
    super('the commit failed', { cause });
    this.maybe = maybe;
  }
}

/** A record alone, the usual case, without the arrays: a fifth less work for the server. */
const insertOne = {
  name: 'append-records-one',
  text: `INSERT INTO log_record
      (seq, time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
};

const insertMany = {
  name: 'append-records',
  text: `INSERT INTO log_record (seq, time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint)
    SELECT seq, time, kind, actor, subject, terminal, command, projection, hashes, body,
      CASE WHEN seq = $11 THEN $12 END
    FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::bytea[], $10::bytea[]) AS r (seq, time, kind, actor, subject, terminal, command, projection, hashes, body)`,
};

export type Batch = {
  /** With what was placed in it already. */
  readonly making: CommitInMaking;
  /** What comes after that; a record that hands the log over to another key comes alone. */
  readonly rest: readonly Waiting[];
};

/** Everyone in it, in order. */
export function waitingIn(batch: Batch): readonly Waiting[] {
  return [...batch.making.entries.map(({ waiting }) => waiting), ...batch.rest];
}

/**
 * `onSent` is told once nothing but the database's answer is missing, with what stands if it is good; it must not throw.
 * Throws CommitFailed; then nobody of the batch is answered, `refused` ones neither.
 */
export async function commitBatch(
  client: pg.Client,
  batch: Batch,
  signer: NoteSigner,
  onSent?: (result: CommitResult) => void,
): Promise<CommitResult> {
  const { making, rest } = batch;
  const transaction = rest.some((waiting) => waiting.change !== undefined);
  const refused: { waiting: Waiting; error: unknown }[] = [];
  let taken = 0;
  let maybe: CommitResult | null = null;
  try {
    if (transaction) await client.query('BEGIN');
    for (const waiting of rest) {
      if (making.isFull) break;
      taken += 1;
      try {
        const made = making.place(waiting.draft);
        if (waiting.change !== undefined) await runUnderSavepoint(client, waiting.change, made);
        making.take(waiting, made);
      } catch (error) {
        // A lost connection takes the whole commit down; anything else takes down this record only.
        if (error instanceof SavepointLost) throw error.cause;
        refused.push({ waiting, error });
      }
    }
    const { entries } = making;
    if (entries.length === 0) {
      if (transaction) await client.query('ROLLBACK');
      return { head: making.before, committed: [], refused, left: [] };
    }
    const handOver = entries[0]?.waiting.handOver;
    const head = making.end(handOver?.next ?? signer, handOver?.former);
    const committed = entries.map(({ waiting, made }) => ({ waiting, appended: appendedOf(made) }));
    const result: CommitResult = { head, committed, refused, left: rest.slice(taken) };
    if (!transaction) maybe = result;
    const inserted = client.query(insertOf(entries, head.note));
    onSent?.(result);
    await inserted;
    if (transaction) {
      maybe = result;
      await client.query('COMMIT');
    }
    return result;
  } catch (error) {
    // An answer of the server that it refused the statement is certain; silence is not.
    throw new CommitFailed(error, isRefusedByServer(error) ? null : maybe);
  }
}

class SavepointLost extends Error {}

async function runUnderSavepoint(client: pg.Client, change: StateChange, made: MadeRecord): Promise<void> {
  const run = runnerOf(change);
  await client.query('SAVEPOINT change').catch(lost);
  try {
    await run((text, values) => client.query(text, values === undefined ? undefined : [...values]), appendedOf(made));
    await client.query('RELEASE SAVEPOINT change');
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT change').catch(lost);
    throw error;
  }
}

function lost(error: unknown): never {
  throw new SavepointLost('the transaction is lost', { cause: error });
}

function appendedOf(made: MadeRecord): Appended {
  return { seq: made.columns.seq, time: made.columns.time, digest: Buffer.from(made.leaf).toString('base64url') };
}

function insertOf(entries: readonly Entry[], note: string): pg.QueryConfig {
  const [first] = entries;
  if (first !== undefined && entries.length === 1) {
    const { columns: only, bytes } = first.made;
    const { seq, time, kind, actor, subject, terminal, command, projection } = only;
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const values = [seq, time, kind, actor, subject, terminal, command, projection, first.hashes, body, note];
    return { ...insertOne, values };
  }
  const columns = entries.map(({ made }) => made.columns);
  const numbers = columns.map(({ seq }) => seq);
  const values = [
    bigintArray(numbers),
    timeArray(columns.map(({ time }) => time)),
    textArray(columns.map(({ kind }) => kind)),
    textArray(columns.map(({ actor }) => actor)),
    textArray(columns.map(({ subject }) => subject)),
    textArray(columns.map(({ terminal }) => terminal)),
    textArray(columns.map(({ command }) => command)),
    textArray(columns.map(({ projection }) => projection)),
    bytesArray(entries.map(({ hashes }) => hashes)),
    bytesArray(entries.map(({ made }) => made.bytes)),
    numbers.at(-1),
    note,
  ];
  return { ...insertMany, values };
}

/**
 * Whether the server answered that it refused the statement, and nothing of it stands. Not so for a lost connection, nor
 * for SQLSTATE classes that end one: connection exception, operator intervention, system error, internal error.
 */
export function isRefusedByServer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !/^(08|57P|58|XX)/.test(error.code);
}
