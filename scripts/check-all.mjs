// `npm run check`: format and lint, types, type-aware lint, import directions. Called by bootstrap.mjs.
// Runs all of them, so that one report names everything that is wrong.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectFolder } from './project.mjs';
import { runPinned } from './run-child.mjs';

const bin = (...path) => join('node_modules', ...path);
const steps = [
  { name: 'format and lint (Biome)', args: [bin('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.'] },
  { name: 'types (tsc)', args: [bin('typescript', 'bin', 'tsc'), '--noEmit'] },
  { name: 'type-aware lint (oxlint)', args: [bin('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings', '.'] },
  { name: 'import directions', args: [join('test', 'architecture', 'check-imports.ts')] },
];

/** 0 when every step holds, else 1. */
export async function runChecks(node) {
  // Biome asks git which files are ignored; outside a working tree it would look at everything.
  const inGit = spawnSync('git', ['rev-parse', '--is-inside-work-tree'], { cwd: projectFolder }).status === 0;
  const failed = [];
  for (const step of steps) {
    process.stdout.write(`\n── ${step.name}\n`);
    const extra = step.args[1] === 'ci' && !inGit ? ['--vcs-enabled=false'] : [];
    if ((await runPinned(node, [...step.args, ...extra])) !== 0) failed.push(step.name);
  }
  process.stdout.write(failed.length === 0 ? '\ncheck: all held\n' : `\ncheck: FAILED: ${failed.join('; ')}\n`);
  return failed.length === 0 ? 0 : 1;
}
