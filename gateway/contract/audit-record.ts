// One record of the audit log (AUD-2), as it is hashed (RFC 8785), stored, exported and shown.
// Who appends fills a RecordDraft; number, time and salt are the writer's alone.
import { z } from 'zod';
import type { Json } from './canonical.ts';
import { timeSchema } from './ids.ts';
import { type Assertion, assertionSchema } from './passkey.ts';
import { meaningSchema } from './statement.ts';

export const recordKinds = [
  'log.opened',
  'gateway.started',
  'gateway.stopped',
  'configuration.loaded',
  'connection.lost',
  'connection.restored',
  'clock.lost',
  'clock.restored',
  'session.opened',
  'session.refused',
  'session.closed',
  'session.expired',
  'session.ended',
  'request.refused',
  'security.alert',
  'account.created',
  'account.changed',
  'account.certified',
  'account.locked',
  'account.unlocked',
  'account.deactivated',
  'account.change-refused',
  'terminal.requested',
  'terminal.enrolled',
  'terminal.approved',
  'terminal.revoked',
  'terminal.refused',
  'terminal.code-issued',
  'terminal.clock-skewed',
  'command.asked',
  'command.signed',
  'command.countersigned',
  'command.signature-refused',
  'command.accepted',
  'command.written',
  'command.confirmed',
  'command.rejected',
  'command.failed',
  'command.unknown',
  'command.resolved',
  'command.refused',
  'command.expired',
  'command.withdrawn',
  'command.declined',
  'audit.viewed',
  'audit.exported',
  'audit.verified',
  'command.proposed',
  'proposal.refused',
  'break-glass.used',
  'break-glass.overdue',
  'break-glass.settled',
  'token.issued',
  'token.revoked',
  'token.change-refused',
  'setpoint.baseline',
  'setpoint.unattributed',
  'passkey.registered',
  'passkey.used',
  'passkey.removed',
  'passkey.change-refused',
  'forwarding.lost',
  'forwarding.restored',
  'forwarding.skipped',
  'event.posted',
  'event.refused',
  'review.commented',
  'review.signed',
  'review.refused',
  'log.key-rotated',
  'log.key-change-refused',
  'witness.reached',
  'witness.lost',
  'witness.conflict',
  'witness.forgot',
  'checkpoint-copy.lost',
  'checkpoint-copy.restored',
  'log.restored',
  'archive.ordered',
  'archive.refused',
  'archive.written',
  'archive.dropped',
  'archive.failed',
  'log.backup-begun',
  'log.backup-written',
  'log.backup-failed',
] as const;
export const recordKindSchema = z.enum(recordKinds);
export type RecordKind = (typeof recordKinds)[number];

export const actorSchema = z.object({ id: z.string(), name: z.string(), printedName: z.string() });
export type Actor = z.infer<typeof actorSchema>;
export const recordTerminalSchema = z.object({ id: z.string(), name: z.string(), area: z.string().nullable() });
export type RecordTerminal = z.infer<typeof recordTerminalSchema>;

/**
 * `actor` is null for the gateway itself; `address` is the peer's IP or null. `subject` is what it is about:
 * a tag id, or `account:<id>`, `terminal:<id>`, `connection:<id>`, `log`, `gateway`.
 * `detail.projection` `{subject, digest}` marks the record as the one that a projection's row stands on (IDN-1).
 */
export type RecordDraft = {
  readonly kind: RecordKind;
  readonly actor: Actor | null;
  readonly terminal: RecordTerminal | null;
  readonly address: string | null;
  readonly subject: string;
  readonly old?: Json;
  readonly new?: Json;
  readonly unit?: string;
  readonly reason?: { readonly code: string | null; readonly comment: string | null };
  readonly meaning?: z.infer<typeof meaningSchema>;
  /** `assertion`: of the signer's passkey, where the policy asked for one (SIG-7). */
  readonly signature?: { readonly jws: string; readonly assertion?: Assertion };
  readonly command?: string;
  readonly detail?: { readonly [name: string]: Json | undefined };
};

/** `digest` is the leaf hash, SHA-256(0x00 ‖ canonical bytes), base64url. `time` has microseconds, UTC. */
export type Appended = { readonly seq: number; readonly time: string; readonly digest: string };

export const auditRecordSchema = z.object({
  seq: z.int().nonnegative(),
  time: timeSchema,
  kind: recordKindSchema,
  /** base64url of 16 random bytes. */
  salt: z.string(),
  actor: actorSchema.nullable(),
  terminal: recordTerminalSchema.nullable(),
  address: z.string().nullable(),
  subject: z.string(),
  /**
   * The writer's own: `commit` is the number of the first record of the commit that this one came in (so the record
   * before it ends with a checkpoint), `standing` that of the newest record before this one that a projection stands on.
   */
  chain: z.object({ commit: z.int().nonnegative(), standing: z.int().nonnegative().nullable() }).optional(),
  old: z.json().optional(),
  new: z.json().optional(),
  unit: z.string().optional(),
  reason: z.object({ code: z.string().nullable(), comment: z.string().nullable() }).optional(),
  meaning: meaningSchema.optional(),
  signature: z.object({ jws: z.string(), assertion: assertionSchema.optional() }).optional(),
  command: z.string().optional(),
  detail: z.record(z.string(), z.json()).optional(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** `GET /audit`: newest first; `next` is the `after` of the next (older) page, or null at the end. */
export const auditPageSchema = z.object({ records: z.array(auditRecordSchema), next: z.int().nullable() });
export type AuditPage = z.infer<typeof auditPageSchema>;

/** `GET /audit/tail`: what came after record `newer`, oldest first; `newest` is the `newer` of the next call. */
export const auditTailSchema = z.object({ records: z.array(auditRecordSchema), newest: z.int() });
export type AuditTail = z.infer<typeof auditTailSchema>;
