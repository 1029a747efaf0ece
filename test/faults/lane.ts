// One lane of the fault run: an operator and a supervisor who change one tag again and again, each change a trial of its
// own. Notes what they were told; judges nothing. Used by fault-run.ts.
import { setTimeout as pause } from 'node:timers/promises';
import type { PointValue } from '../../simulators/plant/points.ts';
import { codeOf } from '../support/api-client.ts';
import type { Told } from './history.ts';
import { isSame } from './matching-writes.ts';
import type { Asked, Person } from './person.ts';
import type { Scene } from './scene.ts';
import type { Target, Trial } from './trial.ts';

export type Lane = {
  readonly target: Target;
  readonly operator: Person;
  /** Countersigns, declines, and is the rival. */
  readonly supervisor: Person;
  readonly scene: Scene;
  /** Commands that the gateway answered for, with the trial they belong to. */
  readonly begun: (command: string, trial: Trial) => void;
  readonly told: (told: Told) => void;
  /** Asked and refused, or not answered: nothing to judge but its count. */
  readonly refused: (code: string) => void;
};

type TagAnswer = {
  readonly setpoint: {
    readonly min: number | null;
    readonly max: number | null;
    readonly maxStep: number | null;
    readonly resolution: number | null;
  } | null;
  readonly latest: { readonly value: PointValue | null; readonly quality: string; readonly sourceTime: string | null };
};
type Seen = { readonly value: PointValue; readonly sourceTime: string; readonly tag: TagAnswer };

const patienceMs = 90_000;
const answerWithinMs = 15_000;
/** At a screen that shows something other than the plant holds, as it does with a frozen value. */
const mostLooks = 10;
/** Beyond a restart, its longest notAfter and one silent device. */
const outcomeWithinMs = 30_000;
const closed = new Set([
  'confirmed',
  'rejected',
  'failed',
  'unknown',
  'resolved',
  'refused',
  'expired',
  'withdrawn',
  'declined',
]);

/** Throws where no command can be asked for in a long time: then there is nothing to judge. */
export async function runTrial(lane: Lane, trial: Trial): Promise<void> {
  const { operator, supervisor } = lane;
  const { seen, asked } = await ask(lane, operator, trial.aim);
  lane.begun(asked.id, trial);
  const undo = arm(lane, trial, asked.id, seen.value);
  try {
    switch (trial.conduct) {
      case 'abandons':
        return;
      case 'withdraws':
        await operator.send('DELETE', `/commands/${asked.id}`);
        break;
      case 'rival': {
        const rival = await askOnce(lane, supervisor, seen, (trial.aim + 0.5) % 1);
        if (rival !== null) lane.begun(rival.id, trial);
        await Promise.all([
          sign(lane, operator, asked.id, asked),
          rival === null ? null : sign(lane, supervisor, rival.id, rival),
        ]);
        if (rival !== null) await outcome(lane, supervisor, rival.id);
        break;
      }
      default:
        await signatures(lane, trial, asked, undo.signing);
    }
    if (!trial.hurried) await outcome(lane, operator, asked.id);
  } finally {
    undo.all();
  }
}

async function signatures(lane: Lane, trial: Trial, asked: Asked, signing: () => void): Promise<void> {
  const { operator, supervisor, target } = lane;
  if (target.signatures === 1) signing();
  const first = await sign(lane, operator, asked.id, asked);
  if (target.signatures === 1 || first !== 'awaiting-countersignature') return;
  const purpose = trial.conduct === 'declines' ? { purpose: 'decline' } : {};
  const offer = await supervisor.send('POST', `/commands/${asked.id}/statements`, purpose);
  if (offer?.status !== 200 && offer?.status !== 201) return;
  signing();
  await sign(lane, supervisor, asked.id, offer.body as unknown as Asked);
}

/** The state that the answer told; null where it was refused or no answer came. */
async function sign(
  lane: Lane,
  person: Person,
  id: string,
  offer: Pick<Asked, 'statement' | 'requires'>,
): Promise<string | null> {
  const body = await person.signed(offer);
  const answer = await Promise.race([
    person.send('POST', `/commands/${id}/signatures`, body),
    pause(answerWithinMs, null),
  ]);
  if (answer?.status !== 200) {
    lane.refused(`signature: ${answer === null ? 'no answer' : (codeOf(answer) ?? answer.status)}`);
    return null;
  }
  const { state } = answer.body as { state: string };
  if (closed.has(state)) lane.told({ command: id, state });
  return state;
}

/** Waits until the command is closed; goes on without it where it is not, the judge will ask the log. */
async function outcome(lane: Lane, person: Person, id: string): Promise<void> {
  const endMs = performance.now() + outcomeWithinMs;
  while (performance.now() < endMs) {
    const view = await person.find<{ readonly state: string }>(`/commands/${id}`, endMs);
    if (view !== null && closed.has(view.state)) {
      lane.told({ command: id, state: view.state });
      return;
    }
    await pause(50);
  }
}

async function ask(lane: Lane, person: Person, aim: number): Promise<{ readonly seen: Seen; readonly asked: Asked }> {
  const endMs = performance.now() + patienceMs;
  let lately = 'nothing';
  for (let round = 0; performance.now() < endMs; round++) {
    const tag = await person.find<TagAnswer>(`/tags/${lane.target.tag}`, endMs);
    const { value, quality, sourceTime } = tag?.latest ?? { value: null, quality: 'unread', sourceTime: null };
    lately = `${lane.target.tag} is ${quality}`;
    // What the last command did shows a moment later; who asked before that would only be refused.
    const isPresent = round > mostLooks || isSame(value, lane.scene.plant.plant.read(lane.target.tag), 0.01);
    if (tag !== null && isPresent && quality === 'good' && value !== null && sourceTime !== null) {
      const seen = { value, sourceTime, tag };
      // Another aim each time: what was refused once may be so for its value.
      const asked = await askOnce(lane, person, seen, (aim + round * 0.37) % 1, (why) => (lately = why));
      if (asked !== null) return { seen, asked };
    }
    await pause(50);
  }
  throw new Error(`no command for ${lane.target.tag} was taken for ${patienceMs} ms: ${lately}`);
}

async function askOnce(
  lane: Lane,
  person: Person,
  { value, sourceTime, tag }: Seen,
  aim: number,
  why: (text: string) => void = () => undefined,
): Promise<Asked | null> {
  const body = { tagId: lane.target.tag, value: anotherValue(value, tag, aim), observed: { value, sourceTime } };
  const answer = await person.send('POST', '/commands', body);
  if (answer?.status === 201) return answer.body as unknown as Asked;
  why(`asking for ${JSON.stringify(body)}: ${answer === null ? 'no answer' : JSON.stringify(answer.body)}`);
  lane.refused(`asking: ${answer === null ? 'no answer' : (codeOf(answer) ?? answer.status)}`);
  return null;
}

/** A value that the tag's rules allow from here, and that no tolerance confuses with the present one. */
function anotherValue(present: PointValue, { setpoint }: TagAnswer, aim: number): PointValue {
  if (typeof present !== 'number') return present !== true;
  const step = setpoint?.resolution ?? 1;
  const low = Math.max(setpoint?.min ?? present - 10, present - (setpoint?.maxStep ?? 10));
  const high = Math.min(setpoint?.max ?? present + 10, present + (setpoint?.maxStep ?? 10));
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const onGrid = (value: number): number => Number(value.toFixed(decimals));
  const steps = Math.floor((high - low) / step - 1e-6);
  let chosen = onGrid(onGrid(low + step / 2) + Math.floor(aim * Math.max(1, steps - 1)) * step);
  if (chosen < low) chosen = onGrid(chosen + step);
  if (Math.abs(chosen - present) < 1.5 * step) chosen = onGrid(present + (high - present > 3 * step ? 2 : -2) * step);
  return chosen;
}

/** Sets the trial's fault and blow in place; `signing` says that the last signature is being sent. */
function arm(
  { scene, target }: Lane,
  { fault, faultFrom, blow }: Trial,
  command: string,
  before: PointValue,
): { readonly signing: () => void; readonly all: () => void } {
  const { plant } = scene;
  const undo: (() => void)[] = [];
  const inject = (): void => {
    if (fault === null) return;
    const id = plant.faults.inject(fault);
    undo.push(() => plant.faults.remove(id));
  };
  const strike = (): void => {
    if (blow !== null) scene.strike(blow.kind, target.tag, before);
  };
  if (faultFrom === 'asked') inject();
  if (blow?.stage === 'asked') strike();
  let reached = false;
  const off = plant.writes.onAppend(({ point, auditEntryId, protocol }) => {
    if (reached || point !== target.tag || (protocol === 'opcua' && auditEntryId !== command)) return;
    reached = true;
    if (faultFrom === 'write') inject();
    if (blow?.stage === 'write') strike();
    if (blow?.stage === 'after-write') setTimeout(strike, blow.afterMs);
  });
  undo.push(off);
  return {
    signing: () => {
      if (blow?.stage === 'signing') setTimeout(strike, blow.afterMs);
    },
    all: () => {
      for (const step of undo) step();
    },
  };
}
