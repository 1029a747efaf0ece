// `npm run check`: format and lint, types, type-aware lint, import directions. Called by bootstrap.mjs.
// Runs all of them, so that one report names everything that is wrong.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectFolder } from './project.mjs';
import { runPinned } from './run-child.mjs';

/** Biome asks git which files are ignored; outside a working tree it would refuse. Into a file it writes no colours. */
function biomeArguments() {
  const git = spawnSync('git', ['rev-parse', '--is-inside-work-tree'], { cwd: projectFolder, stdio: 'ignore' });
  return [...(git.status === 0 ? [] : ['--vcs-enabled=false']), ...(process.stdout.isTTY ? [] : ['--colors=off'])];
}

const bin = (...path) => join('node_modules', ...path);
const steps = [
  { name: 'format and lint (Biome)', args: [bin('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.', ...biomeArguments()] },
  { name: 'types (tsc)', args: [bin('typescript', 'bin', 'tsc'), '--noEmit'] },
  { name: 'type-aware lint (oxlint)', args: [bin('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings', '.'] },
  { name: 'import directions', args: [join('test', 'architecture', 'check-imports.ts')] },
];

/** 0 when every step holds, else 1. */
export async function runChecks(node) {
  const failed = [];
  for (const step of steps) {
    process.stdout.write(`\n── ${step.name}\n`);
    if ((await runPinned(node, step.args)) !== 0) failed.push(step.name);
  }
  process.stdout.write(failed.length === 0 ? '\ncheck: all held\n' : `\ncheck: FAILED: ${failed.join('; ')}\n`);
  return failed.length === 0 ? 0 : 1;
}
