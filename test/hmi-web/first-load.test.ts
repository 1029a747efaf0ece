// What a browser fetches before the first process screen stands with its trends: compressed, from the built files
// (performance.md, "page"). A library that only the gateway needs shows here first.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFile } from './support/project-file.ts';

const folder = projectFile('hmi-web/dist/assets');
const mostBytes = 200_000;

/** A script with all that it imports on loading; what it imports when it is needed is not among them. */
function withImports(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(join(folder, name), 'utf8');
  for (const [, imported] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g))
    if (imported !== undefined) withImports(imported, found);
  return found;
}

test('HMI-1: the first load is at most 200 KB of compressed script', () => {
  const files = readdirSync(folder);
  const first = ['index', 'frame', 'live-link', 'start', 'process', 'small-trend'].map((page) => {
    const file = files.find((name) => name.startsWith(`${page}-`) && name.endsWith('.js'));
    if (file === undefined) throw new Error(`No script of ${page} in hmi-web/dist: run \`npm test\`, which builds it.`);
    return file;
  });
  const loaded = new Set(first.flatMap((file) => [...withImports(file)]));
  // What is too small to compress is sent as it is.
  const size = (name: string) => statSync(join(folder, files.includes(`${name}.gz`) ? `${name}.gz` : name)).size;
  const bytes = [...loaded].reduce((sum, name) => sum + size(name), 0);
  expect(loaded.size).toBeGreaterThan(8);
  expect(bytes).toBeLessThanOrEqual(mostBytes);
});
