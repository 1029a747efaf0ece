// One lane of the fault run: an operator, a supervisor and a machine who change one tag again and again, each change a
// trial of its own, with its fault and its blow. Notes what they were told; judges nothing. Used by fault-run.ts.
import type { PointValue } from '../../simulators/plant/points.ts';
import { ask, askOnce } from './asking.ts';
import type { Told } from './history.ts';
import type { Machine } from './machine.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';
import { outcome, sign, signatures } from './signing.ts';
import type { Target, Trial } from './trial.ts';

export type Lane = {
  readonly target: Target;
  readonly operator: Person;
  /** Countersigns, declines, resolves, and is the rival. */
  readonly supervisor: Person;
  readonly machine: Machine;
  readonly scene: Scene;
  /** Commands that the gateway answered for, with the trial they belong to. */
  readonly begun: (command: string, trial: Trial) => void;
  readonly told: (told: Told) => void;
  /** Asked and refused, or not answered: nothing to judge but its count. */
  readonly refused: (code: string) => void;
};

/** Throws where no command can be asked for in a long time: then there is nothing to judge. */
export async function runTrial(lane: Lane, trial: Trial): Promise<void> {
  const { operator, supervisor } = lane;
  const { seen, asked } = await ask(lane, trial);
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
        if (rival !== null) await outcome(lane, trial, supervisor, rival.id);
        break;
      }
      default:
        await signatures(lane, trial, asked, undo.signing);
    }
    if (!trial.hurried) await outcome(lane, trial, operator, asked.id);
  } finally {
    undo.all();
  }
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
