// What an earlier start left behind in a cluster's folder: a server that still runs because its launcher was killed, or
// the pid file of one that is gone. Called by embedded-postgres.ts before it starts a server; never touches a process
// that does not work in that folder.
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseTrouble } from './trouble.ts';

const fastShutdownMs = 30_000;
const immediateShutdownMs = 10_000;
const pollMs = 50;

/** Process id with the time of its start, since ids are used again. */
type ProcessMark = { readonly pid: number; readonly startTicks: string | null };

/** Notes this process as the one that started the server. */
export async function noteLauncher(file: string): Promise<void> {
  const mark: ProcessMark = { pid: process.pid, startTicks: await startTicks(process.pid) };
  await writeFile(file, JSON.stringify(mark), { mode: 0o600 });
}

/** Leaves no server running in `cluster`. Throws DatabaseTrouble where one runs whose launcher is alive. */
export async function settleFormerServer(cluster: string, launcherFile: string): Promise<void> {
  const pid = await serverPid(cluster);
  if (pid === null) return;
  if (!(await worksIn(pid, cluster))) {
    // Its backends may outlive a killed server for a moment; a second server beside them would ruin the data.
    await waitUntil(async () => (await processesIn(cluster)).length === 0, immediateShutdownMs);
    if (isAlive(pid)) await rm(path.join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  const launcher = await readLauncher(launcherFile);
  if (launcher !== null && launcher.pid !== process.pid && (await isStill(launcher))) {
    throw new DatabaseTrouble(
      `the data folder is in use by another Countersign (process ${launcher.pid}); stop it, or set COUNTERSIGN_DATA to another folder`,
    );
  }
  for (const [signal, patienceMs] of [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', immediateShutdownMs],
  ] as const) {
    signalIfAlive(pid, signal);
    if (await waitUntil(async () => !isAlive(pid) || !(await worksIn(pid, cluster)), patienceMs)) return;
  }
  throw new DatabaseTrouble(`a PostgreSQL of an earlier start (process ${pid}) does not stop; end it and start again`);
}

async function serverPid(cluster: string): Promise<number | null> {
  const text = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
}

async function readLauncher(file: string): Promise<ProcessMark | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessMark;
  } catch {
    return null;
  }
}

async function isStill(mark: ProcessMark): Promise<boolean> {
  return isAlive(mark.pid) && (mark.startTicks === null || (await startTicks(mark.pid)) === mark.startTicks);
}

/** False for a zombie too: it has ended, only nobody has asked for its exit code. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    // No such file system here: the signal's answer is all there is.
    return true;
  }
}

/** What has ended in between needs no signal. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}

/** A PostgreSQL process works in its cluster's folder. Where the system does not tell, a living one is taken for it. */
export async function worksIn(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === cluster;
}

async function processesIn(cluster: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && (await worksIn(pid, cluster))) found.push(pid);
  }
  return found;
}

/** Field 22 of /proc/<pid>/stat; null where the system has none. */
async function startTicks(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

/** False when it did not come true within `patienceMs`. */
export async function waitUntil(isTrue: () => Promise<boolean>, patienceMs: number): Promise<boolean> {
  const end = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > end) return false;
    await delay(pollMs);
  }
  return true;
}
