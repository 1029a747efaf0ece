// What `npm start` starts is told to stop once, and cannot outlive what started it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { patienceMs } from '../support/until.ts';
import { startScript } from './script-driver.ts';

const runChild = pathToFileURL(resolve(import.meta.dirname, '../../scripts/run-child.mjs')).href;

/** Writes its pid and each signal to a file, ends with 7 after the first signal; the timer stands for its work. */
const program = `import { appendFileSync } from 'node:fs';
const note = (line: string) => appendFileSync(process.argv[2] as string, line + '\\n');
const work = setInterval(() => {}, 1000);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => { note(signal); clearInterval(work); process.exitCode = 7; });
note('up ' + process.pid);`;

describe('the child that a script runs', () => {
  let folder: string;
  let notes: string;
  let call: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-run-child-'));
    notes = join(folder, 'notes');
    writeFileSync(join(folder, 'program.ts'), program);
    writeFileSync(notes, '');
    call = `script.runPinned(node, ${JSON.stringify([join(folder, 'program.ts'), notes])})`;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lines = () => readFileSync(notes, 'utf8').trim().split('\n');
  const up = () => vi.waitFor(() => expect(lines()[0]).toMatch(/^up /), { timeout: patienceMs, interval: 20 });
  const isGone = () => {
    try {
      process.kill(Number(lines()[0]?.slice(3)), 0);
      return false;
    } catch {
      return true;
    }
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('OPS-1: gets %s once and gives its exit code', async (signal) => {
    const { child, ended } = startScript('run-child.mjs', call);
    await up();
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 7 });
    expect(lines().slice(1)).toEqual([signal]);
    expect(isGone()).toBe(true);
  });

  it('OPS-1: stops in order when what started it is killed hard', async () => {
    const { child, ended } = startScript('run-child.mjs', call);
    await up();
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    await vi.waitFor(() => expect(isGone()).toBe(true), { timeout: patienceMs, interval: 20 });
    expect(lines().slice(1)).toEqual(['SIGTERM']);
  });

  it.skipIf(process.platform !== 'linux')('OPS-1: stops in order when npm is killed hard', async () => {
    // As npm does it: a shell between npm and the script. The second command keeps the shell from becoming the script.
    const script = `import(${JSON.stringify(runChild)}).then((script) => ${call.replace('node,', 'process.execPath,')})`;
    writeFileSync(join(folder, 'bootstrap.mjs'), script);
    const npm = `require('node:child_process').spawn('sh', ['-c', '"$0" "$1"; true', process.execPath, ${JSON.stringify(join(folder, 'bootstrap.mjs'))}])`;
    const child = spawn(process.execPath, ['-e', npm], { env: { ...process.env, npm_lifecycle_event: 'start' } });
    await up();
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(isGone()).toBe(true), { timeout: patienceMs, interval: 20 });
    expect(lines().slice(1)).toEqual(['SIGTERM']);
  });

  it('OPS-1: a child ended by a signal counts as 128 and the signal', async () => {
    const { ended } = startScript('run-child.mjs', call);
    await up();
    process.kill(Number(lines()[0]?.slice(3)), 'SIGKILL');
    expect(await ended).toMatchObject({ code: 137 });
  });
});
