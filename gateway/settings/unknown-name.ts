// The mistake of naming something that is nowhere defined, with what was probably meant. Used by the checks in settings/.
import { type ConfigurationMistake, nearest } from './mistake.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

export function unknownName(
  file: LoadedFile<unknown>,
  at: Path,
  kind: string,
  name: string,
  known: readonly string[],
): ConfigurationMistake {
  const near = nearest(name, known);
  const list = known.length <= 12 ? `Known are: ${known.join(', ')}.` : 'Define it first.';
  return file.mistakeAt(at, `There is no ${kind} "${name}".`, near === null ? list : `Did you mean "${near}"?`);
}
