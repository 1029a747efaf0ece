// A vitest reporter that writes what became of each file's tests to the file that COUNTERSIGN_TEST_RESULT names. Loaded by
// vitest for run-tests.mjs. A file that does not load, one whose process ended in the middle, and an error outside any test
// are failures: of their file where it is known, else of nobody (`elsewhere`).
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const ended = new Set(['passed', 'failed', 'skipped']);

export default class CountReporter {
  #root = process.cwd();

  onInit(vitest) {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(testModules, unhandledErrors) {
    const files = new Map(testModules.map((testModule) => [testModule.relativeModuleId, resultOf(testModule)]));
    const cutShort = testModules.filter((testModule) => !ended.has(testModule.state()));
    const elsewhere = [];
    for (const error of unhandledErrors) {
      const own = files.get(relative(this.#root, error.VITEST_TEST_PATH ?? ''));
      if (own === undefined) elsewhere.push(inWords(error));
      else own.failed.push({ title: `outside any test, during ${error.VITEST_TEST_NAME}`, errors: [inWords(error)] });
    }
    // When a file's process dies vitest names no file: it is one of those that have no end.
    for (const { relativeModuleId } of cutShort)
      files.get(relativeModuleId)?.failed.push({ title: 'its process ended in the middle', errors: elsewhere });
    const result = { files: [...files.values()], elsewhere: cutShort.length > 0 ? [] : elsewhere };
    const target = process.env.COUNTERSIGN_TEST_RESULT;
    if (target !== undefined) writeFileSync(target, JSON.stringify(result));
  }
}

function resultOf(testModule) {
  const result = { file: testModule.relativeModuleId, passed: [], failed: [], skipped: [] };
  for (const test of testModule.children.allTests()) count(result, test);
  for (const suite of [testModule, ...testModule.children.allSuites()])
    for (const error of suite.errors())
      result.failed.push({ title: suite.fullName ?? 'the file', errors: [inWords(error)] });
  return result;
}

function count({ passed, failed, skipped }, test) {
  const outcome = test.result();
  if (outcome.state === 'passed') passed.push(test.fullName);
  else if (outcome.state === 'failed')
    failed.push({ title: test.fullName, errors: (outcome.errors ?? []).map(inWords) });
  else
    skipped.push({
      title: test.fullName,
      reason: outcome.note ?? (outcome.state === 'pending' ? 'not run' : null),
    });
}

/** Message, the place in the test, and the difference where there is one; bounded, for it is read at the end of a long log. */
function inWords(error) {
  const place = (error.stack ?? '').split('\n').find((line) => /\/test\/.*\.tsx?:\d+/.test(line));
  return [error.message ?? String(error), error.cause?.message, place?.trim(), error.diff]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n')
    .slice(0, 2_000);
}
