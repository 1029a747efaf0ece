// What forwarding needs from outside (AUD-10), as function types: the log's records, a durable cursor, and a receiver that
// acknowledges. Made by postgres-forward.ts, syslog.ts, webhook.ts and mqtt.ts, put together by assembly/forwarding.ts.
import type { AuditRecord } from '../contract/audit-record.ts';

/** `body`: the canonical bytes that the log hashes, so that a receiver can check a leaf hash years later. */
export type ForwardedRecord = { readonly seq: number; readonly record: AuditRecord; readonly body: Uint8Array };

/** Durable records after number `after` and before `end`, oldest first, at most `limit`. Rejects while the database is away. */
export type ReadForward = (after: number, end: number, limit: number) => Promise<readonly ForwardedRecord[]>;

export type ForwardCursor = {
  /** Number of the last record that the receiver acknowledged, -1 for none; null: it has never been heard of. */
  readonly read: (receiver: string) => Promise<number | null>;
  readonly move: (receiver: string, seq: number) => Promise<void>;
};

export type Receiver = {
  /**
   * Resolves once the receiver has acknowledged all of them, in their order; rejects where it has not, whatever it may
   * have got meanwhile: then all are sent again. Gives up when `signal` says so. One call at a time.
   */
  readonly deliver: (records: readonly ForwardedRecord[], signal: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};
