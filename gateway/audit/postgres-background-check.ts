// Reads the whole log again and again, at a bounded rate, and alarms where it is not what was recorded (AUD-5). Started by
// assembly; the reading and hashing is done by a thread of its own (postgres-background-thread.ts), one a pass, so that the
// event loop has nothing to do with it. It changes nothing; what it finds is a record and a live event.
import { Worker } from 'node:worker_threads';
import type { LogVerification } from '../contract/log-verification.ts';
import type { AppendAudit, Now } from '../identity/ports.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { PassAnswer, PassOrder } from './postgres-background-thread.ts';
import type { BadRecord } from './verify.ts';

/** A good pass is told in the log once a day: more often it would be the log's main content. */
const tellGoodMs = 24 * 3_600_000;
const tryAgainMs = 60_000;

export type BackgroundCheckParts = {
  readonly databaseUrl: string;
  /** The log's present public key and newest flushed checkpoint; null before the first. */
  readonly vkey: () => string;
  readonly checkpoint: () => string | null;
  readonly append: AppendAudit;
  readonly now: Now;
  readonly wait: (ms: number) => Promise<void>;
  readonly recordsPerSecond: number;
  readonly firstAfterMs: number;
  readonly pauseMs: number;
  readonly announce: (view: LogVerification) => void;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type BackgroundCheck = { readonly view: () => LogVerification; readonly stop: () => Promise<void> };

export function startBackgroundCheck(parts: BackgroundCheckParts): BackgroundCheck {
  const check = new Check(parts);
  void check.run();
  return { view: () => check.view, stop: () => check.stop() };
}

class Check {
  readonly #parts: BackgroundCheckParts;
  view: LogVerification;
  #worker: Worker | null = null;
  #stopped = false;
  #toldGoodAtMs: number | null = null;

  constructor(parts: BackgroundCheckParts) {
    this.#parts = parts;
    const { recordsPerSecond } = parts;
    this.view = { state: 'starting', checked: 0, size: 0, recordsPerSecond, lastGood: null, altered: null };
  }

  async run(): Promise<void> {
    await this.#parts.wait(this.#parts.firstAfterMs);
    while (!this.#stopped) {
      const done = await this.#passSafely();
      if (!this.#stopped) await this.#parts.wait(done ? this.#parts.pauseMs : tryAgainMs);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker?.terminate();
  }

  async #passSafely(): Promise<boolean> {
    try {
      return await this.#pass();
    } catch (fault) {
      if (this.#stopped) return false;
      this.#parts.reportFault('the log could not be verified in the background', fault);
      this.#show({ state: 'unavailable' });
      return false;
    }
  }

  async #pass(): Promise<boolean> {
    const note = this.#parts.checkpoint();
    const checkpoint = note === null ? null : readCheckpoint(note);
    if (checkpoint === null) return false;
    const { size, root } = checkpoint;
    this.#show({ state: 'checking', checked: 0, size });
    const { databaseUrl, recordsPerSecond } = this.#parts;
    const order: PassOrder = { databaseUrl, vkey: this.#parts.vkey(), size, root, recordsPerSecond };
    const answer = await this.#inThread(order);
    if (answer.kind === 'again') return this.#stopped || this.#pass();
    const { bad, signatures } = answer;
    if (bad === null) await this.#good(size, signatures);
    else await this.#altered(bad);
    return true;
  }

  #inThread(order: PassOrder): Promise<Exclude<PassAnswer, { kind: 'progress' }>> {
    return new Promise((resolve, reject) => {
      const url = new URL('./postgres-background-thread.ts', import.meta.url);
      const worker = new Worker(url, { name: 'log verification', workerData: order });
      worker.unref();
      this.#worker = worker;
      worker.on('message', (answer: PassAnswer) => {
        if (answer.kind !== 'progress') resolve(answer);
        else this.view = { ...this.view, checked: answer.checked };
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        this.#worker = null;
        reject(new Error(`the thread that verifies the log ended with code ${code}`));
      });
    });
  }

  async #good(records: number, signatures: number): Promise<void> {
    const nowMs = this.#parts.now();
    const healed = this.view.altered !== null;
    this.#show({
      state: 'waiting',
      checked: records,
      lastGood: { at: new Date(nowMs).toISOString(), records, signatures },
      altered: null,
    });
    const due = this.#toldGoodAtMs === null || nowMs - this.#toldGoodAtMs >= tellGoodMs;
    if (!due && !healed) return;
    this.#toldGoodAtMs = nowMs;
    const told = await this.#record('audit.verified', { by: 'gateway', records, signatures, result: 'good' });
    if (told === null) this.#toldGoodAtMs = null;
  }

  /** One alert for one finding; the state says it until a pass finds nothing. */
  async #altered({ seq, through: last, why }: BadRecord): Promise<void> {
    const through = last ?? null;
    const before = this.view.altered;
    const same = before?.seq === seq && before.why === why;
    const foundAt = same ? before.foundAt : new Date(this.#parts.now()).toISOString();
    this.#show({ state: 'waiting', altered: { seq, through, why, foundAt, record: same ? before.record : null } });
    if (same && before.record !== null) return;
    const record = await this.#record('security.alert', {
      code: 'log-altered',
      seq,
      through,
      text: alertText(seq, through, why),
    });
    if (record !== null && this.view.altered !== null) this.#show({ altered: { ...this.view.altered, record } });
  }

  async #record(
    kind: 'audit.verified' | 'security.alert',
    detail: { readonly [name: string]: string | number | null },
  ) {
    try {
      const place = { actor: null, terminal: null, address: null, subject: 'log' } as const;
      return (await this.#parts.append({ kind, ...place, detail })).seq;
    } catch (fault) {
      this.#parts.reportFault('what the verification of the log found could not be recorded', fault);
      return null;
    }
  }

  #show(change: Partial<LogVerification>): void {
    this.view = { ...this.view, ...change };
    this.#parts.announce(this.view);
  }
}

function alertText(seq: number, through: number | null, why: string): string {
  const which = through === null ? `Record ${seq}` : `One of the records ${seq} to ${through}`;
  return `${which} of the audit log is not what was recorded: ${why}. Run 'countersign audit verify' and keep the database as it is.`;
}
