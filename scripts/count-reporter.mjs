// A vitest reporter that writes counts, failed tests with their errors and skipped tests to the file that
// COUNTERSIGN_TEST_RESULT names. Loaded by vitest for run-tests.mjs. A file that does not load and an error outside any test
// count as failures.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const result = {
      passed: 0,
      failed: unhandledErrors.map((error) => ({ file: null, title: 'outside any test', errors: [inWords(error)] })),
      skipped: [],
    };
    for (const testModule of testModules) {
      const file = testModule.relativeModuleId;
      for (const test of testModule.children.allTests()) count(result, file, test);
      for (const suite of [testModule, ...testModule.children.allSuites()])
        for (const error of suite.errors())
          result.failed.push({ file, title: suite.fullName ?? 'the file', errors: [inWords(error)] });
    }
    const target = process.env.COUNTERSIGN_TEST_RESULT;
    if (target !== undefined) writeFileSync(target, JSON.stringify(result));
  }
}

function count(result, file, test) {
  const outcome = test.result();
  if (outcome.state === 'passed') result.passed += 1;
  else if (outcome.state === 'failed')
    result.failed.push({ file, title: test.fullName, errors: (outcome.errors ?? []).map(inWords) });
  else
    result.skipped.push({
      file,
      title: test.fullName,
      reason: outcome.note ?? (outcome.state === 'pending' ? 'not run' : null),
    });
}

/** Message, the place in the test, and the difference where there is one; bounded, for it is read at the end of a long log. */
function inWords(error) {
  const place = (error.stack ?? '').split('\n').find((line) => /\/test\/.*\.tsx?:\d+/.test(line));
  return [error.message ?? String(error), place?.trim(), error.diff]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n')
    .slice(0, 2_000);
}
