// What a fault run leaves to be judged: the PLC's side, the log's side, and what people were told. Made by fault-run.ts,
// forged by judge.test.ts, read by judge.ts.
import type { JWK } from 'jose';
import type { ShownValue } from '../../simulators/shown-history.ts';
import type { ReceivedWrite } from '../../simulators/write-log.ts';
import type { LogRecord } from '../support/gateway.ts';

/** A closed state that an answer named. */
export type Told = { readonly command: string; readonly state: string };

export type History = {
  /** Oldest first. */
  readonly records: readonly LogRecord[];
  readonly writes: readonly ReceivedWrite[];
  readonly shownBetween: (point: string, fromMs: number, toMs: number) => readonly ShownValue[];
  readonly told: readonly Told[];
  /** The terminals' public keys, from the terminals themselves. */
  readonly keys: ReadonlyMap<string, JWK>;
  /** Read-back tolerance of each tag, engineering units. */
  readonly tolerances: ReadonlyMap<string, number>;
  /** Tags whose policy asks for a passkey with each signature (SIG-7). */
  readonly passkeyTags: ReadonlySet<string>;
};

export type Contradiction = {
  readonly command: string | null;
  readonly text: string;
};
