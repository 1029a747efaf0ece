// The manners of style.md that a machine can check: opening comments, names, barrels, titles of tests, paths in the docs.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, productSources, projectFolder, readProjectFile } from './project-files.ts';
import { readSource } from './read-source.ts';
import { claimedRequirements, isRequirement } from './requirement-numbers.ts';

const code = filesBelow(['gateway', 'hmi-web', 'simulators', 'test', 'scripts', 'bin'], ['.ts', '.tsx', '.mjs']);

/** Lines of comment at the top of a file, after a `#!` line. */
function openingLines(text: string): number {
  const lines = text.split('\n');
  const first = lines[0]?.startsWith('#!') === true ? 1 : 0;
  const end = lines.findIndex((line, index) => index >= first && !line.startsWith('//'));
  return (end === -1 ? lines.length : end) - first;
}

function isForbiddenName(path: string): boolean {
  return path
    .split(/[/.]/)
    .some((part) => /^(.*-)?(utils?|helpers?|common|managers?|services?|misc)(-.*)?$/.test(part));
}

describe('manners of the code', () => {
  it('each file opens with a comment that says what it is for', () => {
    expect(openingLines('// what for\nimport x;')).toBe(1);
    expect(openingLines('#!/usr/bin/env node\n// what for\n// who calls it\n')).toBe(2);
    expect(openingLines('import x;')).toBe(0);
    // A test file says what it is for in its titles.
    const files = code.filter((path) => !/\.test\.tsx?$/.test(path));
    expect(files.filter((path) => openingLines(readProjectFile(path)) === 0)).toEqual([]);
  });

  it('files are named in kebab-case by what they hold, never by category', () => {
    expect(['gateway/http/utils.ts', 'gateway/audit/log-manager.ts', 'test/common/x.ts'].map(isForbiddenName)).toEqual([
      true,
      true,
      true,
    ]);
    expect(isForbiddenName('gateway/contract/audit-record.ts')).toBe(false);
    expect(code.filter(isForbiddenName)).toEqual([]);
    const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/;
    expect(code.filter((path) => !name.test(path.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it('there is no barrel', () => {
    expect(readSource('a.ts', `export * from './b.ts';`).onlyReExports).toBe(true);
    expect(readSource('a.ts', `export { b } from './b.ts'; export const c = 1;`).onlyReExports).toBe(false);
    expect(productSources().filter((source) => source.onlyReExports || /\/index\.tsx?$/.test(source.path))).toEqual([]);
  });

  it('docs name only files that exist', () => {
    const missing = filesBelow(['docs'], ['.md']).flatMap((document) =>
      pathsNamedIn(readProjectFile(document))
        .filter((path) => !existsSync(join(projectFolder, path)))
        .map((path) => `${document}: ${path}`),
    );
    expect(pathsNamedIn('see `gateway/nowhere.ts`, `docs/x.md` and `npm start`')).toEqual([
      'gateway/nowhere.ts',
      'docs/x.md',
    ]);
    expect(missing).toEqual([]);
  });

  it('links in the docs lead somewhere', () => {
    const documents = [...filesBelow(['docs'], ['.md']), 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
    const missing = documents.flatMap((document) =>
      linksIn(readProjectFile(document))
        .map((link) => join(dirname(document), link))
        .filter((path) => !existsSync(join(projectFolder, path)))
        .map((path) => `${document}: ${path}`),
    );
    expect(linksIn('[a](x/y.md#part), [b](https://z) ![c](d.png)')).toEqual(['x/y.md', 'd.png']);
    expect(missing).toEqual([]);
  });

  it('a title that claims a requirement names one that exists', () => {
    expect(claimedRequirements('SIG-3: asks for both')).toEqual(['SIG-3']);
    expect(claimedRequirements('SIG-3, IDN-99: asks')).toEqual(['SIG-3', 'IDN-99']);
    expect(claimedRequirements('AES-256 and UTF-8 are no claims')).toEqual([]);
    expect(isRequirement('IDN-99')).toBe(false);
    const tests = filesBelow(['test'], ['.test.ts', '.test.tsx']).filter(
      (path) => !path.startsWith('test/architecture/'),
    );
    const claims = tests.flatMap((path) =>
      titlesIn(readProjectFile(path)).flatMap((title) => claimedRequirements(title).map((claim) => ({ path, claim }))),
    );
    expect(claims.filter(({ claim }) => !isRequirement(claim))).toEqual([]);
    expect(claims.length).toBeGreaterThan(0);
  });
});

function pathsNamedIn(markdown: string): readonly string[] {
  const named = markdown.match(/`(gateway|hmi-web|simulators|test|scripts|bin|config|docs)\/[\w./-]+`/g) ?? [];
  return named.map((path) => path.slice(1, -1));
}

/** Targets of relative links and images. */
function linksIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link));
}

/** Titles written as a literal after it(, test( or describe(, in any of their forms. */
function titlesIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:it|test|describe)\b[^\n'"`]*(?:\n\s*)?(['"`])([^\n]*?)\1/g)].map(
    (match) => match[2] ?? '',
  );
}
