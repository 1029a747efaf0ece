// The life of each command as the audit log tells it, folded here once more and by other code than the product's own, so
// that one mistake cannot hide in both. Pure; called by judge.ts.
import type { LogRecord } from '../support/gateway.ts';

export type ReadBackRecord = { readonly value: unknown; readonly atMs: number };
export type CommandLife = {
  readonly id: string;
  readonly tag: string;
  readonly value: unknown;
  readonly old: unknown;
  /** Proposed by a machine (CMD-10); `asked` is then by the person who took it up, null where nobody did. */
  readonly proposed: boolean;
  readonly asked: LogRecord | null;
  readonly isBreakGlass: boolean;
  /** Before the write, and with those that break-glass leaves for later. */
  readonly signaturesNeeded: number;
  readonly signaturesInAll: number;
  /** Records of signatures in order, those after the intent included. */
  readonly signatures: readonly LogRecord[];
  /** break-glass.used and break-glass.settled. */
  readonly glass: readonly LogRecord[];
  readonly resolved: readonly LogRecord[];
  readonly accepted: LogRecord | null;
  readonly acceptedAtMs: number | null;
  readonly notAfterMs: number | null;
  readonly closedAtMs: number | null;
  readonly closings: readonly LogRecord[];
  /** The first closing; null while there is none. A later resolution by a person changes nothing of what it claimed. */
  readonly state: string | null;
  readonly code: string | null;
  readonly readBack: ReadBackRecord | null;
};

const closings = ['confirmed', 'rejected', 'failed', 'unknown', 'refused', 'expired', 'withdrawn', 'declined'];

/** Commands in the order in which they were asked for. Records of commands that nobody asked for come back as strays. */
export function foldLives(records: readonly LogRecord[]): {
  readonly lives: readonly CommandLife[];
  readonly strays: readonly LogRecord[];
} {
  const groups = new Map<string, LogRecord[]>();
  for (const record of records) {
    if (record.command === undefined) continue;
    const group = groups.get(record.command);
    if (group === undefined) groups.set(record.command, [record]);
    else group.push(record);
  }
  const lives: CommandLife[] = [];
  const strays: LogRecord[] = [];
  for (const [id, group] of groups) {
    const [first] = group;
    if (first?.kind === 'command.asked' || first?.kind === 'command.proposed') lives.push(fold(id, first, group));
    else strays.push(...group);
  }
  return { lives, strays };
}

function fold(id: string, begun: LogRecord, group: readonly LogRecord[]): CommandLife {
  const asked = group.find(({ kind }) => kind === 'command.asked') ?? null;
  const terms = asked ?? begun;
  const accepted = group.find(({ kind }) => kind === 'command.accepted') ?? null;
  const closing = group.filter(({ kind }) => closings.includes(kind.replace('command.', '')));
  const [first] = closing;
  const readBack = first?.detail?.readBack as { value: unknown; time: string } | undefined;
  const isBreakGlass = terms.detail?.breakGlass === true;
  return {
    id,
    tag: terms.subject,
    value: terms.new,
    old: terms.old,
    proposed: begun.kind === 'command.proposed',
    asked,
    isBreakGlass,
    signaturesNeeded: isBreakGlass ? 1 : Number(terms.detail?.signatures),
    signaturesInAll: Number(terms.detail?.signatures),
    signatures: group.filter(({ kind }) => kind === 'command.signed' || kind === 'command.countersigned'),
    glass: group.filter(({ kind }) => kind === 'break-glass.used' || kind === 'break-glass.settled'),
    resolved: group.filter(({ kind }) => kind === 'command.resolved'),
    accepted,
    acceptedAtMs: accepted === null ? null : Date.parse(String(accepted.time)),
    notAfterMs: accepted === null ? null : Date.parse(String(accepted.detail?.notAfter)),
    closedAtMs: first === undefined ? null : Date.parse(String(first.time)),
    closings: closing,
    state: first?.kind.replace('command.', '') ?? null,
    code: first === undefined ? null : String(first.detail?.code),
    readBack: readBack === undefined ? null : { value: readBack.value, atMs: Date.parse(readBack.time) },
  };
}
