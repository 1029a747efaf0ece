// What deserves a reviewer's look, and why (AUD-8): judged record by record from its kind, its hour in the plant and, for a
// signed change, its distance to the limits that held then. Pure; called by reviewing.ts.
import { type AuditRecord, type RecordKind, recordKinds } from '../contract/audit-record.ts';
import { timePartsIn } from '../contract/plant-time.ts';
import { kindRisks, outcomeOf } from '../contract/record-classes.ts';
import type { FindingCode, ReviewTopic } from '../contract/review.ts';
import { topicOf } from '../contract/review.ts';

/** Days as ISO 8601 counts them, 1 Monday to 7 Sunday; minutes of the plant's day, `from` included, `to` not. */
export type WorkingHours = { readonly days: readonly number[]; readonly fromMinute: number; readonly toMinute: number };

export type FindingRules = {
  readonly timeZone: string;
  readonly workingHours: WorkingHours;
  /** Share of a tag's span, in percent, that counts as near a limit. */
  readonly nearLimitPercent: number;
};

export type Limits = { readonly min: number | null; readonly max: number | null };

/** What changes who may do what, or what the gateway does. */
const accessChanges: ReadonlySet<RecordKind> = new Set<RecordKind>([
  'account.created',
  'account.changed',
  'account.unlocked',
  'account.deactivated',
  'terminal.enrolled',
  'terminal.approved',
  'terminal.revoked',
  'terminal.code-issued',
  'token.issued',
  'token.revoked',
  'passkey.registered',
  'passkey.removed',
  'configuration.loaded',
]);
/** What a person did at a moment of his choosing. */
const acts: ReadonlySet<RecordKind> = new Set<RecordKind>([
  'session.opened',
  'command.signed',
  'command.countersigned',
  'command.resolved',
  'break-glass.used',
  ...accessChanges,
]);

function byKind(kind: RecordKind): readonly FindingCode[] {
  if (outcomeOf(kind) === 'refused' || kind === 'command.declined') return ['refusal'];
  if (kind === 'command.unknown' || kind === 'command.resolved') return ['unknown-outcome'];
  if (kind === 'command.rejected' || kind === 'command.failed') return ['not-confirmed'];
  if (kind === 'setpoint.unattributed') return ['unattributed'];
  if (kind.startsWith('break-glass.')) return ['break-glass'];
  const change: readonly FindingCode[] = accessChanges.has(kind) ? ['access-change'] : [];
  // The log, its clock, its witnesses, its keys: whatever else is rated high.
  return kindRisks[kind] === 'high' && change.length === 0 ? ['trust'] : change;
}

export function kindsOfTopics(topics: readonly ReviewTopic[]): readonly RecordKind[] {
  return recordKinds.filter((kind) => topics.includes(topicOf(kind)));
}

/** Kinds of these topics that a rule may speak of: nobody else has to be read. */
export function kindsToJudge(topics: readonly ReviewTopic[]): readonly RecordKind[] {
  return kindsOfTopics(topics).filter((kind) => byKind(kind).length > 0 || acts.has(kind));
}

/** `limits`: those in force when the change was signed; null where they are not known. Empty: nothing to look at. */
export function findingsOf(record: AuditRecord, rules: FindingRules, limits: Limits | null): readonly FindingCode[] {
  const codes = [...byKind(record.kind)];
  if (acts.has(record.kind) && record.actor !== null && !isWithin(rules, record.time)) codes.push('out-of-hours');
  if (record.kind === 'command.signed' && limits !== null && isNear(record.new, limits, rules.nearLimitPercent))
    codes.push('near-limit');
  return codes;
}

function isWithin({ timeZone, workingHours }: FindingRules, time: string): boolean {
  const part = timePartsIn(new Date(time), timeZone);
  const minute = Number(part.hour) * 60 + Number(part.minute);
  const day = new Date(Date.UTC(Number(part.year), Number(part.month) - 1, Number(part.day))).getUTCDay() || 7;
  return workingHours.days.includes(day) && minute >= workingHours.fromMinute && minute < workingHours.toMinute;
}

function isNear(value: unknown, { min, max }: Limits, percent: number): boolean {
  if (typeof value !== 'number' || min === null || max === null) return false;
  const margin = ((max - min) * percent) / 100;
  return value <= min + margin || value >= max - margin;
}
