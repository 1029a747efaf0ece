// Holds the PLC's own write log, what the PLC showed, and what people were told against the audit log (issue 3, "Faults it
// must live through"). Pure, and able to fail: judge.test.ts feeds it forged histories. Called by fault-run.ts.
//
// What a write became is judged by what the device showed: a command is rightly `failed` where the device showed another
// value and did not get to the new one by itself afterwards; or where it showed nothing but the old value all the time,
// because nobody can see through a display that stands still.
import { compactVerify, importJWK } from 'jose';
import type { ReceivedWrite } from '../../simulators/write-log.ts';
import type { LogRecord } from '../support/gateway.ts';
import { type CommandLife, foldLives } from './command-life.ts';
import type { Contradiction, History } from './history.ts';
import { isSame, matchWrites } from './matching-writes.ts';

/** Contradictions in the order of the log; empty where everything fits. */
export async function judge(history: History): Promise<readonly Contradiction[]> {
  const { lives, strays } = foldLives(history.records);
  const found: Contradiction[] = strays.map(({ seq, kind, command }) => ({
    command: command ?? null,
    text: `record ${seq} (${kind}) is about a command that nobody asked for`,
  }));
  const matched = matchWrites(history.writes, lives);
  for (const write of matched.strays)
    found.push({ command: write.auditEntryId, text: `no signed intent stands before the write ${inWords(write)}` });
  for (const life of lives) {
    const writes = matched.byCommand.get(life.id) ?? [];
    const texts = [
      ...lifeTroubles(life),
      ...(await signatureTroubles(life, history)),
      ...outcomeTroubles(life, writes, history),
    ];
    found.push(...texts.map((text) => ({ command: life.id, text })));
  }
  return [...found, ...tellingTroubles(lives, history)];
}

function lifeTroubles({ id, accepted, closings, state }: CommandLife): readonly string[] {
  const troubles: string[] = [];
  if (closings.length === 0) troubles.push(`${id} was never closed`);
  if (closings.length > 1)
    troubles.push(`${id} was closed ${closings.length} times: ${closings.map(({ kind }) => kind).join(', ')}`);
  const outcome = state === 'confirmed' || state === 'rejected' || state === 'failed' || state === 'unknown';
  if (outcome && accepted === null) troubles.push(`${id} is ${state} without an intent`);
  if (accepted !== null && closings.some(({ seq }) => seq < accepted.seq))
    troubles.push(`${id} was accepted after it was closed`);
  return troubles;
}

/** An intent stands on as many signatures of different persons as it was to have, each about exactly this (SIG-5, SIG-6). */
async function signatureTroubles(life: CommandLife, { keys }: History): Promise<readonly string[]> {
  const { id, accepted, signatures, signaturesNeeded } = life;
  if (accepted === null) return [];
  const troubles: string[] = [];
  const people = new Set(signatures.map(({ actor }) => actor?.id));
  if (!(people.size >= signaturesNeeded))
    troubles.push(`${id} was accepted on ${people.size} of ${signaturesNeeded} signatures`);
  const carried = accepted.detail?.signatures as readonly { jws: string }[] | undefined;
  for (const record of signatures) {
    const { jws } = record.signature as { jws: string };
    if (carried?.some((one) => one.jws === jws) !== true)
      troubles.push(`the intent of ${id} lacks a signature of its own (record ${record.seq})`);
    const why = await wrongSignature(jws, record, life, keys);
    if (why !== null) troubles.push(`record ${record.seq} carries no signature for ${id}: ${why}`);
  }
  return troubles;
}

async function wrongSignature(
  jws: string,
  record: LogRecord,
  life: CommandLife,
  keys: History['keys'],
): Promise<string | null> {
  const key = keys.get(record.terminal?.id ?? '');
  if (key === undefined) return 'no terminal of this run';
  try {
    const { payload } = await compactVerify(jws, await importJWK(key, 'ES256'));
    const said = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    if (said.command !== life.id || said.tag !== life.tag) return 'it is about something else';
    return isSame(said.value, life.value, 0) ? null : 'it is about another value';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function outcomeTroubles(life: CommandLife, writes: readonly ReceivedWrite[], history: History): readonly string[] {
  const { id, state } = life;
  if (writes.length > 1) return [`${id} was written ${writes.length} times: ${writes.map(inWords).join('; ')}`];
  const [write] = writes;
  switch (state) {
    case 'confirmed':
      return confirmedTroubles(life, write, history);
    case 'failed':
      return failedTroubles(life, write, history);
    case 'rejected':
      return write?.status === 'refused'
        ? []
        : [`${id} is rejected by the PLC, which ${write === undefined ? 'saw nothing' : `had ${inWords(write)}`}`];
    case 'refused':
    case 'expired':
    case 'withdrawn':
    case 'declined':
      return write === undefined ? [] : [`${id} is ${state}, and was written: ${inWords(write)}`];
    default:
      return [];
  }
}

function confirmedTroubles(
  { id, tag, value, readBack }: CommandLife,
  write: ReceivedWrite | undefined,
  { shownBetween, tolerances }: History,
): readonly string[] {
  if (write === undefined) return [`${id} is confirmed, and the PLC never had it`];
  // A PLC that ignores a write, answers Good and then shows the value, by an earlier one that was late, cannot be seen
  // through; where it shows another value, the last rule below speaks.
  if (write.status === 'refused') return [`${id} is confirmed, and the PLC did not apply it: ${inWords(write)}`];
  if (readBack === null) return [`${id} is confirmed without a read-back`];
  const tolerance = (tolerances.get(tag) ?? 0) + 1e-4;
  if (!isSame(readBack.value, value, tolerance)) return [`${id} is confirmed by another value: ${readBack.value}`];
  const shown = shownBetween(tag, write.at, readBack.atMs);
  return shown.some((one) => isSame(one.value, readBack.value, tolerance))
    ? []
    : [`${id} is confirmed by ${readBack.value}, which the PLC did not show from its write to the read-back`];
}

function failedTroubles(
  { id, tag, value, old, code, readBack }: CommandLife,
  write: ReceivedWrite | undefined,
  { shownBetween, tolerances, writes }: History,
): readonly string[] {
  if (write === undefined) return [];
  if (code === 'not-sent') return [`${id} is failed as never sent, and the PLC had it: ${inWords(write)}`];
  if (write.status !== 'applied') return [];
  if (readBack === null) return [`${id} is failed without a read-back, and the PLC applied it`];
  const { atMs } = readBack;
  const tolerance = (tolerances.get(tag) ?? 0) + 1e-4;
  const shown = shownBetween(tag, write.at, atMs);
  if (!shown.some((one) => isSame(one.value, readBack.value, tolerance)))
    return [`${id} is failed by ${readBack.value}, which the PLC did not show from its write to the read-back`];
  if (shown.every((one) => isSame(one.value, old))) return [];
  const next = writes.find((one) => one.point === tag && one.at > write.at && one.status === 'applied');
  const after = shownBetween(tag, atMs, next === undefined ? Number.POSITIVE_INFINITY : next.at - 1);
  const arrived = after.find((one) => one.at > atMs && isSame(one.value, value, tolerance));
  return arrived === undefined
    ? []
    : [`${id} is failed, and the PLC came to ${arrived.value} by itself ${arrived.at - atMs} ms after the read-back`];
}

/** What somebody was told is what the log says; an unknown outcome may have been resolved since. */
function tellingTroubles(lives: readonly CommandLife[], { told }: History): readonly Contradiction[] {
  const byId = new Map(lives.map((life) => [life.id, life]));
  return told.flatMap(({ command, state }) => {
    const recorded = byId.get(command)?.state ?? 'not in the log';
    const fits = state === recorded || (state === 'resolved' && recorded === 'unknown');
    return fits
      ? []
      : [{ command, text: `somebody was told that ${command} is ${state}; in the log it is ${recorded}` }];
  });
}

function inWords({ point, value, status, answer, at }: ReceivedWrite): string {
  return `${point} = ${value} (${status}, ${answer}, ${new Date(at).toISOString()})`;
}
