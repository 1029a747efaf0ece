// Runs vitest and ends with what its own output lacks: what was skipped and why, what failed and how, and one plain line
// `N passed, N failed[, N skipped]` that a CI can read. Called by bootstrap.mjs; extra arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPinned } from './run-child.mjs';

const reporter = fileURLToPath(new URL('./count-reporter.mjs', import.meta.url));

/** Where these fail there is nothing to try again: one contradiction in a thousand commands is the finding. */
const neverAgain = /(^|\/)test\/faults\//;
const mostFilesAgain = 6;

/** Vitest's exit code, 0 where what failed held by itself; 1 where it left no result behind. */
export async function runTests(node, args) {
  const first = await runOnce(node, args);
  if (first.result === undefined) {
    process.stdout.write('\nVitest ended without a result.\n0 passed, 1 failed\n');
    return first.code === 0 ? 1 : first.code;
  }
  const again = filesToRunAgain(first.result);
  // Two cores carry database, browser and simulators of two files: what fails for that alone has to hold by itself, and is
  // named and counted apart all the same.
  const second = again.size === 0 ? undefined : await runOnce(node, [...args, ...again, '--maxWorkers=1']);
  return second?.result === undefined ? tell(first, undefined, new Set()) : tell(first, second, again);
}

/** Files with a failure; none where so much failed, or outside any file, that one more try is no chance. */
function filesToRunAgain({ files, elsewhere }) {
  const failing = files.filter(({ failed }) => failed.length > 0).map(({ file }) => file);
  const mayHold = failing.filter((file) => !neverAgain.test(file));
  return new Set(elsewhere.length > 0 || mayHold.length > mostFilesAgain ? [] : mayHold);
}

/** Of the files in `again` the second run tells how they stand; a test of theirs that failed before is unsteady at best. */
function tell(first, second, again) {
  const before = first.result.files.filter(({ file }) => again.has(file));
  const standing = [
    ...first.result.files.filter(({ file }) => !again.has(file)),
    ...(second?.result.files.filter(({ file }) => again.has(file)) ?? []),
  ];
  const failed = [
    ...each(standing, 'failed'),
    ...[...first.result.elsewhere, ...(second?.result.elsewhere ?? [])].map((error) => ({
      file: '',
      title: 'outside any test',
      errors: [error],
    })),
  ];
  const still = new Set(failed.map(keyOf));
  const unsteady = each(before, 'failed').filter((one) => !still.has(keyOf(one)));
  const shaken = new Set(unsteady.map(keyOf));
  const passed = standing.flatMap(({ file, passed: titles }) =>
    titles.filter((title) => !shaken.has(`${file} > ${title}`)),
  );
  const skipped = each(standing, 'skipped');

  tellSkipped(skipped);
  tellFailed('UNSTEADY (failed beside other files, held by itself)', unsteady);
  tellFailed('FAILED', failed);
  // Vitest may fail for another reason than a test (none was found): line and exit code must not disagree.
  const held = first.code === 0 || (second?.code === 0 && failed.length === 0);
  const failures = held ? failed.length : Math.max(1, failed.length);
  const counts = [`${passed.length} passed`, `${failures} failed`];
  if (unsteady.length > 0) counts.push(`${unsteady.length} unsteady`);
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  process.stdout.write(`\n${counts.join(', ')}\n`);
  return failures === 0 ? 0 : first.code || 1;
}

const each = (files, what) => files.flatMap(({ file, [what]: ones }) => ones.map((one) => ({ file, ...one })));
const keyOf = ({ file, title }) => `${file} > ${title}`;

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
    process.stdout.write(`\n${word}: ${file} > ${title}\n`);
    for (const error of errors) process.stdout.write(`${error.replaceAll(/^/gm, '    ')}\n`);
  }
}

/** None where vitest wrote none, or was ended while it wrote. */
function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    if (fault.code === 'ENOENT' || fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}
