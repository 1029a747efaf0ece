// The fate of a command in plain words, and how it looks: tone, next step, open or closed. Pure.
// Called by the dialog, the commands page and the header's counter. Never calls an unknown outcome a success.
import type { CommandView } from '../../gateway/contract/command.ts';
import { type CommandState, closedStates } from '../../gateway/contract/command-state.ts';
import { commandStates } from '../texts/en.ts';

/** `attention` and `trouble` are shown with colour, icon and word; the others stay grey. */
export type Tone = 'working' | 'done' | 'attention' | 'trouble' | 'quiet';
export type Fate = {
  readonly label: string;
  readonly tone: Tone;
  readonly sentence: string;
  readonly next: string | null;
};

const tones: Readonly<Record<CommandState, Tone>> = {
  asked: 'working',
  'awaiting-countersignature': 'attention',
  accepted: 'working',
  written: 'working',
  confirmed: 'done',
  rejected: 'trouble',
  failed: 'trouble',
  unknown: 'trouble',
  resolved: 'quiet',
  refused: 'attention',
  expired: 'quiet',
  withdrawn: 'quiet',
  declined: 'attention',
  proposed: 'attention',
};

const nextSteps: Partial<Record<CommandState, string>> = {
  rejected: 'Find out why the PLC refuses this value before you try again.',
  failed: 'Compare the present value with what you wanted, then decide whether to ask again.',
  unknown: 'Check the plant itself before you ask for anything else. A person has to record what was found.',
  refused: 'Put right what the gateway names, then ask again.',
  expired: 'Ask again if the change is still wanted.',
  declined: 'Talk to the person who declined.',
};

export function fateOf(command: Pick<CommandView, 'state' | 'outcome'>): Fate {
  const words = commandStates[command.state];
  const own = command.outcome?.text;
  return {
    label: words.label,
    tone: tones[command.state],
    sentence: own === undefined || own === '' ? words.meaning : own,
    next: nextSteps[command.state] ?? null,
  };
}

export function isClosed(state: CommandState): boolean {
  return closedStates.has(state);
}

/** Of two reports of the same command the one that is further on: an event may overtake an answer, never undo it. */
export function furtherOn(left: CommandView, right: CommandView): CommandView {
  const further = laterOf(left, right);
  const other = further === left ? right : left;
  if (further.state !== other.state || isClosed(further.state)) return further;
  // Live events are the same for everybody: what an answer said for this person is kept until the state changes.
  const { permissives = other.permissives, awaitingYou = other.awaitingYou, ...rest } = further;
  return {
    ...rest,
    ...(permissives === undefined ? {} : { permissives }),
    ...(awaitingYou === undefined ? {} : { awaitingYou }),
  };
}

function laterOf(left: CommandView, right: CommandView): CommandView {
  const leftClosed = isClosed(left.state);
  if (leftClosed !== isClosed(right.state)) return leftClosed ? left : right;
  if (left.state === 'resolved') return left;
  return right.stages.length >= left.stages.length ? right : left;
}

/** Open ones first, the newest first among equals. */
export function inOrder(commands: readonly CommandView[]): readonly CommandView[] {
  return [...commands].sort(
    (a, b) => Number(isClosed(a.state)) - Number(isClosed(b.state)) || b.askedAt.localeCompare(a.askedAt),
  );
}
