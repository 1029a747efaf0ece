// Starts a program of the project as its own process and waits for the line that says it is ready. Used by the cases.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { projectFolder } from '../architecture/project-files.ts';

export type ReadyProcess = {
  /** The line that matched. */
  readonly line: string;
  /** From the start of the process to that line. */
  readonly readyAfterMs: number;
  readonly child: ChildProcess;
  /** SIGTERM; resolves with the exit code when it has ended. */
  readonly stop: () => Promise<number | null>;
};

const patienceMs = 120_000;

/** `args` may hold what is not to be shown. Throws with what the program said last when it ends before it is ready, or is not within two minutes. */
export async function startReady(
  args: readonly string[],
  isReady: (line: string) => boolean,
  env: { readonly [name: string]: string } = {},
): Promise<ReadyProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    env: { ...process.env, ...env },
    // The IPC channel closes with this process, so that nothing is left behind when the bench is killed.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let said = '';
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return new Promise<ReadyProcess>((resolve, reject) => {
    const late = setTimeout(() => {
      void stop().then(() => reject(new Error(`${args[0]} was not ready in time: ${said.trim()}`)));
    }, patienceMs);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said = `${said}\n${line}`.slice(-2000);
        if (!isReady(line)) return;
        clearTimeout(late);
        resolve({ line, readyAfterMs: performance.now() - startedMs, child, stop });
      });
    }
    child.once('error', reject);
    void ended.then((code) => {
      clearTimeout(late);
      reject(new Error(`${args[0]} ended with ${code} before it was ready: ${said.trim()}`));
    });
  });
}
