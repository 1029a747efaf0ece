// Runs vitest and ends with what its own output lacks: what was skipped and why, what failed and how, and one plain line
// `N passed, N failed[, N skipped]` that a CI can read. Called by bootstrap.mjs; extra arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPinned } from './run-child.mjs';

const reporter = fileURLToPath(new URL('./count-reporter.mjs', import.meta.url));

/** Where these fail there is nothing to try again: one contradiction in a thousand commands is the finding. */
const neverAgain = /(^|\/)faults?\b/;
const mostFilesAgain = 6;

/** Vitest's exit code, 0 where what failed held by itself; 1 where it left no result behind. */
export async function runTests(node, args) {
  const first = await runOnce(node, args);
  if (first.result === undefined) {
    process.stdout.write('\nVitest ended without a result.\n0 passed, 1 failed\n');
    return first.code === 0 ? 1 : first.code;
  }
  const { passed, skipped } = first.result;
  let { failed } = first.result;
  let { code } = first;
  let unsteady = [];
  // Two cores carry database, browser and simulators of two files: a test of what people see in time may fail for that
  // alone. By itself it has to hold, and it is named all the same.
  const files = filesToRunAgain(failed);
  if (code !== 0 && files.length > 0) {
    const again = await runOnce(node, [...args, ...files, '--maxWorkers=1']);
    if (again.result !== undefined && (again.code === 0 || again.result.failed.length > 0)) {
      const still = new Set(again.result.failed.map(({ file, title }) => `${file} > ${title}`));
      unsteady = failed.filter(({ file, title }) => !still.has(`${file} > ${title}`));
      failed = again.result.failed;
      code = again.code;
    }
  }
  tellSkipped(skipped);
  tellFailed('UNSTEADY', unsteady);
  tellFailed('FAILED', failed);
  // Vitest may fail for another reason than a test (none was found): line and exit code must not disagree.
  const failures = code === 0 ? failed.length : Math.max(1, failed.length);
  const counts = [`${passed + unsteady.length} passed`, `${failures} failed`];
  if (unsteady.length > 0) counts.push(`${unsteady.length} unsteady`);
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  process.stdout.write(`\n${counts.join(', ')}\n`);
  return code === 0 && failures > 0 ? 1 : code;
}

/** Files of the failed tests; none where one failure is final anyway, or where so much failed that it is no chance. */
function filesToRunAgain(failed) {
  const files = [...new Set(failed.map(({ file }) => file))];
  const final = files.some((file) => file === null || neverAgain.test(file));
  return final || files.length > mostFilesAgain ? [] : files;
}

async function runOnce(node, args) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tests-'));
  const resultFile = join(folder, 'result.json');
  try {
    const own = args.some((argument) => argument.startsWith('--reporter')) ? [] : ['--reporter=default'];
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const code = await runPinned(node, [vitest, 'run', ...own, `--reporter=${reporter}`, ...args], {
      COUNTERSIGN_TEST_RESULT: resultFile,
    });
    return { code, result: readResult(resultFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file whose tests were skipped together is one line; the reason stands in their common title or beside it. */
function tellSkipped(skipped) {
  const groups = new Map();
  for (const { file, title, reason } of skipped) {
    const [suite] = title.split(' > ');
    const line = `${file} > ${title.includes(' > ') ? suite : title}${reason === null ? '' : ` (${reason})`}`;
    groups.set(line, (groups.get(line) ?? 0) + 1);
  }
  for (const [line, tests] of groups) process.stdout.write(`skipped: ${tests} of ${line}\n`);
}

/** Once more at the end, where a log that was cut still has them. */
function tellFailed(word, failed) {
  for (const { file, title, errors } of failed) {
    process.stdout.write(`\n${word}: ${file ?? ''} > ${title}\n`);
    for (const error of errors) process.stdout.write(`${error.replaceAll(/^/gm, '    ')}\n`);
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
