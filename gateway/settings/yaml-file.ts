// One YAML file of the configuration folder: parsed with positions kept, `${NAME:-default}` resolved from the
// environment, checked against its schema; mistakes come back with line, column and remedy. Reads only that file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parse, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { type ConfigurationMistake, nearest } from './mistake.ts';

export type Path = readonly (string | number)[];
export type LoadedFile<T> = {
  readonly value: T;
  /** A mistake at a path of this file, for checks that see more than one field. */
  readonly mistakeAt: (path: Path, what: string, remedy: string) => ConfigurationMistake;
};
export type FileResult<T> =
  | { readonly ok: true; readonly file: LoadedFile<T> }
  | { readonly ok: false; readonly mistakes: readonly ConfigurationMistake[] };

/** Bounds the folder's files: 4 MiB of YAML is some 20,000 tags. */
const largestFileBytes = 4 * 1024 * 1024;

export function loadYaml<Schema extends z.ZodType>(
  folder: string,
  name: string,
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): FileResult<z.infer<Schema>> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(folder, name));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return failed(
      name,
      1,
      1,
      `The file cannot be read (${reason}).`,
      'Create it, or name another folder with --config.',
    );
  }
  if (bytes.length > largestFileBytes)
    return failed(name, 1, 1, 'The file is larger than 4 MiB.', 'Split the plant over several gateways.');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { line, column } = firstOddByte(bytes);
    return failed(name, line, column, 'The file is not UTF-8.', 'Save it as UTF-8 in your editor.');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      mistakes: document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return {
          file: name,
          line,
          column: col,
          what: `This is not YAML: ${error.message}.`,
          remedy: 'Check indentation, colons and quotes.',
        };
      }),
    };
  }
  const mistakes: ConfigurationMistake[] = [];
  const mistakeAt = (path: Path, what: string, remedy: string): ConfigurationMistake => {
    const { line, col } = lines.linePos(positionOf(document, path));
    return { file: name, line, column: col, what, remedy };
  };
  visit(document, {
    // Some lines of them unfold to gigabytes, and a reviewer does not see what they stand for.
    Alias(_key, node) {
      const { line, col } = lines.linePos(node.range?.[0] ?? 0);
      const what = `The alias *${node.source} is not taken here.`;
      mistakes.push({ file: name, line, column: col, what, remedy: 'Write out what it stands for.' });
    },
    Scalar(_key, node) {
      if (typeof node.value !== 'string' || !node.value.includes('${')) return;
      const resolved = resolveVariables(node.value, environment);
      if (typeof resolved !== 'string') {
        const { line, col } = lines.linePos(node.range?.[0] ?? 0);
        mistakes.push({
          file: name,
          line,
          column: col,
          what: `The environment variable ${resolved.missing} is not set.`,
          remedy: `Set it, or write \${${resolved.missing}:-default}.`,
        });
      } else node.value = node.type === 'PLAIN' ? parse(resolved) : resolved;
    },
  });
  if (mistakes.length > 0) return { ok: false, mistakes };
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, file: { value: parsed.data, mistakeAt } };
  return {
    ok: false,
    mistakes: parsed.error.issues.flatMap((issue) => schemaMistakes(document, schema, issue, mistakeAt)),
  };
}

/** Where the file stops being UTF-8: there the forgiving decoder writes its first replacement. */
function firstOddByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  const lines = new TextDecoder('utf-8').decode(bytes).split('\uFFFD', 1)[0]?.split('\n') ?? [];
  return { line: Math.max(1, lines.length), column: (lines.at(-1)?.length ?? 0) + 1 };
}

function failed(
  file: string,
  line: number,
  column: number,
  what: string,
  remedy: string,
): { ok: false; mistakes: ConfigurationMistake[] } {
  return { ok: false, mistakes: [{ file, line, column, what, remedy }] };
}

function resolveVariables(text: string, environment: NodeJS.ProcessEnv): string | { missing: string } {
  let missing: string | undefined;
  const resolved = text.replace(
    /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g,
    (_all, name: string, fallback: string | undefined) => {
      const value = environment[name];
      if (value !== undefined && value !== '') return value;
      if (fallback === undefined) missing = name;
      return fallback ?? '';
    },
  );
  return missing === undefined ? resolved : { missing };
}

/** Offset of the deepest node on the path that exists; of the key where the last step names a map's member. */
function positionOf(document: Document, path: Path): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const step = path[depth - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair !== undefined) {
        const node = isScalar(pair.value) ? pair.value : pair.key;
        if (isNode(node)) return node.range?.[0] ?? 0;
      }
      continue;
    }
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function schemaMistakes(
  document: Document,
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  mistakeAt: (path: Path, what: string, remedy: string) => ConfigurationMistake,
): ConfigurationMistake[] {
  const path = issue.path.filter((step): step is string | number => typeof step !== 'symbol');
  const field = path.length === 0 ? 'the file' : `"${String(path.at(-1))}"`;
  const present = path.length === 0 || document.hasIn(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, knownFields(schema, path));
      return mistakeAt(
        [...path, key],
        `The field "${key}" is not known here.`,
        near === null ? knownFieldsText(schema, path) : `Did you mean "${near}"?`,
      );
    });
  }
  if (!present) return [mistakeAt(path, `${field} is missing.`, `Add ${field}: ${expectation(issue)}.`)];
  if (issue.code === 'invalid_value') {
    const options = issue.values.map(String);
    const given = document.getIn(path);
    const near = nearest(String(given), options);
    return [
      mistakeAt(
        path,
        `${field} cannot be "${String(given)}".`,
        near === null
          ? `Write one of: ${options.join(', ')}.`
          : `Did you mean "${near}"? Possible are: ${options.join(', ')}.`,
      ),
    ];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const nearestBranch = issue.errors.reduce((best, branch) => (branch.length < best.length ? branch : best));
    const inner = nearestBranch[0];
    if (inner !== undefined)
      return [
        mistakeAt(
          [...path, ...inner.path.filter((step): step is string | number => typeof step !== 'symbol')],
          `${field} does not fit: ${inner.message}.`,
          '',
        ),
      ];
  }
  return [mistakeAt(path, `${field} is wrong: ${issue.message}.`, `Write ${expectation(issue)}.`)];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    case 'too_small':
      return issue.inclusive === false ? `more than ${issue.minimum}` : `at least ${issue.minimum}`;
    case 'too_big':
      return issue.inclusive === false ? `less than ${issue.maximum}` : `at most ${issue.maximum}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return 'pattern' in issue && issue.pattern !== undefined
        ? `a text of the form ${issue.pattern}`
        : `a ${issue.format}`;
    default:
      return 'what config/schemas describes';
  }
}

function knownFieldsText(schema: z.ZodType, path: Path): string {
  const known = knownFields(schema, path);
  return known.length === 0 ? 'Remove it.' : `Possible are: ${known.join(', ')}.`;
}

/** Members of the object schema at a path, as far as the schema can be walked. */
function knownFields(schema: z.ZodType, path: Path): string[] {
  let current: unknown = schema;
  for (const step of [...path, null]) {
    while (isWrapper(current)) current = current.def.innerType;
    if (step === null) break;
    const def = (current as { def?: { shape?: Record<string, unknown>; element?: unknown; valueType?: unknown } }).def;
    current = typeof step === 'number' ? def?.element : (def?.shape?.[step] ?? def?.valueType);
    if (current === undefined) return [];
  }
  return Object.keys((current as { def?: { shape?: object } }).def?.shape ?? {});
}

function isWrapper(value: unknown): value is { def: { innerType: unknown } } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'def' in value &&
    typeof value.def === 'object' &&
    value.def !== null &&
    'innerType' in value.def
  );
}
