// Runs one function of a script in scripts/ in its own process, as bootstrap.mjs would, and hands back what it printed.
// Used by the tests beside it. Scripts are plain JavaScript that must run before anything is installed, so they are not imported here.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const scripts = resolve(import.meta.dirname, '..', '..', 'scripts');

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly output: string };

/** `call` is JavaScript with `script` (the module's exports) and `node` (this Node.js) in reach; its value is the exit code. */
export function startScript(
  file: string,
  call: string,
  env: { readonly [name: string]: string } = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const source = `import * as script from ${JSON.stringify(pathToFileURL(resolve(scripts, file)).href)};
const node = process.execPath;
process.exitCode = await (${call});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<Ended>((done) => child.once('close', (code, signal) => done({ code, signal, output })));
  return { child, ended };
}
