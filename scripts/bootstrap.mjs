// The door behind every npm script: installs what is missing, then runs the asked part on the pinned Node.js.
// Called by package.json as `node scripts/bootstrap.mjs <start|test|check|bench|faults> [args]` on any Node.js from 20 on.
// Writes only where git ignores (node_modules, hmi-web/dist) and in the temporary folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildHmiIfStale } from './build-hmi.mjs';
import { runChecks } from './check-all.mjs';
import { ensureInstalled } from './install-dependencies.mjs';
import { projectFolder, StartRefused, say } from './project.mjs';
import { runPinned } from './run-child.mjs';
import { runTests } from './run-tests.mjs';

const parts = {
  start: async (node, args) => {
    await buildHmiIfStale(node);
    return runPinned(node, ['gateway/cli/demo.ts', ...args]);
  },
  test: async (node, args) => {
    await buildHmiIfStale(node);
    return runTests(node, args);
  },
  check: (node) => runChecks(node),
  bench: async (node, args) => {
    await buildHmiIfStale(node);
    return runPinned(node, ['test/bench/run.ts', ...args]);
  },
  faults: async (node, args) => {
    await buildHmiIfStale(node);
    return runPinned(node, ['test/faults/run.ts', ...args]);
  },
};

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (part === undefined) {
    say(`Usage: node scripts/bootstrap.mjs <${Object.keys(parts).join('|')}> [arguments]`);
    return 2;
  }
  const major = Number.parseInt(process.versions.node, 10);
  if (major < 20) throw new StartRefused(`Node.js 20 or later is needed to start; this is ${process.versions.node}.`);
  if (!existsSync(join(projectFolder, 'package-lock.json')))
    throw new StartRefused('package-lock.json is missing: this is not a complete clone.');
  return part(await ensureInstalled(), args);
}

try {
  process.exitCode = await main();
} catch (fault) {
  say(fault instanceof StartRefused ? fault.message : (fault?.stack ?? String(fault)));
  process.exitCode = 1;
}
