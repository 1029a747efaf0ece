// Has the log's checkpoints cosigned by its witnesses, each at its own pace (AUD-3), and tells of every change: lost,
// reached again, contradicted. Called by assembly once the log is open. Never holds up the log; a witness that has seen
// another log is an alarm that stays until it takes a checkpoint again.
import type { RecordDraft, RecordKind } from '../contract/audit-record.ts';
import type { WitnessState } from '../contract/health.ts';
import type { AppendAudit } from '../identity/ports.ts';
import { type Following, follow } from './following.ts';
import {
  type AskWitness,
  type LogHead,
  type ProveConsistency,
  type Submitted,
  submitCheckpoint,
  type Witness,
} from './witness-submission.ts';

export type WitnessView = {
  /** Its key's name. */
  readonly name: string;
  readonly url: string;
  readonly state: WitnessState;
  /** Why it does not cosign, in one line; null while it does. */
  readonly why: string | null;
  /** Records that its newest cosignature covers; 0 before the first. */
  readonly size: number;
  /** When it said so by its own clock, ms since the epoch; null before the first in this run. */
  readonly cosignedAtMs: number | null;
};

export type WitnessingParts = {
  readonly witnesses: readonly Witness[];
  readonly ask: AskWitness;
  readonly prove: ProveConsistency;
  /** The newest durable head; null before the first. */
  readonly head: () => LogHead | null;
  /** What a witness had cosigned when the gateway last ran. */
  readonly knownSize: (witness: string) => Promise<number>;
  readonly store: (cosignature: {
    readonly size: number;
    readonly witness: string;
    readonly line: string;
  }) => Promise<void>;
  readonly append: AppendAudit;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly pauseMs: number;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type Witnessing = {
  readonly views: () => readonly WitnessView[];
  /** The log has a newer head. */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
};

/** Why a witness did not cosign, as a value that its follower waits after. */
class NotCosigned extends Error {
  readonly state: Exclude<WitnessState, 'starting' | 'cosigning'>;
  constructor(state: Exclude<WitnessState, 'starting' | 'cosigning'>, why: string) {
    super(why);
    this.state = state;
  }
}

export function startWitnessing(parts: WitnessingParts): Witnessing {
  const each = parts.witnesses.map((witness) => new Followed(witness, parts));
  return {
    views: () => each.map((one) => one.view),
    wake: () => {
      for (const one of each) one.following.wake();
    },
    stop: async () => {
      await Promise.all(each.map((one) => one.following.stop()));
    },
  };
}

class Followed {
  readonly #witness: Witness;
  readonly #parts: WitnessingParts;
  #known: number | null = null;
  view: WitnessView;
  readonly following: Following;

  constructor(witness: Witness, parts: WitnessingParts) {
    this.#witness = witness;
    this.#parts = parts;
    const { name } = witness.key;
    this.view = { name, url: witness.url, state: 'starting', why: null, size: 0, cosignedAtMs: null };
    this.following = follow({
      deliver: (signal) => this.#deliver(signal),
      failed: (fault) => this.#failed(fault),
      wait: parts.wait,
      pauseMs: parts.pauseMs,
    });
  }

  async #deliver(signal: AbortSignal): Promise<boolean> {
    const { head, knownSize } = this.#parts;
    const newest = head();
    if (newest === null) return false;
    if (this.#known === null) {
      this.#known = await knownSize(this.view.name);
      this.view = { ...this.view, size: this.#known };
    }
    // Asked once more after a start, since nobody knows yet whether it is there.
    if (newest.size <= this.#known && this.view.state === 'cosigning') return false;
    await this.#take(await submitCheckpoint(this.#witness, newest, this.#known, this.#parts, signal), newest);
    return true;
  }

  async #take(submitted: Submitted, head: LogHead): Promise<void> {
    switch (submitted.outcome) {
      case 'cosigned': {
        const { cosignature, from } = submitted;
        if (from < (this.#known ?? 0)) this.#tellForgotten(from);
        await this.#parts.store({ size: head.size, witness: cosignature.witness, line: cosignature.line });
        this.#known = head.size;
        this.#change({ state: 'cosigning', why: null, size: head.size, cosignedAtMs: cosignature.timeS * 1000 });
        return;
      }
      case 'ahead': {
        // Another gateway of this log may have grown it while we asked.
        const size = this.#parts.head()?.size ?? 0;
        if (submitted.size <= size) return;
        throw new NotCosigned(
          'conflict',
          `it has cosigned ${submitted.size} records, and the log holds ${size}: it was rolled back or cut off`,
        );
      }
      case 'contradicts':
        throw new NotCosigned(
          'conflict',
          `the log is not the one of ${submitted.from} records that it has cosigned: it was rewritten (${submitted.why})`,
        );
      case 'refuses':
        throw new NotCosigned('refusing', submitted.why);
      case 'unusable':
        throw new NotCosigned('lost', submitted.why);
    }
  }

  #failed(fault: unknown): void {
    const state = fault instanceof NotCosigned ? fault.state : 'lost';
    this.#change({ state, why: reasonOf(fault) });
  }

  #change(change: Partial<WitnessView>): void {
    const before = this.view;
    this.view = { ...before, ...change };
    const { state } = this.view;
    if (state === before.state) return;
    if (state === 'cosigning') {
      if (before.state !== 'starting') this.#record('witness.reached', before);
    } else this.#record(state === 'conflict' ? 'witness.conflict' : 'witness.lost', before);
  }

  #tellForgotten(from: number): void {
    this.#record('witness.forgot', this.view, { size: from, before: this.#known });
  }

  #record(kind: RecordKind, before: WitnessView, more: RecordDraft['detail'] = {}): void {
    const { name, url, state, why, size } = this.view;
    const draft: RecordDraft = {
      kind,
      actor: null,
      terminal: null,
      address: null,
      subject: `witness:${name}`,
      old: before.state,
      new: state,
      detail: { url, why, size, ...more },
    };
    this.#parts.append(draft).catch((fault: unknown) => {
      this.#parts.reportFault(`${kind} of witness ${name} could not be recorded`, fault);
    });
  }
}

/** The innermost reason: what the network says stands behind "fetch failed". */
function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  if (fault.name === 'TimeoutError') return 'it did not answer in time';
  return fault.cause instanceof Error && fault.cause.message !== '' ? fault.cause.message : fault.message;
}
