// One fault run: sets the scene, lets a lane of people work on each target while faults and blows fall, waits until all is
// whole and closed again, and has the result judged. Called by run.ts and fault-run.test.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from '../support/api-client.ts';
import { type CommandLife, foldLives } from './command-life.ts';
import { targets } from './configuration.ts';
import type { Contradiction, History, Told } from './history.ts';
import { judge } from './judge.ts';
import { type Lane, runTrial } from './lane.ts';
import { Machine } from './machine.ts';
import type { Tally } from './outcome-table.ts';
import { Person } from './person.ts';
import { password, type Scene, setScene } from './scene.ts';
import { leaveNothingWaiting } from './signing.ts';
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
  const admin = await ApiClient.ready(scene.origin, 'admin', password);
  for (const target of targets) {
    // One after the other: each certifies and registers his passkey at his first sign-in.
    const [before] = lanes;
    lanes.push({
      target,
      operator: await Person.at(scene.origin, 'operator', before?.operator),
      supervisor: await Person.at(scene.origin, 'supervisor', before?.supervisor),
      machine: await Machine.at(admin, `machine for ${target.tag}`),
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
  const [anyLane] = lanes;
  if (anyLane !== undefined) await leaveNothingWaiting(anyLane);
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
    passkeyTags: new Set(targets.filter(({ passkey }) => passkey).map(({ tag }) => tag)),
  };
  const { status, output } = verifyLog(scene.dataFolder);
  const contradictions = [...(await judge(history))];
  if (status !== 0) contradictions.unshift({ command: null, text: `audit verify: ${output}` });
  return {
    contradictions,
    tallies: foldLives(records).lives.map((life) => ({
      trial: trials.get(life.id)?.name ?? '(asked for, and the answer lost)',
      way: wayOf(life),
      state: life.state ?? 'open',
      code: life.code,
    })),
    refusals,
    writes: scene.plant.writes.count(),
    records: records.length,
    verified: output,
  };
}

/** As the log has it: who was refused his break-glass or his proposal has asked in the ordinary way. */
function wayOf({ proposed, isBreakGlass, signaturesInAll, signatures, resolved }: CommandLife): string {
  const way = proposed ? 'proposed' : isBreakGlass ? 'break-glass' : `signatures asked for: ${signaturesInAll}`;
  const terminals = new Set(signatures.map(({ terminal }) => terminal?.id));
  const together = signatures.length < 2 ? '' : terminals.size === 1 ? ', at one terminal' : ', at two terminals';
  return `${way}${together}${resolved.length > 0 ? ', then resolved' : ''}`;
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
