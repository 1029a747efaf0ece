// How a command of the fault run begins: a person asks for a value, with or without break-glass, or a machine proposes one
// and a person takes it up. Tries until the gateway answers. Used by lane.ts.
import { setTimeout as pause } from 'node:timers/promises';
import type { PointValue } from '../../simulators/plant/points.ts';
import { codeOf } from '../support/api-client.ts';
import type { Lane } from './lane.ts';
import { isSame } from './matching-writes.ts';
import type { Asked, Person } from './person.ts';
import type { Trial, Way } from './trial.ts';

type TagAnswer = {
  readonly setpoint: {
    readonly min: number | null;
    readonly max: number | null;
    readonly maxStep: number | null;
    readonly resolution: number | null;
  } | null;
  readonly latest: { readonly value: PointValue | null; readonly quality: string; readonly sourceTime: string | null };
};
export type Seen = { readonly value: PointValue; readonly sourceTime: string; readonly tag: TagAnswer };

const patienceMs = 90_000;
/** At a screen that shows something other than the plant holds, as it does with a frozen value. */
const mostLooks = 10;
/** After as many refusals of a proposal or of break-glass the person asks in the ordinary way. */
const mostOddWays = 2;

/** Throws where no command can be asked for in a long time: then there is nothing to judge. */
export async function ask(lane: Lane, trial: Trial): Promise<{ readonly seen: Seen; readonly asked: Asked }> {
  const endMs = performance.now() + patienceMs;
  let lately = 'nothing';
  let refused = 0;
  for (let round = 0; performance.now() < endMs; round++) {
    const tag = await lane.operator.find<TagAnswer>(`/tags/${lane.target.tag}`, endMs);
    const { value, quality, sourceTime } = tag?.latest ?? { value: null, quality: 'unread', sourceTime: null };
    lately = `${lane.target.tag} is ${quality}`;
    // What the last command did shows a moment later; who asked before that would only be refused.
    const isPresent = round > mostLooks || isSame(value, lane.scene.plant.plant.read(lane.target.tag), 0.01);
    if (tag !== null && isPresent && quality === 'good' && value !== null && sourceTime !== null) {
      const seen = { value, sourceTime, tag };
      const way = refused < mostOddWays ? trial.way : 'asked';
      // Another aim each time: what was refused once may be so for its value.
      const aim = (trial.aim + round * 0.37) % 1;
      const note = (why: string): void => {
        lately = why;
        refused += 1;
      };
      const asked =
        way === 'proposed'
          ? await propose(lane, trial, seen, aim, note)
          : await askOnce(lane, lane.operator, seen, aim, way, note);
      if (asked !== null) return { seen, asked };
    }
    await pause(50);
  }
  throw new Error(`no command for ${lane.target.tag} was taken for ${patienceMs} ms: ${lately}`);
}

export async function askOnce(
  lane: Lane,
  person: Person,
  { value, sourceTime, tag }: Seen,
  aim: number,
  way: Way = 'asked',
  why: (text: string) => void = () => undefined,
): Promise<Asked | null> {
  const breakGlass = way === 'break-glass' ? { breakGlass: true } : {};
  const wanted = anotherValue(value, tag, aim);
  const body = { tagId: lane.target.tag, value: wanted, observed: { value, sourceTime }, ...breakGlass };
  const answer = await person.send('POST', '/commands', body);
  if (answer?.status === 201) return answer.body as unknown as Asked;
  why(`asking for ${JSON.stringify(body)}: ${answer === null ? 'no answer' : JSON.stringify(answer.body)}`);
  lane.refused(`asking: ${answer === null ? 'no answer' : (codeOf(answer) ?? answer.status)}`);
  return null;
}

/** By the lane's machine; then the operator asks for the statement that turns it into his command. */
async function propose(
  lane: Lane,
  trial: Trial,
  { value, tag }: Seen,
  aim: number,
  why: (text: string) => void,
): Promise<Asked | null> {
  const made = await lane.machine.propose(lane.target.tag, anotherValue(value, tag, aim));
  const code = made === null ? 'no answer' : (codeOf(made) ?? made.status);
  if (made?.status !== 201) {
    why(`proposing: ${code}`);
    lane.refused(`proposing: ${code}`);
    return null;
  }
  const { id } = made.body as { readonly id: string };
  lane.begun(id, trial);
  const purpose = trial.conduct === 'declines' ? { purpose: 'decline' } : {};
  const offer = await lane.operator.send('POST', `/commands/${id}/statements`, purpose);
  if (offer?.status === 200 || offer?.status === 201) return { id, ...(offer.body as unknown as Omit<Asked, 'id'>) };
  why(`taking up a proposal: ${offer === null ? 'no answer' : JSON.stringify(offer.body)}`);
  lane.refused(`taking up a proposal: ${offer === null ? 'no answer' : (codeOf(offer) ?? offer.status)}`);
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
