// Mistakes that every file of the configuration can have: a name twice, a field that a schema refuses. Called by
// build-plant.ts for what it reads from the files.
import type { z } from 'zod';
import type { ConfigurationMistake } from './mistake.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

export function requireUnique(
  names: readonly string[],
  pathOf: (index: number) => Path,
  file: LoadedFile<unknown>,
  mistakes: ConfigurationMistake[],
): void {
  const seen = new Set<string>();
  names.forEach((name, index) => {
    if (seen.has(name))
      mistakes.push(
        file.mistakeAt(pathOf(index), `"${name}" stands here a second time.`, 'Rename or remove one of the two.'),
      );
    seen.add(name);
  });
}

export function pushIssues(
  file: LoadedFile<unknown>,
  at: Path,
  error: z.ZodError,
  mistakes: ConfigurationMistake[],
): void {
  for (const issue of error.issues) {
    const inner = issue.path.filter((step): step is string | number => typeof step !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        mistakes.push(
          file.mistakeAt(
            [...at, ...inner, key],
            `The field "${key}" is not known here.`,
            'Remove it, or see docs for the protocol.',
          ),
        );
    } else {
      const name = inner.at(-1) ?? at.at(-1);
      mistakes.push(
        file.mistakeAt(
          [...at, ...inner],
          `"${String(name)}" is wrong: ${issue.message}.`,
          'See docs for the protocol.',
        ),
      );
    }
  }
}
