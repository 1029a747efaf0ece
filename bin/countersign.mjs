#!/usr/bin/env node
// The command `countersign`, on whatever Node.js the machine has from 20 on: runs gateway/cli/countersign.ts on the pinned
// Node.js of node_modules. Holds no logic of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const entry = new URL('../gateway/cli/countersign.ts', import.meta.url);
const pinned = fileURLToPath(
  new URL(`../node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
);
const args = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) >= 24) {
  const { countersign } = await import(entry.href);
  process.exitCode = await countersign(args, process.env);
} else if (!existsSync(pinned)) {
  process.stderr.write('countersign: its packages are not installed; run npm install in its folder first\n');
  process.exitCode = 1;
} else {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
