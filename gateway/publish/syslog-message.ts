// One audit record as a syslog message: RFC 5424, framed by octet counting (RFC 6587 §3.4.1, RFC 5425 §4.3). Pure; called
// by syslog.ts. The message is the record's canonical JSON, so that a receiver can check its leaf hash.
import { createHash } from 'node:crypto';
import type { RecordKind } from '../contract/audit-record.ts';
import { canonicalBytes } from '../contract/canonical.ts';
import type { ForwardedRecord } from './ports.ts';

export type SyslogShape = {
  /** RFC 5424 table 1; 13 is "log audit". */
  readonly facility: number;
  /** PRINTUSASCII, 255 at most. */
  readonly hostname: string;
  /** Version of the product, for `origin`. */
  readonly version: string;
  /** Canonical bytes beyond this are sent shortened, with the digest of the whole: receivers cut what is too long. */
  readonly longestBytes: number;
};

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** RFC 5424 §6.2.1: 4 warning, 5 notice, 6 informational. */
export function severityOf(kind: RecordKind): 4 | 5 | 6 {
  if (warnings.has(kind)) return 4;
  return /(refused|rejected|failed|declined|expired)$/.test(kind) ? 5 : 6;
}

const warnings: ReadonlySet<RecordKind> = new Set<RecordKind>([
  'security.alert',
  'account.locked',
  'command.unknown',
  'setpoint.unattributed',
  'break-glass.used',
  'break-glass.overdue',
  'connection.lost',
  'clock.lost',
  'forwarding.lost',
  'forwarding.skipped',
  'witness.conflict',
  'witness.forgot',
  'witness.lost',
  'log.key-rotated',
]);

/** `<length> <message>`. */
export function syslogFrame(forwarded: ForwardedRecord, shape: SyslogShape): Buffer {
  const { record } = forwarded;
  const priority = shape.facility * 8 + severityOf(record.kind);
  // RFC 5424 §7.3.1: from 1 to 2147483647, then 1 again.
  const sequenceId = (forwarded.seq % 2_147_483_647) + 1;
  const data = `[origin software="Countersign" swVersion="${shape.version}"][meta sequenceId="${sequenceId}"]`;
  const head = `<${priority}>1 ${record.time} ${shape.hostname} countersign - ${record.kind} ${data} `;
  const message = Buffer.concat([Buffer.from(head), byteOrderMark, contentOf(forwarded, shape.longestBytes)]);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

function contentOf({ record, body }: ForwardedRecord, longestBytes: number): Uint8Array {
  if (body.length <= longestBytes) return body;
  const { seq, time, kind, actor, terminal, address, subject, command, meaning, reason } = record;
  const leafHash = createHash('sha256').update(Uint8Array.of(0)).update(body).digest('base64');
  return canonicalBytes({
    seq,
    time,
    kind,
    actor,
    terminal,
    address,
    subject,
    command,
    meaning,
    ...(reason === undefined ? {} : { reason: { code: reason.code, comment: reason.comment?.slice(0, 500) ?? null } }),
    shortened: { bytes: body.length, leafHash },
  });
}
