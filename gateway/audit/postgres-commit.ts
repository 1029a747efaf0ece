// One commit of the log: a batch of waiting drafts becomes records, tree nodes and a signed checkpoint in one
// transaction. Called by postgres-log.ts alone, one at a time, with the head that the last commit left.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import type { Now, StateChange } from '../identity/ports.ts';
import { signCheckpoint } from './checkpoint.ts';
import { appendLeaf, rootOf, type Tree } from './merkle.ts';
import { runnerOf } from './postgres-change.ts';
import { type MadeRecord, makeRecord, parseTime, projectionOf } from './record.ts';
import type { NoteSigner } from './signed-note.ts';

/** Canonical bytes in one transaction; what goes beyond waits for the next. */
const maximumCommitBytes = 4 * 1024 * 1024;

/** With this record the log's key changes: from its own checkpoint on, `next` signs. It has a commit to itself. */
export type HandOver = {
  readonly next: NoteSigner;
  /** The key before it, where it signs that checkpoint too. */
  readonly former: NoteSigner | undefined;
};

export type Waiting = {
  readonly draft: RecordDraft;
  readonly change: StateChange | undefined;
  readonly handOver?: HandOver;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
};

/** Where the log ends. */
export type Head = {
  readonly tree: Tree;
  /** Time of the last record, µs. */
  readonly timeUs: number;
  /** Newest record that a projection stands on. */
  readonly standing: number | null;
  /** The last commit's signed checkpoint; null for an empty log. */
  readonly note: string | null;
};

type Entry = { readonly waiting: Waiting; readonly made: MadeRecord; readonly hashes: Buffer };
export type Committed = { readonly waiting: Waiting; readonly appended: Appended };
export type CommitResult = {
  readonly head: Head;
  readonly committed: readonly Committed[];
  /** Taken out of the commit, each for a reason of its own. */
  readonly refused: readonly { readonly waiting: Waiting; readonly error: unknown }[];
  /** Not looked at: they go into the next commit. */
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

/**
 * Throws CommitFailed; then `refused` ones are not answered either and the whole batch is the caller's to answer. A record
 * that hands the log over to another key comes alone.
 */
export async function commitBatch(
  client: pg.Client,
  batch: readonly Waiting[],
  before: Head,
  signer: NoteSigner,
  now: Now,
): Promise<CommitResult> {
  const transaction = batch.some((waiting) => waiting.change !== undefined);
  const entries: Entry[] = [];
  const refused: { waiting: Waiting; error: unknown }[] = [];
  let { tree, timeUs, standing } = before;
  let bytes = 0;
  let taken = 0;
  let maybe: CommitResult | null = null;
  try {
    if (transaction) await client.query('BEGIN');
    for (const waiting of batch) {
      if (bytes > maximumCommitBytes) break;
      taken += 1;
      const place = { commit: before.tree.size, seq: tree.size, after: timeUs, standing };
      let made: MadeRecord;
      try {
        made = placeRecord(waiting.draft, place, now);
        if (waiting.change !== undefined) await runUnderSavepoint(client, waiting.change, made);
      } catch (error) {
        // A lost connection takes the whole commit down; anything else takes down this record only.
        if (error instanceof SavepointLost) throw error.cause;
        refused.push({ waiting, error });
        continue;
      }
      const grown = appendLeaf(tree, made.leaf);
      entries.push({ waiting, made, hashes: Buffer.concat(grown.completed) });
      tree = grown.tree;
      timeUs = parseTime(made.columns.time);
      if (projectionOf(waiting.draft) !== null) standing = made.columns.seq;
      bytes += made.bytes.length;
    }
    const left = batch.slice(taken);
    if (entries.length === 0) {
      if (transaction) await client.query('ROLLBACK');
      return { head: before, committed: [], refused, left };
    }
    const handOver = batch[0]?.handOver;
    const note = signCheckpoint(tree.size, rootOf(tree), handOver?.next ?? signer, handOver?.former);
    const result: CommitResult = {
      head: { tree, timeUs, standing, note },
      committed: entries.map(({ waiting, made }) => ({ waiting, appended: appendedOf(made) })),
      refused,
      left,
    };
    if (!transaction) maybe = result;
    await client.query(insertOf(entries, note));
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

function placeRecord(
  draft: RecordDraft,
  place: { commit: number; seq: number; after: number; standing: number | null },
  now: Now,
): MadeRecord {
  const clockUs = Math.round(now() * 1000);
  const behindUs = place.after - clockUs;
  return makeRecord(draft, {
    seq: place.seq,
    timeUs: behindUs > 0 ? place.after + 1 : clockUs,
    salt: randomBytes(16).toString('base64url'),
    chain: { commit: place.commit, standing: place.standing },
    // Less than the clock's own step is no step back: records of one millisecond that follow a corrected one.
    clockBehindUs: behindUs > 1000 ? behindUs : 0,
  });
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
  const rows = entries.map(({ made: { columns, bytes }, hashes }) => [
    columns.seq,
    columns.time,
    columns.kind,
    columns.actor,
    columns.subject,
    columns.terminal,
    columns.command,
    columns.projection,
    hashes,
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  ]);
  const [first] = rows;
  if (first !== undefined && rows.length === 1) return { ...insertOne, values: [...first, note] };
  const columns = (first ?? []).map((_, column) => rows.map((row) => row[column]));
  return { ...insertMany, values: [...columns, rows.at(-1)?.[0], note] };
}

/**
 * Whether the server answered that it refused the statement, and nothing of it stands. Not so for a lost connection, nor
 * for SQLSTATE classes that end one: connection exception, operator intervention, system error, internal error.
 */
export function isRefusedByServer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !/^(08|57P|58|XX)/.test(error.code);
}
