// Drafts and waiting for the audit log's tests. Nothing here is a record's truth: kinds and texts are examples.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { RunQuery } from '../../../gateway/audit/postgres-change.ts';
import type { RecordDraft } from '../../../gateway/contract/audit-record.ts';

export function sampleDraft(subject: string, more: Partial<RecordDraft> = {}): RecordDraft {
  return {
    kind: 'command.asked',
    actor: { id: 'ada', name: 'ada', printedName: 'Ada Lovelace' },
    terminal: { id: 'terminal-1', name: 'Panel 1', area: 'upstream' },
    address: '127.0.0.1',
    subject,
    old: 37,
    new: 38.5,
    unit: '°C',
    reason: { code: 'adjustment', comment: 'it’s “warm”\n\t\\ ünïcödé 🌡' },
    // Each asks for a command of its own: verification holds a command's records against each other.
    command: randomUUID(),
    ...more,
  };
}

/** A record that a projection stands on. */
export function standingDraft(subject: string, digest: string): RecordDraft {
  return sampleDraft(subject, { kind: 'account.changed', detail: { projection: { subject, digest } } });
}

export function runOn(source: Pick<pg.Client, 'query'> | Pick<pg.Pool, 'query'>): RunQuery {
  return (text, values) => source.query(text, values === undefined ? undefined : [...values]);
}
