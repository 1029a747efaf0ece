// How long what is kept (AUD-7): each kind of record belongs to a class with a period of its own; a range of the log may be
// archived when the longest period of what is in it has passed. Pure; used by postgres-retention.ts and the archive's routes.
import { type RecordKind, recordKinds } from '../contract/audit-record.ts';

/**
 * `commands`: what was asked, signed, written and reviewed. `access`: who came in, was refused, or read. `operation`: how the
 * gateway, its connections and receivers were. What accounts, terminals, configuration and keys stand on has no class: it stays.
 */
export const retentionClasses = ['commands', 'access', 'operation'] as const;
export type RetentionClass = (typeof retentionClasses)[number];
/** Days, by class. */
export type RetentionDays = Readonly<Record<RetentionClass, number>>;

/** Beginnings of the kinds that are carried over: others stand on them, for as long as there is a log. */
export const carriedKinds = [
  'account.',
  'terminal.',
  'passkey.',
  'token.',
  'configuration.',
  'log.',
  'archive.',
] as const;

const commandKinds = ['command.', 'proposal.', 'break-glass.', 'setpoint.', 'review.', 'event.'] as const;
const accessKinds = ['session.', 'request.', 'security.', 'audit.'] as const;

/** Null: carried over. */
export function retentionClassOf(kind: RecordKind): RetentionClass | null {
  const begins = (beginnings: readonly string[]): boolean => beginnings.some((beginning) => kind.startsWith(beginning));
  if (begins(carriedKinds)) return null;
  if (begins(commandKinds)) return 'commands';
  return begins(accessKinds) ? 'access' : 'operation';
}

export function kindsOfClass(wanted: RetentionClass): readonly RecordKind[] {
  return recordKinds.filter((kind) => retentionClassOf(kind) === wanted);
}
