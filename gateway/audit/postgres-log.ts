// The one writer of the audit log (AUD-3, AUD-4): callers await append(); what waits shares one transaction; nobody is
// answered before its checkpoint is flushed to the file outside the database. Opened by main.ts.
// Never guesses: after a COMMIT whose answer was lost it reads the tail; where the tail is not its own, it stops for good.
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type { AppendAudit, LookUpStanding, Now, StateChange } from '../identity/ports.ts';
import {
  CheckpointFile,
  checkpointFile,
  createCheckpointFile,
  isUnused,
  readCheckpointFile,
} from './file-checkpoint.ts';
import { loadLogKey } from './file-keys.ts';
import { LogTrouble } from './log-trouble.ts';
import type { RunQuery } from './postgres-change.ts';
import {
  CommitFailed,
  type CommitResult,
  commitBatch,
  type Head,
  isRefusedByServer,
  type Waiting,
} from './postgres-commit.ts';
import { checkStart, readStanding, readTail, type Tail } from './postgres-start-check.ts';
import { storable } from './record.ts';
import { formatVkey, type NoteSigner, noteVerifier } from './signed-note.ts';
import type { StandingRecords } from './standing.ts';

/** Appends that may wait; beyond it an append is refused at once, so that a flood of events cannot take the memory. */
export const maximumWaiting = 10_000;
/** Records in one transaction. */
const maximumBatch = 1_000;
const retryMs = { first: 50, longest: 2_000 } as const;
const defaultLockPatienceMs = 10_000;
const closePatienceMs = 3_000;

/** `unavailable` passes by itself; `broken` needs a person and a restart. */
export type LogState = {
  readonly state: 'writing' | 'unavailable' | 'broken' | 'closed';
  readonly reason: string | null;
};

export type PostgresLogOptions = {
  /** A new, unconnected client under the gateway's own role: called at start and for each reconnection. */
  readonly connect: () => pg.Client;
  /** Holds `keys/` and `checkpoints/`. */
  readonly dataFolder: string;
  readonly now: Now;
  /** Advisory lock that keeps a second writer out (database/schema.ts). */
  readonly lock: { readonly class: number; readonly object: number };
  /** Told of every change of state. */
  readonly onState?: (state: LogState) => void;
  /** A commit that takes longer counts as a lost connection. */
  readonly commitTimeoutMs?: number;
  /** How long the predecessor's connection may take to end before the log counts as in use. */
  readonly lockPatienceMs?: number;
};

export type PostgresLog = {
  readonly append: AppendAudit;
  readonly lookUpStanding: LookUpStanding;
  readonly standingSubjects: () => readonly string[];
  readonly origin: string;
  /** Public key, for pinning. */
  readonly vkey: string;
  /** Records that are durable. */
  readonly size: () => number;
  /** The newest flushed checkpoint, a signed note. */
  readonly checkpoint: () => string | null;
  readonly state: () => LogState;
  /** Writes what waits, then lets go of the lock. Later appends are refused. */
  readonly close: () => Promise<void>;
};

/**
 * Opens the log: takes the writer's lock, checks that the database continues the checkpoint file, proves the standing
 * records, and appends `log.opened` to an empty one. Throws LogTrouble.
 */
export async function openPostgresLog(options: PostgresLogOptions): Promise<PostgresLog> {
  const client = await connectWriter(options);
  try {
    const run = runOn(client);
    if (!(await takeLock(run, options.lock, options.lockPatienceMs ?? defaultLockPatienceMs))) {
      throw new LogTrouble(
        'log-in-use',
        'another gateway writes to this database; stop it first, or give this one its own',
      );
    }
    const origin = await readOrigin(run);
    const tail = await readTail(run);
    const file = checkpointFile(options.dataFolder);
    const signer = await loadLogKey(options.dataFolder, origin, tail === null && (await isUnused(file)));
    const verifier = noteVerifier(signer);
    let kept = await readCheckpointFile(file, verifier);
    if (kept === 'missing') {
      refuseMissingFile(file, tail);
      await createCheckpointFile(file);
      kept = 'empty';
    }
    const known = kept === 'empty' ? null : kept;
    // A crash between the first commit, `log.opened` alone, and its flush leaves an empty file: nothing is missing then.
    if (known === null && tail !== null && tail.seq > 0) refuseMissingFile(file, tail);
    const head = await checkStart(run, tail, known, verifier);
    const standing = await readStanding(run, head);
    const slots = await CheckpointFile.open(file, known?.note ?? null);
    if (head.note !== null && head.note !== known?.note) await slots.write(head.note);
    const writer = new Writer(options, client, signer, head, standing, slots);
    if (head.tree.size === 0) {
      const vkey = formatVkey(verifier);
      await writer.append({
        kind: 'log.opened',
        actor: null,
        terminal: null,
        address: null,
        subject: 'log',
        detail: { origin, vkey },
      });
    }
    return writer.log;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

function refuseMissingFile(file: string, tail: Tail | null): void {
  if (tail === null) return;
  throw new LogTrouble(
    'checkpoint-file-missing',
    `the checkpoint file ${file} is missing or empty, while the database holds ${tail.seq + 1} records: whether records were cut off cannot be told; restore the file from a backup, see docs/audit-log.md, "When the start is refused"`,
  );
}

async function readOrigin(run: RunQuery): Promise<string> {
  try {
    const found = await run('SELECT origin FROM installation');
    const row = found.rows[0] as { origin: string } | undefined;
    if (row !== undefined) return row.origin;
  } catch (error) {
    if (!isRefusedByServer(error)) throw error;
    throw new LogTrouble(
      'database-unusable',
      'the database holds no Countersign tables; run the maintenance process first',
      error,
    );
  }
  throw new LogTrouble(
    'database-unusable',
    'the database is not marked as an installation; run the maintenance process first',
  );
}

async function connectWriter(options: PostgresLogOptions): Promise<pg.Client> {
  const client = options.connect();
  await client.connect();
  return client;
}

function runOn(client: pg.Client): RunQuery {
  return (text, values) => client.query(text, values === undefined ? undefined : [...values]);
}

/** Held by the session, so it outlives no connection: who has it knows that no earlier commit is still under way. */
async function takeLock(run: RunQuery, lock: PostgresLogOptions['lock'], patienceMs: number): Promise<boolean> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await run('SELECT pg_try_advisory_lock($1, $2) AS taken', [lock.class, lock.object]);
    if ((found.rows[0] as { taken: boolean } | undefined)?.taken === true) return true;
    if (performance.now() > end) return false;
    await delay(retryMs.first);
  }
}

class Writer {
  readonly #options: PostgresLogOptions;
  readonly #signer: NoteSigner;
  readonly #standing: StandingRecords;
  readonly #file: CheckpointFile;
  #client: pg.Client;
  #head: Head;
  #flushed: string | null;
  #flushedSize: number;
  #queue: Waiting[] = [];
  #state: LogState = { state: 'writing', reason: null };
  #working: Promise<void> | null = null;
  #scheduled = false;
  #closing = false;
  #closingSinceMs = 0;

  constructor(
    options: PostgresLogOptions,
    client: pg.Client,
    signer: NoteSigner,
    head: Head,
    standing: StandingRecords,
    file: CheckpointFile,
  ) {
    this.#options = options;
    this.#signer = signer;
    this.#standing = standing;
    this.#file = file;
    this.#head = head;
    this.#flushed = head.note;
    this.#flushedSize = head.tree.size;
    this.#client = client;
    this.#watch(client);
  }

  get log(): PostgresLog {
    return {
      append: (draft, change) => this.append(draft, change),
      lookUpStanding: (subject) => this.#standing.lookUp(subject),
      standingSubjects: () => this.#standing.subjects,
      origin: this.#signer.name,
      vkey: formatVkey(noteVerifier(this.#signer)),
      size: () => this.#flushedSize,
      checkpoint: () => this.#flushed,
      state: () => this.#state,
      close: () => this.close(),
    };
  }

  append(draft: RecordDraft, change?: StateChange): Promise<Appended> {
    if (this.#closing || this.#state.state !== 'writing') return Promise.reject(this.#unavailable());
    if (this.#queue.length >= maximumWaiting) {
      return Promise.reject(
        new GatewayError('log-unavailable', `${maximumWaiting} records wait to be written; try again later`),
      );
    }
    const safe = storable(draft);
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft: safe, change, resolve, reject });
      if (this.#working !== null || this.#scheduled) return;
      this.#scheduled = true;
      // After the whole turn of the event loop: what was appended in it shares the commit.
      setImmediate(() => {
        this.#scheduled = false;
        this.#work();
      });
    });
  }

  #work(): void {
    if (this.#working !== null || this.#queue.length === 0 || this.#state.state !== 'writing') return;
    this.#working = this.#writeAll()
      .catch((error: unknown) => this.#break(`its writer failed: ${said(error)}`, error))
      .finally(() => {
        this.#working = null;
        this.#work();
      });
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0 && this.#state.state === 'writing') {
      const batch = this.#queue.splice(0, maximumBatch);
      const result = await this.#commit(batch);
      if (result !== null) await this.#answer(result);
    }
  }

  /** Null where the batch was answered with a refusal. */
  async #commit(batch: readonly Waiting[]): Promise<CommitResult | null> {
    const client = this.#client;
    const timer = setTimeout(() => breakOff(client), this.#options.commitTimeoutMs ?? 10_000);
    try {
      return await commitBatch(client, batch, this.#head, this.#signer, this.#options.now);
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error;
      return await this.#recover(batch, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #recover(batch: readonly Waiting[], failed: CommitFailed): Promise<CommitResult | null> {
    if (failed.maybe === null) {
      for (const waiting of batch) waiting.reject(this.#unavailable(failed.cause));
      if (isRefusedByServer(failed.cause)) {
        // A unique violation means that somebody else has written where our next record belongs.
        if ((failed.cause as pg.DatabaseError).code === '23505') {
          this.#break('another writer has appended to it', failed.cause);
          return null;
        }
        const alive = await this.#client.query('ROLLBACK').then(
          () => true,
          () => false,
        );
        if (alive) return null;
      }
    }
    this.#set({ state: 'unavailable', reason: `the database is away: ${said(failed.cause)}` });
    this.#refuseWaiting(failed.cause);
    const stands = await this.#reconnect(failed.maybe);
    if (failed.maybe === null) return null;
    if (stands === true) return failed.maybe;
    for (const waiting of batch) waiting.reject(this.#unavailable(failed.cause));
    return null;
  }

  /** True when `maybe` turned out to be committed, false when not, null when the log is broken or closing. */
  async #reconnect(maybe: CommitResult | null): Promise<boolean | null> {
    breakOff(this.#client);
    let waitMs: number = retryMs.first;
    while (!(this.#closing && (maybe === null || this.#isTooLate()))) {
      const client = this.#options.connect();
      try {
        await client.connect();
        const run = runOn(client);
        if (!(await takeLock(run, this.#options.lock, defaultLockPatienceMs)))
          throw new Error('the former connection still holds the lock');
        const tail = await readTail(run);
        const stands = maybe !== null && endsAt(tail, maybe.head);
        if (!stands && !endsAt(tail, this.#head)) {
          const found = tail === null ? 0 : tail.seq + 1;
          this.#break(
            `the database came back with ${found} records that are not the ${this.#head.tree.size} that were written`,
          );
          await client.end().catch(() => {});
          return null;
        }
        this.#client = client;
        this.#watch(client);
        this.#set({ state: 'writing', reason: null });
        return stands;
      } catch {
        breakOff(client);
        await delay(waitMs);
        waitMs = Math.min(waitMs * 2, retryMs.longest);
      }
    }
    return null;
  }

  async #answer(result: CommitResult): Promise<void> {
    this.#queue.unshift(...result.left);
    for (const { waiting, error } of result.refused) waiting.reject(error);
    if (result.committed.length === 0 || result.head.note === null) return;
    this.#head = result.head;
    // The rows that stand on these records are visible from the COMMIT on, so their word is too.
    for (const { waiting, appended } of result.committed) {
      this.#standing.take({ seq: appended.seq, detail: waiting.draft.detail });
    }
    if (!(await this.#flush(result.head.note))) {
      // They stand in the database, but nobody may rely on it yet: the next start brings the file up to date.
      for (const { waiting } of result.committed) waiting.reject(this.#unavailable());
      return;
    }
    this.#flushed = result.head.note;
    this.#flushedSize = result.head.tree.size;
    for (const { waiting, appended } of result.committed) waiting.resolve(appended);
  }

  /**
   * Until it succeeds: the records stand, so their callers can be answered only once the file says so too. False when
   * the gateway stopped before that.
   */
  async #flush(note: string): Promise<boolean> {
    for (let waitMs: number = retryMs.first; ; waitMs = Math.min(waitMs * 2, retryMs.longest)) {
      try {
        await this.#file.write(note);
        if (this.#state.state === 'unavailable') this.#set({ state: 'writing', reason: null });
        return true;
      } catch (error) {
        this.#set({ state: 'unavailable', reason: `the checkpoint file cannot be written: ${said(error)}` });
        this.#refuseWaiting(error);
        if (this.#isTooLate()) return false;
        await delay(waitMs);
        await this.#file.reopen().catch(() => {
          // The next write fails and says so.
        });
      }
    }
  }

  /** An idle connection that breaks is noticed here, before the next append would. */
  #watch(client: pg.Client): void {
    const lost = (error?: Error) => {
      if (this.#client !== client || this.#closing || this.#working !== null || this.#state.state !== 'writing') return;
      this.#set({ state: 'unavailable', reason: `the database is away: ${said(error ?? 'connection ended')}` });
      this.#refuseWaiting(error);
      this.#working = this.#reconnect(null)
        .then(() => {})
        .catch((fault: unknown) => this.#break(`its writer failed: ${said(fault)}`, fault))
        .finally(() => {
          this.#working = null;
          this.#work();
        });
    };
    client.on('error', lost);
    client.on('end', () => lost());
  }

  #set(state: LogState): void {
    if (this.#state.state === 'broken' || this.#state.state === 'closed') return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #break(why: string, cause?: unknown): void {
    this.#set({
      state: 'broken',
      reason: `the audit log is not what this gateway wrote: ${why}; stop the gateway and run 'countersign audit verify'`,
    });
    this.#refuseWaiting(cause);
  }

  #refuseWaiting(cause: unknown): void {
    for (const waiting of this.#queue.splice(0)) waiting.reject(this.#unavailable(cause));
  }

  #unavailable(cause?: unknown): GatewayError {
    const why = this.#closing ? 'the gateway is stopping' : (this.#state.reason ?? said(cause));
    return new GatewayError('log-unavailable', `the audit log cannot be written, so nothing was done: ${why}`, {
      cause,
    });
  }

  /** After close() what is not certain is waited for a while, then its callers are refused. */
  #isTooLate(): boolean {
    return this.#closing && performance.now() - this.#closingSinceMs > closePatienceMs;
  }

  async close(): Promise<void> {
    if (this.#state.state === 'closed') return;
    while (this.#working !== null || this.#queue.length > 0) {
      if (this.#state.state !== 'writing' && this.#working === null) break;
      await (this.#working ?? delay(0));
      if (this.#state.state === 'unavailable') break;
    }
    this.#closing = true;
    this.#closingSinceMs = performance.now();
    this.#refuseWaiting(undefined);
    await this.#working;
    this.#set({ state: 'closed', reason: 'the gateway is stopping' });
    await this.#client.end().catch(() => {});
    await this.#file.close();
  }
}

function endsAt(tail: Tail | null, head: Head): boolean {
  return tail === null ? head.tree.size === 0 : tail.seq === head.tree.size - 1 && tail.checkpoint === head.note;
}

/** At once, without a farewell that a dead peer would never answer. */
function breakOff(client: pg.Client): void {
  client.on('error', () => {});
  (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy();
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
