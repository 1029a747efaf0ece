// The writing side of the log: the queue, one commit at a time in the database (the next one made meanwhile, the one before
// flushed meanwhile), the answers, and what happens when the database goes away. Made by postgres-log.ts once the log was
// checked; nobody else appends.
// Never guesses: after a COMMIT whose answer was lost it reads the tail; where the tail is not its own, it stops for good.
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type { StateChange } from '../identity/ports.ts';
import { CommitInMaking, type HandOver, type Head, mostRecords, type Waiting } from './commit-in-making.ts';
import type { CheckpointFile } from './file-checkpoint.ts';
import { type KeyChangeDraft, SigningKey } from './file-key-change.ts';
import {
  type Batch,
  CommitFailed,
  type CommitResult,
  commitBatch,
  isRefusedByServer,
  waitingIn,
} from './postgres-commit.ts';
import { runOn, takeLock } from './postgres-lock.ts';
import type { LogState, PostgresLog, PostgresLogOptions } from './postgres-log.ts';
import { readTail, type Tail } from './postgres-start-check.ts';
import { formatTime, storable } from './record.ts';
import type { NoteSigner } from './signed-note.ts';
import type { StandingRecords } from './standing.ts';

/** Appends that may wait; beyond it an append is refused at once, so that a flood of events cannot take the memory. */
export const maximumWaiting = 10_000;
const retryMs = { first: 50, longest: 2_000 } as const;
const lockPatienceMs = 10_000;
const closePatienceMs = 3_000;

export class Writer {
  readonly #options: PostgresLogOptions;
  readonly #key: SigningKey;
  readonly #standing: StandingRecords;
  readonly #file: CheckpointFile;
  #client: pg.Client;
  #head: Head;
  /** What stands in the database and in the checkpoint file. */
  #flushed: Head;
  #queue: Waiting[] = [];
  /** What the next commit goes on from: the end of the one under way, as soon as that is settled but for its success. */
  #next: Head | null;
  /** The beginning of the queue, made already. Worth nothing once `#next` is another head. */
  #making: CommitInMaking | null = null;
  /** The last commit's checkpoint on its way into the file, and the answers after it. Never rejects. */
  #flushing: Promise<void> = Promise.resolve();
  readonly #listeners: (() => void)[] = [];
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
    this.#key = new SigningKey(options.dataFolder, signer);
    this.#standing = standing;
    this.#file = file;
    this.#head = head;
    this.#next = head;
    this.#flushed = head;
    this.#client = client;
    this.#watch(client);
  }

  get log(): PostgresLog {
    const key = this.#key;
    return {
      append: (draft, change) => this.append(draft, change),
      lookUpStanding: (subject) => this.#standing.lookUp(subject),
      standingSubjects: () => this.#standing.subjects,
      origin: key.signer.name,
      get vkey() {
        return key.vkey;
      },
      rotateKey: (draft) => this.#rotateKey(draft),
      onCheckpoint: (listener) => this.#listeners.push(listener),
      size: () => this.#flushed.tree.size,
      checkpoint: () => this.#flushed.note,
      checkpointTime: () => (this.#flushed.note === null ? null : formatTime(this.#flushed.timeUs)),
      state: () => this.#state,
      close: () => this.close(),
    };
  }

  append(draft: RecordDraft, change?: StateChange): Promise<Appended> {
    return this.#append(draft, change);
  }

  #append(draft: RecordDraft, change: StateChange | undefined, handOver?: HandOver): Promise<Appended> {
    if (this.#closing || this.#state.state !== 'writing') return Promise.reject(this.#unavailable());
    if (this.#queue.length >= maximumWaiting) {
      return Promise.reject(
        new GatewayError('log-unavailable', `${maximumWaiting} records wait to be written; try again later`),
      );
    }
    const safe = storable(draft);
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft: safe, change, resolve, reject, ...(handOver === undefined ? {} : { handOver }) });
      this.#makeNext();
      if (this.#working !== null || this.#scheduled) return;
      this.#scheduled = true;
      // After the whole turn of the event loop: what was appended in it shares the commit.
      setImmediate(() => {
        this.#scheduled = false;
        this.#work();
      });
    });
  }

  #rotateKey(draft: KeyChangeDraft): Promise<Appended> {
    return this.#key.change(draft, (record, handOver) => this.#append(record, undefined, handOver));
  }

  /** Makes what waits, as far as the next commit takes it and nothing about it is open: a change must run first. */
  #makeNext(): void {
    const before = this.#next;
    if (before === null) return;
    if (this.#making?.before !== before) this.#making = new CommitInMaking(before, this.#options.now);
    const making = this.#making;
    while (!making.isFull) {
      const place = making.entries.length;
      const waiting = this.#queue[place];
      if (waiting === undefined || waiting.change !== undefined || waiting.handOver !== undefined) return;
      try {
        making.take(waiting, making.place(waiting.draft));
      } catch (error) {
        this.#queue.splice(place, 1);
        waiting.reject(error);
      }
    }
  }

  /** What was made, and the changes that come next; or a change of the log's key, alone. */
  #takeBatch(): Batch {
    this.#makeNext();
    const making = this.#making ?? new CommitInMaking(this.#head, this.#options.now);
    this.#making = null;
    this.#next = null;
    const made = making.entries.length;
    this.#queue.splice(0, made);
    const isAlone = made === 0 && this.#queue[0]?.handOver !== undefined;
    const others = this.#queue.findIndex((waiting) => waiting.change === undefined || waiting.handOver !== undefined);
    const changes = Math.min(others < 0 ? this.#queue.length : others, mostRecords - made);
    return { making, rest: this.#queue.splice(0, isAlone ? 1 : changes) };
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
      const batch = this.#takeBatch();
      const result = await this.#commit(batch);
      if (result !== null) this.#take(result);
      this.#next = this.#head;
      this.#makeNext();
      // One commit at most stands in the database while the one before it is not in the file.
      await this.#flushing;
      if (result === null || result.committed.length === 0) continue;
      this.#flushing = this.#answer(result).catch((error: unknown) =>
        this.#break(`its writer failed: ${said(error)}`, error),
      );
      // Nothing is signed by another key before that one is in its place.
      if (handOverOf(result) !== undefined) await this.#flushing;
    }
  }

  /** Null where the batch was answered with a refusal. */
  async #commit(batch: Batch): Promise<CommitResult | null> {
    const client = this.#client;
    const timer = setTimeout(() => breakOff(client), this.#options.commitTimeoutMs ?? 10_000);
    let open = waitingIn(batch);
    try {
      return await commitBatch(client, batch, this.#key.signer, (sent) => {
        open = open.slice(0, open.length - sent.left.length);
        this.#queue.unshift(...sent.left);
        this.#next = sent.head;
        this.#makeNext();
      });
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error;
      // What went before is settled first: its trouble with the file and this one's with the database are two.
      await this.#flushing;
      return await this.#recover(open, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #recover(open: readonly Waiting[], failed: CommitFailed): Promise<CommitResult | null> {
    if (failed.maybe === null) {
      for (const waiting of open) waiting.reject(this.#unavailable(failed.cause));
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
    for (const waiting of open) waiting.reject(this.#unavailable(failed.cause));
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
        if (!(await takeLock(run, this.#options.lock, lockPatienceMs)))
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

  /** The commit stands in the database: its head is the log's, though nobody may rely on it yet. */
  #take(result: CommitResult): void {
    for (const { waiting, error } of result.refused) waiting.reject(error);
    this.#head = result.head;
    const next = handOverOf(result);
    if (next !== undefined) this.#key.handOverTo(next);
    // The rows that stand on these records are visible from the COMMIT on, so their word is too.
    for (const { waiting, appended } of result.committed) {
      this.#standing.take({ seq: appended.seq, detail: waiting.draft.detail });
    }
  }

  async #answer(result: CommitResult): Promise<void> {
    if (result.head.note === null) return;
    if (!(await this.#flush(result.head.note))) {
      // They stand in the database, but nobody may rely on it yet: the next start brings the file up to date.
      for (const { waiting } of result.committed) waiting.reject(this.#unavailable());
      return;
    }
    this.#flushed = result.head;
    // Where its files cannot be written now, they are at the next change or start: both keys are on the disk until then.
    if (handOverOf(result) !== undefined)
      await this.#key.settle().catch((error: unknown) => this.#options.onFault?.(error));
    for (const { waiting, appended } of result.committed) waiting.resolve(appended);
    for (const listener of this.#listeners) listener();
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
      this.#working = this.#flushing
        .then(() => this.#reconnect(null))
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
    this.#making = null;
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
    await this.#flushing;
    this.#set({ state: 'closed', reason: 'the gateway is stopping' });
    await this.#client.end().catch(() => {});
    await this.#file.close();
  }
}

function handOverOf(result: CommitResult): NoteSigner | undefined {
  return result.committed[0]?.waiting.handOver?.next;
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
