// The demo as `npm start` runs it, in processes of its own on free ports, with its parts within reach: for tests that
// kill them. Linux's /proc tells which process is which.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastingPorts } from './lasting-ports.ts';

const projectFolder = join(import.meta.dirname, '../..');

export type DemoPorts = { readonly http: number; readonly opcua: number; readonly modbus: number };
export type DemoRun = {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Ids of the processes below the launcher whose command line matches. */
  readonly processes: (pattern: RegExp) => readonly number[];
};

/** Different ones, to be used again and again. */
export async function freePorts(): Promise<DemoPorts> {
  const [http = 0, opcua = 0, modbus = 0] = await lastingPorts(3);
  return { http, opcua, modbus };
}

/** Starts it; `env` comes on top of ports and data folder. Does not wait. */
export function runDemo(dataFolder: string, ports: DemoPorts, env: NodeJS.ProcessEnv = {}): DemoRun {
  const child = spawn(process.execPath, ['gateway/cli/demo.ts'], {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      COUNTERSIGN_DATA: dataFolder,
      COUNTERSIGN_HTTP_PORT: String(ports.http),
      COUNTERSIGN_OPCUA_PORT: String(ports.opcua),
      COUNTERSIGN_MODBUS_PORT: String(ports.modbus),
      COUNTERSIGN_DATABASE_URL: '',
      COUNTERSIGN_DEMO_PASSWORD: '',
      COUNTERSIGN_DEMO_SETTLE_MS: '0',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  // Not at its exit: what it said last may still be in the pipes. Whatever it leaves running holds them open.
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  return {
    child,
    said: () => said,
    ended,
    processes: (pattern) => below(child.pid ?? -1).filter((pid) => pattern.test(commandLine(pid))),
  };
}

/** Whether the process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function below(ancestor: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = /\) . (\d+) /.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    } catch {
      // It ended meanwhile.
    }
  }
  return [...parents.keys()].filter((pid) => {
    for (let current = parents.get(pid); current !== undefined && current > 1; current = parents.get(current))
      if (current === ancestor) return true;
    return false;
  });
}
