// One fault run: sets the scene, lets a lane of people work on each target while faults and blows fall, waits until all is
// whole and closed again, and has the result judged. Called by run.ts and fault-run.test.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { foldLives } from './command-life.ts';
import { targets } from './configuration.ts';
import type { Contradiction, History, Told } from './history.ts';
import { judge } from './judge.ts';
import { type Lane, runTrial } from './lane.ts';
import type { Tally } from './outcome-table.ts';
import { Person } from './person.ts';
import { type Scene, setScene } from './scene.ts';
import { chooseTrial, type Trial } from './trial.ts';

const projectFolder = join(import.meta.dirname, '../..');
/** Longest notAfter, a device that stays silent, and time limits of signatures, one after the other. */
const closedWithinMs = 120_000;

export type FaultRun = {
  readonly contradictions: readonly Contradiction[];
  readonly tallies: readonly Tally[];
  /** Requests that were refused or not answered, by code. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly writes: number;
  readonly records: number;
  /** The word of `countersign audit verify`. */
  readonly verified: string;
  /** Kept where something is wrong; null where it was removed. */
  readonly dataFolder: string | null;
};

/** `progress` is told now and then. Throws where the run itself cannot go on, or is given up by `signal`; then all is stopped. */
export async function faultRun(
  commands: number,
  seed: number,
  progress: (line: string) => void = () => undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<FaultRun> {
  const scene = await setScene(seed);
  let keep = true;
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('it was given up')), { once: true });
  });
  // Also where nobody is racing with it any more.
  givenUp.catch(() => undefined);
  try {
    signal.throwIfAborted();
    const run = await Promise.race([play(scene, commands, seed, progress), scene.trouble, givenUp]);
    keep = run.contradictions.length > 0;
    return { ...run, dataFolder: keep ? scene.dataFolder : null };
  } catch (fault) {
    throw new Error(`the fault run with seed ${seed} broke off; its data is in ${scene.dataFolder}`, { cause: fault });
  } finally {
    await scene.stop(keep);
  }
}

async function play(
  scene: Scene,
  commands: number,
  seed: number,
  progress: (line: string) => void,
): Promise<Omit<FaultRun, 'dataFolder'>> {
  const trials = new Map<string, Trial>();
  const told: Told[] = [];
  const refusals = new Map<string, number>();
  const lanes: Lane[] = [];
  for (const target of targets) {
    // One after the other: each certifies at his first sign-in.
    lanes.push({
      target,
      operator: await Person.at(scene.origin, 'operator'),
      supervisor: await Person.at(scene.origin, 'supervisor'),
      scene,
      begun: (command, trial) => trials.set(command, trial),
      told: (one) => told.push(one),
      refused: (code) => refusals.set(code, (refusals.get(code) ?? 0) + 1),
    });
  }
  let done = 0;
  await Promise.all(
    lanes.map(async (lane, index) => {
      for (let number = index; number < commands; number += lanes.length) {
        await runTrial(lane, chooseTrial(seed, number, lane.target));
        done += 1;
        if (done % 100 === 0) progress(`${done} of ${commands} commands`);
      }
    }),
  );
  scene.plant.faults.clear();
  await scene.whole();
  progress('waiting until every command is closed');
  const records = await recordsWhenClosed(scene);
  const history: History = {
    records,
    writes: scene.plant.writes.all(),
    shownBetween: scene.plant.shown.between,
    told,
    keys: new Map(
      lanes.flatMap(({ operator, supervisor }) =>
        [operator, supervisor].map(({ client }) => [client.key.id, client.key.publicKey] as const),
      ),
    ),
    tolerances: scene.tolerances,
  };
  const { status, output } = verifyLog(scene.dataFolder);
  const contradictions = [...(await judge(history))];
  if (status !== 0) contradictions.unshift({ command: null, text: `audit verify: ${output}` });
  return {
    contradictions,
    tallies: foldLives(records).lives.map(({ id, state, code }) => ({
      trial: trials.get(id)?.name ?? '(asked for, and the answer lost)',
      state: state ?? 'open',
      code,
    })),
    refusals,
    writes: scene.plant.writes.count(),
    records: records.length,
    verified: output,
  };
}

/** The log when no command in it is open any more, or as it is when that takes too long: then the judge says so. */
async function recordsWhenClosed(scene: Scene): ReturnType<Scene['records']> {
  const endMs = performance.now() + closedWithinMs;
  for (;;) {
    const records = await scene.records();
    const open = foldLives(records).lives.filter(({ state }) => state === null);
    if (open.length === 0 || performance.now() > endMs) return records;
    await pause(300);
  }
}

function verifyLog(dataFolder: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['bin/countersign.mjs', 'audit', 'verify', '--data', dataFolder],
    { cwd: projectFolder, encoding: 'utf8' },
  );
  return { status, output: `${stdout}${stderr}`.trim() };
}
