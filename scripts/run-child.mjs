// Runs one part on the pinned Node.js as a child that cannot outlive this process, and passes signals and exit code on.
// Called by bootstrap.mjs and its parts. The child leads its own process group: a terminal's Ctrl-C reaches it once,
// through us, and not a second time as a member of the terminal's group (a second one means "at once" to most).
import { spawn } from 'node:child_process';
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

/** Under npm: when npm (or its shell) was killed hard, this process has got another parent, and stops its child. */
function watchParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, 500);
  timer.unref();
  return timer;
}
