// What the core needs from outside, as function types (architecture.md). Adapters: audit/postgres-log.ts (appending,
// standing records), identity/postgres-projections.ts (rows), main.ts puts them together.
import type { Appended, RecordDraft } from '../contract/audit-record.ts';

/** Wall clock, ms since the epoch, and a monotonic clock, ms. Injected: tests move it. */
export type Now = () => number;

/**
 * A change of state that commits together with its record. Opaque to the core: the state's own adapter makes it, the
 * log's adapter runs it in its transaction, under a savepoint, with the record's number and digest.
 */
export type StateChange = { readonly stateChange: true };

/**
 * Appends one record; resolves when it is durable, checkpoint flushed. Calls made in the same turn of the event loop
 * land in one transaction, in the order of the calls. Rejects with GatewayError `log-unavailable` when it cannot be
 * recorded: then nothing of it happened. Queue bound and back-pressure: audit/postgres-log.ts.
 */
export type AppendAudit = (draft: RecordDraft, change?: StateChange) => Promise<Appended>;

/**
 * The log's own newest word on a projection's subject (`account:ada`, `terminal:<id>`): number and digest that the row
 * must have. Undefined: the log knows no such subject, so a row that claims it was planted.
 */
export type Standing = { readonly seq: number; readonly digest: string };
export type LookUpStanding = (subject: string) => Standing | undefined;
