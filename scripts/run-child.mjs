// Runs one part on the pinned Node.js as a child that cannot outlive this process, and passes signals and exit code on.
// Called by bootstrap.mjs and its parts. The child leads its own process group: a terminal's Ctrl-C reaches it once,
// through us, and not a second time as a member of the terminal's group (a second one means "at once" to most).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { projectFolder } from './project.mjs';

const exitWithParent = new URL('./exit-with-parent.mjs', import.meta.url).href;
const forwarded = { SIGINT: 'SIGINT', SIGTERM: 'SIGTERM', SIGHUP: 'SIGTERM' };

/** Exit code of `node ...args` (128 + n where signal n ended it). `env` is added to this process's own. */
export async function runPinned(node, args, env = {}) {
  const child = spawn(node, ['--import', exitWithParent, ...args], {
    cwd: projectFolder,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
    env: {
      ...process.env,
      PATH: [join(projectFolder, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter),
      ...env,
    },
  });
  const listeners = Object.entries(forwarded).map(([signal, sent]) => {
    const listener = () => child.kill(sent);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  const watch = watchParent(() => child.kill('SIGTERM'));
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
    });
  } finally {
    clearInterval(watch);
    for (const stopListening of listeners) stopListening();
  }
}

/** Under npm: when npm was killed hard, the line of parents is broken, and this process stops its child. */
function watchParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return undefined;
  const line = parents();
  const timer = setInterval(() => {
    if (parents() === line) return;
    clearInterval(timer);
    onGone();
  }, 500);
  timer.unref();
  return timer;
}

/** Our parent, and npm behind it where the parent is the shell that npm runs a script with (Linux; elsewhere not told). */
function parents() {
  const parent = process.ppid;
  try {
    const isShell = readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes('bootstrap.mjs');
    if (!isShell) return `${parent}`;
    // The second word in brackets is the command's name, which may hold anything; state and parent follow it.
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    return `${parent} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`;
  } catch {
    return `${parent}`;
  }
}
