import { defineConfig } from 'vitest/config';
import { patienceMs } from './test/support/until.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['node_modules/**'],
    // Several waits in one test, each with its own patience, on a machine that is ten times slower: a limit is there to end
    // what hangs, and costs time only then.
    testTimeout: 5 * patienceMs,
    hookTimeout: 5 * patienceMs,
    teardownTimeout: patienceMs,
    // Its own default is one second.
    expect: { poll: { timeout: patienceMs } },
    pool: 'forks',
    maxWorkers: 2,
    // Database, chromium and simulators per file: two files side by side is what two cores carry.
    fileParallelism: true,
  },
});
