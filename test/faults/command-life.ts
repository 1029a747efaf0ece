// The life of each command as the audit log tells it, folded here once more and by other code than the product's own, so
// that one mistake cannot hide in both. Pure; called by judge.ts.
import type { LogRecord } from '../support/gateway.ts';

export type ReadBackRecord = { readonly value: unknown; readonly atMs: number };
export type CommandLife = {
  readonly id: string;
  readonly tag: string;
  readonly value: unknown;
  readonly old: unknown;
  readonly signaturesNeeded: number;
  /** Records of signatures before the intent, in order. */
  readonly signatures: readonly LogRecord[];
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
    if (first?.kind === 'command.asked') lives.push(fold(id, first, group));
    else strays.push(...group);
  }
  return { lives, strays };
}

function fold(id: string, asked: LogRecord, group: readonly LogRecord[]): CommandLife {
  const accepted = group.find(({ kind }) => kind === 'command.accepted') ?? null;
  const closing = group.filter(({ kind }) => closings.includes(kind.replace('command.', '')));
  const [first] = closing;
  const readBack = first?.detail?.readBack as { value: unknown; time: string } | undefined;
  return {
    id,
    tag: asked.subject,
    value: asked.new,
    old: asked.old,
    signaturesNeeded: Number(asked.detail?.signatures),
    signatures: group.filter(
      ({ kind, seq }) =>
        (kind === 'command.signed' || kind === 'command.countersigned') && seq < (accepted?.seq ?? Infinity),
    ),
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
