// `npm test` ends with one plain line that counts, and names what it skipped.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startScript } from './script-driver.ts';

describe('the count at the end of npm test', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-run-tests-'));
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      `export default { test: { globals: true, root: ${JSON.stringify(folder)} } };`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (files: { readonly [name: string]: string }) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const args = ['--root', folder, '--config', join(folder, 'vitest.config.mjs')];
    return startScript('run-tests.mjs', `script.runTests(node, ${JSON.stringify(args)})`).ended;
  };

  it('VAL-1: counts what passed, and says why something was skipped', async () => {
    const { code, output } = await run({
      'a.test.js': `test('holds', () => {}); test('needs more', (context) => context.skip('no database here'));`,
    });
    expect(output).toMatch(/^skipped: 1 of a\.test\.js > needs more \(no database here\)$/m);
    expect(output.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed, 1 skipped');
    expect(code).toBe(0);
  });

  it('VAL-1: a failing test, a file that does not load and a lost rejection are all failures', async () => {
    const { code, output } = await run({
      'a.test.js': `test('holds', () => {}); test('does not', () => expect(1).toBe(2));`,
      'b.test.js': `throw new Error('no file');`,
      'c.test.js': `test('leaves a rejection', async () => { Promise.reject(new Error('lost')); await new Promise(setImmediate); });`,
    });
    expect(output.trimEnd().split('\n').at(-1)).toBe('2 passed, 3 failed');
    expect(output).toMatch(/^FAILED: a\.test\.js > does not\n {4}expected 1 to be 2/m);
    expect(output).toMatch(/^FAILED: b\.test\.js > .*\n {4}no file$/m);
    expect(code).toBe(1);
  });

  /** Fails in the first run of its file, holds in the second. */
  const holdsTheSecondTime = `import { existsSync, writeFileSync } from 'node:fs';
    const mark = new URL('./ran-before', import.meta.url);
    const again = existsSync(mark);
    writeFileSync(mark, '');`;

  it('VAL-1: what fails beside other files is run once more by itself, and counted apart from what passed', async () => {
    const { code, output } = await run({
      'a.test.js': `${holdsTheSecondTime} test('holds then', () => expect(again).toBe(true)); test('holds', () => {});`,
      'b.test.js': `test('holds', () => {});`,
    });
    expect(output).toMatch(/^UNSTEADY[^:]*: a\.test\.js > holds then\n {4}expected false to be true/m);
    expect(output.trimEnd().split('\n').at(-1)).toBe('2 passed, 0 failed, 1 unsteady');
    expect(code).toBe(0);
  });

  it('VAL-1: so is a file that could not be set up once, or whose process died; what it did not come to is not called skipped', async () => {
    const { code, output } = await run({
      'a.test.js': `${holdsTheSecondTime} beforeAll(() => { if (!again) throw new Error('no database'); }); test('one', () => {}); test('two', () => {});`,
    });
    expect(output).toMatch(/^UNSTEADY[^:]*: a\.test\.js > .*\n {4}no database$/m);
    expect(output.trimEnd().split('\n').at(-1)).toBe('2 passed, 0 failed, 1 unsteady');
    expect(code).toBe(0);
    rmSync(join(folder, 'ran-before'));
    const died = await run({
      'a.test.js': `${holdsTheSecondTime} test('one', async () => { if (!again) { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); } });`,
    });
    expect(died.output).toMatch(/^UNSTEADY[^:]*: a\.test\.js > its process ended in the middle\n {4}/m);
    expect(died.output.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed, 1 unsteady');
    expect(died.code).toBe(0);
  });

  it('VAL-1: what fails again has failed', async () => {
    const { code, output } = await run({
      'a.test.js': `${holdsTheSecondTime} test('holds then', () => expect(again).toBe(true)); test('does not', () => expect(1).toBe(2));`,
    });
    expect(output).toMatch(/^UNSTEADY[^:]*: a\.test\.js > holds then$/m);
    expect(output).toMatch(/^FAILED: a\.test\.js > does not$/m);
    expect(output.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed, 1 unsteady');
    expect(code).toBe(1);
  });

  it('VAL-1: a fault run that contradicts is never asked a second time, whatever else is', async () => {
    mkdirSync(join(folder, 'test', 'faults'), { recursive: true });
    const { code, output } = await run({
      'test/faults/fault-run.test.js': `${holdsTheSecondTime} test('contradicts nothing', () => expect(again).toBe(true));`,
      'a.test.js': `${holdsTheSecondTime} test('holds then', () => expect(again).toBe(true));`,
    });
    expect(output).toMatch(/^FAILED: test\/faults\/fault-run\.test\.js > contradicts nothing$/m);
    expect(output.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed, 1 unsteady');
    expect(code).toBe(1);
  });

  it('VAL-1: finding no test at all is a failure', async () => {
    const { code, output } = await run({});
    expect(code).toBe(1);
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^0 passed, 1 failed$/);
  });
});
