// Holds the PLC's own write log, what the PLC showed, and what people were told against the audit log (issue 3, "Faults it
// must live through"). Pure, and able to fail: judge.test.ts feeds it forged histories. Called by fault-run.ts.
//
// What a write became is judged by what the device did with it, and showed: confirmed needs a write that was applied and
// seen; failed one that was not applied, or whose value the device gave up again or did not come to by itself afterwards.
import type { ReceivedWrite } from '../../simulators/write-log.ts';
import { type CommandLife, foldLives } from './command-life.ts';
import type { Contradiction, History } from './history.ts';
import { isSame, matchWrites } from './matching-writes.ts';
import { signatureTroubles } from './signature-troubles.ts';

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

function confirmedTroubles(life: CommandLife, write: ReceivedWrite | undefined, history: History): readonly string[] {
  const { id, tag, value, readBack } = life;
  const { shownBetween, tolerances } = history;
  if (write === undefined) return [`${id} is confirmed, and the PLC never had it`];
  if (write.status !== 'applied' && !broughtByAnEarlierOne(life, write, history))
    return [`${id} is confirmed, and the PLC did not apply it: ${inWords(write)}`];
  if (readBack === null) return [`${id} is confirmed without a read-back`];
  const tolerance = (tolerances.get(tag) ?? 0) + 1e-4;
  if (!isSame(readBack.value, value, tolerance)) return [`${id} is confirmed by another value: ${readBack.value}`];
  const shown = shownBetween(tag, write.at, readBack.atMs);
  return shown.some((one) => isSame(one.value, readBack.value, tolerance))
    ? []
    : [`${id} is confirmed by ${readBack.value}, which the PLC did not show from its write to the read-back`];
}

/**
 * The one case that nobody outside the PLC can tell from a write that was done: it ignored this one, answered Good, and an
 * earlier write of the same value, the last that it had applied, came to show just then: not yet when the intent was on
 * record, and by the read-back.
 */
function broughtByAnEarlierOne(
  { tag, value, acceptedAtMs, readBack }: CommandLife,
  write: ReceivedWrite,
  { shownBetween, tolerances, writes }: History,
): boolean {
  if (write.status !== 'ignored' || acceptedAtMs === null || readBack === null) return false;
  const applied = writes.filter((one) => one.point === tag && one.status === 'applied' && one.at <= write.at);
  const earlier = applied.at(-1);
  if (earlier === undefined || earlier.at > acceptedAtMs || !isSame(earlier.value, value)) return false;
  const tolerance = (tolerances.get(tag) ?? 0) + 1e-4;
  const [atFirst, ...later] = shownBetween(tag, Math.floor(acceptedAtMs), readBack.atMs);
  return (
    atFirst !== undefined &&
    !isSame(atFirst.value, value, tolerance) &&
    later.some((one) => isSame(one.value, readBack.value, tolerance))
  );
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
  // It may have been on its way behind a display that stood still: nobody could tell.
  if (shown.every((one) => isSame(one.value, old)))
    return [`${id} is failed, and the PLC took it and showed nothing but the old value`];
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
