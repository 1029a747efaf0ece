// Runs vitest and ends with two things that its own output lacks: every skipped test with its reason, and one plain line
// `N passed, N failed[, N skipped]` that a CI can read. Called by bootstrap.mjs; extra arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPinned } from './run-child.mjs';

const reporter = fileURLToPath(new URL('./count-reporter.mjs', import.meta.url));

/** Vitest's exit code; 1 where it left no result behind. */
export async function runTests(node, args) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tests-'));
  const resultFile = join(folder, 'result.json');
  try {
    const own = args.some((argument) => argument.startsWith('--reporter')) ? [] : ['--reporter=default'];
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const code = await runPinned(node, [vitest, 'run', ...own, `--reporter=${reporter}`, ...args], {
      COUNTERSIGN_TEST_RESULT: resultFile,
    });
    const result = readResult(resultFile);
    if (result === undefined) {
      process.stdout.write('\nVitest ended without a result.\n0 passed, 1 failed\n');
      return code === 0 ? 1 : code;
    }
    for (const { title, reason } of result.skipped) process.stdout.write(`skipped: ${title} (${reason})\n`);
    const skipped = result.skipped.length > 0 ? `, ${result.skipped.length} skipped` : '';
    // Vitest may fail for another reason than a test (none was found): line and exit code must not disagree.
    const failed = code === 0 ? result.failed : Math.max(1, result.failed);
    process.stdout.write(`\n${result.passed} passed, ${failed} failed${skipped}\n`);
    return code === 0 && failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    if (fault.code === 'ENOENT') return undefined;
    throw fault;
  }
}
