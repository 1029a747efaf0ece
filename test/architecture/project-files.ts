// Finds and reads the project's own source files for the architecture's checks, from the working tree as it is.
// Called by check-imports.ts and the tests beside it. Looks at nothing that is built or installed.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSource, type Source } from './read-source.ts';

export const projectFolder = resolve(import.meta.dirname, '..', '..');
const skipped = new Set(['node_modules', 'dist', 'data']);

/** Paths from the project's root, with `/`, of all files below the given folders whose name ends in one of `endings`. */
export function filesBelow(folders: readonly string[], endings: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    entriesOf(folder).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (skipped.has(entry.name) || entry.name.startsWith('.')) return [];
      if (entry.isDirectory()) return filesBelow([path], endings);
      return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
    }),
  );
}

export function readProjectFile(path: string): string {
  return readFileSync(join(projectFolder, path), 'utf8');
}

/** All TypeScript of the product, parsed. */
export function productSources(): readonly Source[] {
  return filesBelow(['gateway', 'hmi-web', 'simulators'], ['.ts', '.tsx']).map((path) =>
    readSource(path, readProjectFile(path)),
  );
}

function entriesOf(folder: string) {
  return readdirSync(join(projectFolder, folder), { withFileTypes: true });
}
