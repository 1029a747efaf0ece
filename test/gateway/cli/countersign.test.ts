// The manners that all sub-commands share (interfaces.md, "CLI"), asked of each that the overview names, in this process.
import { expect, it } from 'vitest';
import { onCommandLine as run } from '../../support/command-line.ts';

/** The sub-commands that an overview lists, each by its words. */
const listed = (overview: string): string[] =>
  overview.split('\n').flatMap((line) => /^ {2}([a-z-]+(?: [a-z-]+)?) +\S/.exec(line)?.[1] ?? []);

it('OPS-1: each sub-command, and each group of them, has --help: its usage on standard output, exit 0', async () => {
  const overview = await run('--help');
  expect(overview).toMatchObject({ code: 0, err: '' });
  const names = listed(overview.out);
  expect(names).toEqual(expect.arrayContaining(['demo', 'backup', 'witness', 'witness init', 'audit export']));
  for (const name of names) {
    const help = await run(...name.split(' '), '--help');
    expect([name, help.code, help.err]).toEqual([name, 0, '']);
    expect(help.out).toMatch(new RegExp(`^Usage: countersign ${name}\\b`));
  }
  const audit = await run('audit', '--help');
  expect(audit).toMatchObject({ code: 0, err: '' });
  expect(audit.out).toMatch(/^Usage: countersign audit <sub-command>/);
  expect(listed(audit.out)).toEqual(names.filter((name) => name.startsWith('audit ')));
});

it('OPS-1: what is no sub-command is exit 2, and a group alone says what there is', async () => {
  expect(await run('audit')).toMatchObject({ code: 2, out: (await run('audit', 'help')).out });
  for (const words of [
    ['audits'],
    ['audit', 'exports'],
    ['audit', 'exports', '--help'],
    ['constructor'],
    ['demo-', '--help'],
  ])
    expect(await run(...words)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('no sub-command') });
});
