// `countersign check` as its user runs it: a process of its own, judged by what it prints and its exit code.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../../bin/countersign.mjs', import.meta.url));
const demoConfig = fileURLToPath(new URL('../../../config/demo', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-check-'));
  cpSync(demoConfig, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runCheck(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'check', ...args], (fault, out, err) => {
      resolve({ code: fault === null ? 0 : Number(fault.code), out, err });
    });
  });
}

describe('countersign check', () => {
  test('OPS-2: finds the demo plant’s configuration good, and says what is in it', async () => {
    const answer = await runCheck('--config', folder, '--json');
    expect(answer).toMatchObject({ code: 0, err: '' });
    const said = JSON.parse(answer.out);
    expect(said).toMatchObject({ ok: true, areas: 3, connections: 2 });
    expect(said.tags).toBeGreaterThan(10);
  });

  test('OPS-2: names every mistake with file, line, column and what to write instead', async () => {
    const file = join(folder, 'tags.yaml');
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines.findIndex((text) => /^\s+unit: /.test(text));
    expect(line).toBeGreaterThan(0);
    lines[line] = (lines[line] ?? '').replace('unit:', 'unti:');
    writeFileSync(file, lines.join('\n'));
    const answer = await runCheck('--config', folder);
    expect(answer.code).toBe(1);
    expect(answer.out).toMatch(new RegExp(`^tags\\.yaml:${line + 1}:[0-9]+: .*unti.*unit`, 'm'));
  });

  test('is asked wrongly without a folder, and says that a folder is not there', async () => {
    expect(await runCheck()).toMatchObject({ code: 2, out: '' });
    const answer = await runCheck('--config', join(folder, 'nowhere'));
    expect(answer.code).toBe(1);
    expect(answer.out).toContain('There is no such folder.');
  });
});
