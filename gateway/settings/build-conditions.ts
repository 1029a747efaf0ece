// The conditions of a setpoint (CMD-2, CMD-5): permissives on other tags, and what confirms a write. Names are resolved and
// expressions compiled, so that a mistake shows at load and never in front of an operator. Called by build-setpoint.ts.
import type { TagId } from '../contract/ids.ts';
import { askedValueName, type ConditionInput, feedbackName, type Permissive, type Test } from '../plant/condition.ts';
import { asDeviceHolds, sameValue } from '../plant/device-value.ts';
import type { Confirmation } from '../plant/tag.ts';
import { compileCondition, isReservedWord, type VariableType, variableType } from './conditions.ts';
import type { ConfigurationMistake } from './mistake.ts';
import type { TagsFile } from './schemas.ts';
import { unknownName } from './unknown-name.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

type Row = TagsFile['tags'][number];
type Given = NonNullable<Row['setpoint']>;

/** A condition that did not compile: the configuration is refused, and until then it is never met. */
const neverMet: Test = () => false;

export function buildPermissives(
  file: LoadedFile<TagsFile>,
  at: Path,
  row: Row,
  given: Given,
  rows: ReadonlyMap<string, Row>,
  mistakes: ConfigurationMistake[],
): readonly Permissive[] {
  const names = new Set<string>();
  return given.permissives.map((permissive, index): Permissive => {
    const here: Path = [...at, index];
    if (names.has(permissive.name))
      mistakes.push(
        file.mistakeAt([...here, 'name'], `"${permissive.name}" stands here a second time.`, 'Give it another name.'),
      );
    names.add(permissive.name);
    const { reads, variables } = resolveReads(file, [...here, 'reads'], permissive.reads, rows, mistakes);
    variables.set(askedValueName, variableType(row));
    const { when } = permissive;
    return {
      name: permissive.name,
      when: when ?? null,
      remedy: permissive.remedy,
      reads,
      test:
        when === undefined
          ? allGood(reads)
          : // With a tag unknown the expression cannot be judged; that mistake is told already.
            reads.every(({ tag }) => rows.has(tag))
            ? compiled(file, [...here, 'when'], when, variables, mistakes)
            : neverMet,
    };
  });
}

/** When the plant itself moves the setpoint (CMD-11); null where nothing is said. */
export function buildMovedByPlant(
  file: LoadedFile<TagsFile>,
  at: Path,
  given: Given,
  rows: ReadonlyMap<string, Row>,
  mistakes: ConfigurationMistake[],
): Permissive | null {
  if (given.unattributed === undefined) return null;
  const { reads: words, when } = given.unattributed.exceptWhen;
  const { reads, variables } = resolveReads(file, [...at, 'reads'], words, rows, mistakes);
  const known = reads.every(({ tag }) => rows.has(tag));
  const test = known ? compiled(file, [...at, 'when'], when, variables, mistakes) : neverMet;
  return { name: 'moved by the plant', when, remedy: '', reads, test };
}

function resolveReads(
  file: LoadedFile<TagsFile>,
  at: Path,
  words: { readonly [name: string]: TagId },
  rows: ReadonlyMap<string, Row>,
  mistakes: ConfigurationMistake[],
): { readonly reads: readonly ConditionInput[]; readonly variables: Map<string, VariableType> } {
  const variables = new Map<string, VariableType>();
  const reads: ConditionInput[] = [];
  for (const [name, tag] of Object.entries(words)) {
    const source = rows.get(tag);
    if (source === undefined) mistakes.push(unknownName(file, [...at, name], 'tag', tag, [...rows.keys()]));
    if (name === askedValueName || isReservedWord(name))
      mistakes.push(
        file.mistakeAt(
          [...at, name],
          `"${name}" cannot name a tag here: it has a meaning of its own in conditions.`,
          'Choose another word, such as "mode".',
        ),
      );
    else if (source !== undefined) variables.set(name, variableType(source));
    reads.push({ name, tag });
  }
  return { reads, variables };
}

export function buildConfirmation(
  file: LoadedFile<TagsFile>,
  at: Path,
  row: Row,
  given: Given,
  rows: ReadonlyMap<string, Row>,
  mistakes: ConfigurationMistake[],
): Confirmation {
  const { confirm } = given;
  if (confirm === undefined) return { rest: null, feedback: null };
  let feedback: Confirmation['feedback'] = null;
  if (confirm.feedback !== undefined) {
    const source = rows.get(confirm.feedback);
    if (source === undefined)
      mistakes.push(unknownName(file, [...at, 'feedback'], 'tag', confirm.feedback, [...rows.keys()]));
    else if (source.id === row.id)
      mistakes.push(
        file.mistakeAt(
          [...at, 'feedback'],
          'A tag is no feedback of itself.',
          'Remove "feedback": it is read back anyway.',
        ),
      );
    else {
      const types = new Map([
        [askedValueName, variableType(row)],
        [feedbackName, variableType(source)],
      ]);
      if (confirm.expect === undefined && types.get(askedValueName) !== types.get(feedbackName))
        mistakes.push(
          file.mistakeAt(
            [...at, 'feedback'],
            `${source.id} is a ${source.dataType} and cannot equal a ${row.dataType}.`,
            'Say with "expect" what it must show, such as "feedback > 95.0".',
          ),
        );
      feedback = {
        tag: source.id,
        test:
          confirm.expect === undefined
            ? equal(confirm.tolerance ?? given.tolerance)
            : compiled(file, [...at, 'expect'], confirm.expect, types, mistakes),
      };
    }
  } else if (confirm.expect !== undefined || confirm.tolerance !== undefined)
    mistakes.push(file.mistakeAt(at, 'There is no feedback to expect anything of.', 'Add "feedback".'));
  let rest: Confirmation['rest'] = null;
  if (confirm.rest !== undefined) {
    const held = asDeviceHolds({ dataType: row.dataType, scaling: row.scaling ?? null }, confirm.rest);
    if (held.ok) rest = held.value;
    else
      mistakes.push(
        file.mistakeAt([...at, 'rest'], `The tag cannot rest at ${confirm.rest}: ${held.detail}`, 'Correct "rest".'),
      );
  }
  if (rest === null && feedback === null && confirm.feedback === undefined && confirm.rest === undefined)
    mistakes.push(file.mistakeAt(at, '"confirm" says nothing.', 'Add "feedback" or "rest", or remove it.'));
  return { rest, feedback };
}

function compiled(
  file: LoadedFile<TagsFile>,
  at: Path,
  expression: string,
  variables: ReadonlyMap<string, VariableType>,
  mistakes: ConfigurationMistake[],
): Test {
  const result = compileCondition(expression, variables);
  if (result.ok) return result.test;
  const { what, remedy } = result;
  mistakes.push(
    file.mistakeAt(at, `The condition "${expression}" is wrong at character ${result.at + 1}: ${what}.`, remedy),
  );
  return neverMet;
}

function allGood(reads: readonly ConditionInput[]): Test {
  return (values) => reads.every(({ name }) => values.has(name));
}

function equal(tolerance: number): Test {
  return (values) => {
    const [asked, shown] = [values.get(askedValueName), values.get(feedbackName)];
    if (asked === undefined || shown === undefined) throw new TypeError('a value is missing');
    return sameValue(asked, shown, tolerance);
  };
}
