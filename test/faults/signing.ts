// What people sign in a fault run: the command, the countersignature, here or elsewhere, before the write or after it, a
// decline, and what they found where the outcome was unknown. Used by lane.ts and fault-run.ts; judges nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiAnswer, codeOf } from '../support/api-client.ts';
import type { Lane } from './lane.ts';
import { isSame } from './matching-writes.ts';
import type { Asked, Offer, Person } from './person.ts';
import type { Trial } from './trial.ts';

const answerWithinMs = 15_000;
const againAfterMs = 200;
/** Beyond a restart, its longest notAfter and one silent device. */
const outcomeWithinMs = 30_000;
export const closedStates = new Set([
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

type View = {
  readonly id: string;
  readonly state: string;
  readonly value: unknown;
  readonly breakGlass?: { readonly missing: number };
};

/** All that the trial's people sign before the write; `signing` is called when the last signature is about to be sent. */
export async function signatures(lane: Lane, trial: Trial, asked: Asked, signing: () => void): Promise<void> {
  const { operator, supervisor, target } = lane;
  const alone = target.signatures === 1 || trial.way === 'break-glass';
  if (alone) signing();
  const first = await sign(lane, operator, asked.id, asked);
  if (alone || first !== 'awaiting-countersignature') return;
  const at = trial.countersignsHere ? operator : supervisor;
  if (trial.conduct === 'signs-twice') {
    const offer = await offered(lane, at, asked.id);
    if (offer !== null) await sign(lane, operator, asked.id, offer, at);
  }
  const offer = await offered(lane, at, asked.id, trial.conduct === 'declines' ? { purpose: 'decline' } : {});
  if (offer === null) return;
  signing();
  await sign(lane, supervisor, asked.id, offer, at);
}

/** In the session of `at`. The state that the answer told; null where it was refused or no answer came. */
export async function sign(
  lane: Lane,
  person: Person,
  id: string,
  offer: Offer,
  at: Person = person,
): Promise<string | null> {
  const body = await person.signed(offer, at);
  const endMs = performance.now() + answerWithinMs;
  let answer: ApiAnswer | null;
  for (;;) {
    answer = await Promise.race([at.send('POST', `/commands/${id}/signatures`, body), pause(answerWithinMs, null)]);
    if (answer?.status === 200) break;
    const code = answer === null ? 'no answer' : (codeOf(answer) ?? answer.status);
    lane.refused(`signature: ${code}`);
    // Nothing happened, and he is told so: he tries again.
    if (code !== 'log-unavailable' || performance.now() > endMs) return null;
    await pause(againAfterMs);
  }
  const { state } = answer.body as { state: string };
  if (closedStates.has(state)) lane.told({ command: id, state });
  return state;
}

async function offered(lane: Lane, at: Person, id: string, body: unknown = {}): Promise<Offer | null> {
  const offer = await at.send('POST', `/commands/${id}/statements`, body);
  if (offer?.status === 200 || offer?.status === 201) return offer.body as unknown as Offer;
  lane.refused(`statement: ${offer === null ? 'no answer' : (codeOf(offer) ?? offer.status)}`);
  return null;
}

/** Waits until the command is closed, then does what is left to do about it; the judge will ask the log in any case. */
export async function outcome(lane: Lane, trial: Trial, person: Person, id: string): Promise<void> {
  const endMs = performance.now() + outcomeWithinMs;
  while (performance.now() < endMs) {
    const view = await person.find<View>(`/commands/${id}`, endMs);
    if (view !== null && closedStates.has(view.state)) {
      lane.told({ command: id, state: view.state });
      if (view.state === 'unknown' && trial.resolves) await resolve(lane, view);
      await countersignAfterwards(lane, view, trial.countersignsHere ? lane.operator : lane.supervisor);
      return;
    }
    await pause(50);
  }
}

/** CMD-6: the supervisor goes and looks at the plant. */
async function resolve(lane: Lane, { id, value }: View): Promise<void> {
  const held = lane.scene.plant.plant.read(lane.target.tag);
  const found = isSame(held, value, lane.scene.tolerances.get(lane.target.tag)) ? 'reached' : 'not-reached';
  const offer = await offered(lane, lane.supervisor, id, { purpose: 'resolve', found });
  if (offer !== null) await sign(lane, lane.supervisor, id, offer);
}

/** CMD-13: what break-glass left out. */
async function countersignAfterwards(lane: Lane, { id, breakGlass }: View, at: Person): Promise<void> {
  if ((breakGlass?.missing ?? 0) === 0) return;
  const offer = await offered(lane, at, id);
  if (offer !== null) await sign(lane, lane.supervisor, id, offer, at);
}

/** At the end: proposals that nobody took up are declined, countersignatures that are still due are given. */
export async function leaveNothingWaiting(lane: Lane): Promise<void> {
  const endMs = performance.now() + outcomeWithinMs;
  const list = async (path: string): Promise<readonly View[]> =>
    (await lane.operator.find<{ readonly commands: readonly View[] }>(path, endMs))?.commands ?? [];
  while (performance.now() < endMs) {
    const proposed = (await list('/commands?awaiting=me')).filter(({ state }) => state === 'proposed');
    const due = (await list('/commands?breakGlass=due')).filter(({ state }) => closedStates.has(state));
    if (proposed.length + due.length === 0) return;
    for (const { id } of proposed) {
      const offer = await offered(lane, lane.operator, id, { purpose: 'decline' });
      if (offer !== null) await sign(lane, lane.operator, id, offer);
    }
    for (const view of due) await countersignAfterwards(lane, view, lane.supervisor);
  }
}
