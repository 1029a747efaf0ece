// A vitest reporter that writes counts and skipped tests, with reasons, to the file COUNTERSIGN_TEST_RESULT names.
// Loaded by vitest for run-tests.mjs. A file that does not load and an error outside any test count as failures.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const result = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) count(result, testModule, test);
      for (const suite of [testModule, ...testModule.children.allSuites()]) result.failed += suite.errors().length;
    }
    const file = process.env.COUNTERSIGN_TEST_RESULT;
    if (file !== undefined) writeFileSync(file, JSON.stringify(result));
  }
}

function count(result, testModule, test) {
  const outcome = test.result();
  if (outcome.state === 'passed') result.passed += 1;
  else if (outcome.state === 'failed') result.failed += 1;
  else
    result.skipped.push({
      title: `${testModule.relativeModuleId} > ${test.fullName}`,
      reason: outcome.note ?? (outcome.state === 'pending' ? 'not run' : 'no reason given'),
    });
}
