// What each kind of record weighs for a reader who cannot read all of them (AUD-6, AUD-8): its risk, and the outcome that
// it states. Read by the filters of the trail and its exports. A new kind gets its risk here.

import { type RecordKind, recordKinds } from './audit-record.ts';
import { closedCommandStates } from './command-state.ts';

/**
 * `high`: equipment or trust was touched without the usual safeguards, or nobody knows what happened. `medium`:
 * somebody was refused, a command did not come through, or who may do what was changed. `low`: the ordinary course.
 */
export const recordRisks = ['high', 'medium', 'low'] as const;
export type RecordRisk = (typeof recordRisks)[number];

export const kindRisks: Readonly<Record<RecordKind, RecordRisk>> = {
  'log.opened': 'medium',
  'gateway.started': 'low',
  'gateway.stopped': 'medium',
  'configuration.loaded': 'medium',
  'connection.lost': 'medium',
  'connection.restored': 'low',
  'clock.lost': 'high',
  'clock.restored': 'low',
  'session.opened': 'low',
  'session.refused': 'medium',
  'session.closed': 'low',
  'session.expired': 'low',
  'session.ended': 'low',
  'request.refused': 'medium',
  'security.alert': 'high',
  'account.created': 'medium',
  'account.changed': 'medium',
  'account.certified': 'low',
  'account.locked': 'high',
  'account.unlocked': 'medium',
  'account.deactivated': 'medium',
  'account.change-refused': 'medium',
  'terminal.requested': 'medium',
  'terminal.enrolled': 'medium',
  'terminal.approved': 'medium',
  'terminal.revoked': 'high',
  'terminal.refused': 'medium',
  'terminal.code-issued': 'medium',
  'terminal.clock-skewed': 'medium',
  'command.asked': 'low',
  'command.signed': 'low',
  'command.countersigned': 'low',
  'command.signature-refused': 'medium',
  'command.accepted': 'low',
  'command.written': 'low',
  'command.confirmed': 'low',
  'command.rejected': 'medium',
  'command.failed': 'high',
  'command.unknown': 'high',
  'command.resolved': 'medium',
  'command.refused': 'medium',
  'command.expired': 'medium',
  'command.withdrawn': 'medium',
  'command.declined': 'medium',
  'audit.viewed': 'low',
  'audit.exported': 'low',
  'audit.verified': 'low',
  'command.proposed': 'low',
  'proposal.refused': 'medium',
  'break-glass.used': 'high',
  'break-glass.overdue': 'high',
  'break-glass.settled': 'medium',
  'token.issued': 'medium',
  'token.revoked': 'medium',
  'token.change-refused': 'medium',
  'setpoint.baseline': 'medium',
  'setpoint.unattributed': 'high',
  'passkey.registered': 'medium',
  'passkey.used': 'low',
  'passkey.removed': 'medium',
  'passkey.change-refused': 'medium',
  'forwarding.lost': 'medium',
  'forwarding.restored': 'low',
  'forwarding.skipped': 'high',
  'event.posted': 'low',
  'event.refused': 'medium',
  'review.commented': 'low',
  'review.signed': 'low',
  'review.refused': 'medium',
  'log.key-rotated': 'high',
  'log.key-change-refused': 'medium',
  'witness.reached': 'low',
  'witness.lost': 'medium',
  'witness.conflict': 'high',
  'witness.forgot': 'high',
  'checkpoint-copy.lost': 'medium',
  'checkpoint-copy.restored': 'low',
  'log.restored': 'high',
  'archive.ordered': 'medium',
  'archive.refused': 'medium',
  'archive.written': 'low',
  'archive.dropped': 'medium',
  'archive.failed': 'medium',
  'log.backup-begun': 'medium',
  'log.backup-written': 'medium',
  'log.backup-failed': 'low',
};

/** How a command closed; `refused` is also whatever else was refused: a sign-in, a signature, a change of an account. */
export const recordOutcomes = closedCommandStates;
export type RecordOutcome = (typeof recordOutcomes)[number];

/** Null for a record that states none. */
export function outcomeOf(kind: RecordKind): RecordOutcome | null {
  if (kind.endsWith('refused')) return 'refused';
  return recordOutcomes.find((outcome) => kind === `command.${outcome}`) ?? null;
}

/**
 * The kinds that a filter lets through; undefined where it says nothing of kinds, empty where it contradicts itself.
 * `kind` is a kind, or the beginning of several with its dot: `command.`.
 */
export function kindsWanted(filter: {
  readonly kind?: string | undefined;
  readonly risk?: RecordRisk | undefined;
  readonly outcome?: RecordOutcome | undefined;
}): readonly RecordKind[] | undefined {
  const { kind, risk, outcome } = filter;
  if (kind === undefined && risk === undefined && outcome === undefined) return undefined;
  return recordKinds.filter(
    (known) =>
      (kind === undefined || (kind.endsWith('.') ? known.startsWith(kind) : known === kind)) &&
      (risk === undefined || kindRisks[known] === risk) &&
      (outcome === undefined || outcomeOf(known) === outcome),
  );
}
