// One child process of the launcher: told what it needs as one JSON line on its standard input (secrets never stand in
// argv or environment), says `{"ready":true,…}` on its standard output, and stops when its standard input ends: it
// cannot outlive the launcher, not even one that is killed hard.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type ChildExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
export type Child = {
  readonly name: string;
  readonly pid: number;
  /** The child's ready message. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
};

/** A child ended before it was ready, and has told the person why: there is nothing to add. */
export class ChildSaidWhy extends Error {
  constructor(name: string) {
    super(`${name} could not start; it has said why.`);
    this.name = 'ChildSaidWhy';
  }
}

/**
 * Starts `node script …args` and resolves at its ready line. Rejects when it ends before that, with ChildSaidWhy
 * where its exit code is 1: our processes and Node.js itself write to standard error before they end with that. What it is to be told may come later, while it loads its code; where that
 * rejects, the child is ended, having done nothing yet, and this rejects with the same.
 */
export async function startChild(
  name: string,
  script: string,
  args: readonly string[],
  told: Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Child> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environment,
    // Not in the terminal's process group: Ctrl-C reaches the launcher, which stops its children in order.
    detached: process.platform !== 'win32',
  });
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  child.stdin.on('error', () => undefined); // the child may be gone already; `exited` tells
  try {
    const message = await told;
    child.stdin.write(`${JSON.stringify(message)}\n`);
  } catch (fault) {
    child.kill('SIGKILL');
    await exited;
    throw fault;
  }
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = readyMessage(line);
      if (message !== null) resolve(message);
      else process.stdout.write(`${line}\n`);
    });
    void exited.then(({ code, signal }) =>
      reject(
        code === 1
          ? new ChildSaidWhy(name)
          : new Error(
              `${name} ended before it was ready (${signal ?? (code === null ? 'no process' : `exit code ${code}`)}).`,
            ),
      ),
    );
  });
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    exited,
    async stop(graceMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function readyMessage(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true
      ? (message as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
