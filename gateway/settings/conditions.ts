// Compiles the conditions in the configuration (CMD-2) with an existing language, CEL: parsed and type-checked at load,
// side-effect free, always ending, bounded in size. Called by build-setpoint.ts; what it makes is a plain function.
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { DataType, TagValue } from '../contract/values.ts';
import { feedbackName, type Test } from '../plant/condition.ts';

/** Type of a variable: whole numbers are CEL's `int`, everything scaled or with a fraction its `double`. */
export type VariableType = 'bool' | 'int' | 'double' | 'string';
export type Compiled =
  | { readonly ok: true; readonly test: Test }
  /** `at`: characters into the expression, from 0. */
  | { readonly ok: false; readonly what: string; readonly remedy: string; readonly at: number };

/** Bounds of one expression: far more than a permissive needs, far less than what would hold up the gateway. */
const limits = { maxAstNodes: 200, maxDepth: 24, maxListElements: 50, maxMapEntries: 0, maxCallArguments: 8 };

export function variableType(tag: { readonly dataType: DataType; readonly scaling?: unknown }): VariableType {
  switch (tag.dataType) {
    case 'bool':
    case 'string':
      return tag.dataType;
    case 'float32':
    case 'float64':
      return 'double';
    default:
      return tag.scaling === undefined || tag.scaling === null ? 'int' : 'double';
  }
}

/** True for words that the language keeps for itself. */
export function isReservedWord(name: string): boolean {
  if (['true', 'false', 'null', 'in', feedbackName].includes(name)) return true;
  try {
    new Environment().registerVariable(name, 'bool');
    return false;
  } catch {
    return true;
  }
}

/** The expression over the named variables, which must say true or false; or what is wrong with it. */
export function compileCondition(expression: string, variables: ReadonlyMap<string, VariableType>): Compiled {
  const environment = new Environment({ limits });
  for (const [name, type] of variables) environment.registerVariable(name, type);
  const checked = environment.check(expression);
  if (!checked.valid) {
    const what = firstLine(checked.error?.message ?? 'it cannot be understood');
    return { ok: false, what, remedy: remedyFor(what, variables), at: checked.error?.node?.pos ?? 0 };
  }
  if (checked.type !== 'bool')
    return {
      ok: false,
      what: `it gives ${String(checked.type)}, not true or false`,
      remedy: 'Compare with something, such as "mode == 1".',
      at: 0,
    };
  const run = environment.parse(expression);
  const isWhole = (part: ASTNode): boolean =>
    ['int', 'uint'].includes(String(environment.check(expression.slice(part.start, part.end)).type));
  const unfit = unfitIn(run.ast, isWhole);
  if (unfit !== null) return unfit;
  return {
    ok: true,
    test: (values) => {
      const context: { [name: string]: unknown } = {};
      for (const [name, type] of variables) {
        const value = values.get(name);
        if (value !== undefined && value !== null) context[name] = asVariable(value, type);
      }
      const result: unknown = run(context);
      if (typeof result !== 'boolean') throw new TypeError('the condition gave neither true nor false');
      return result;
    },
  };
}

function asVariable(value: NonNullable<TagValue>, type: VariableType): unknown {
  if (type !== 'int') return value;
  if (typeof value === 'boolean') throw new TypeError('true or false where a whole number should be');
  // Throws for a fraction: a value that its data type cannot have answers nothing.
  return BigInt(value);
}

function remedyFor(what: string, variables: ReadonlyMap<string, VariableType>): string {
  if (what.startsWith('Unknown variable'))
    return `Known here are: ${[...variables.keys()].join(', ')}. Name other tags under "reads".`;
  if (/double .* int|int .* double/.test(what))
    return 'Write numbers that are compared with a tag that has decimals with a point: 30.0.';
  return 'Write a condition in CEL, such as "mode == 1" or "!value || !low".';
}

/**
 * What of the language is taken: each of these ends in a time that grows with the expression and the texts alone. Patterns
 * may take exponential time in JavaScript, unlike in CEL's own; `all`, `map`, `bind`, `join` and the like multiply inside
 * each other, and would hold up the gateway for as long as somebody likes.
 */
const functionsTaken: ReadonlySet<unknown> = new Set([
  ...[
    'size',
    'startsWith',
    'endsWith',
    'contains',
    'indexOf',
    'lastIndexOf',
    'substring',
    'trim',
    'lowerAscii',
    'upperAscii',
  ],
  ...['int', 'uint', 'double', 'string', 'bool', 'dyn', 'type'],
]);

/** The first part of the expression that is not taken, or null. */
function unfitIn(node: ASTNode, isWhole: (part: ASTNode) => boolean): Extract<Compiled, { ok: false }> | null {
  const parts: readonly unknown[] = Array.isArray(node.args) ? node.args.flat(2) : [node.args];
  const [name, divisor] = parts;
  if ((node.op === 'call' || node.op === 'rcall') && !functionsTaken.has(name))
    return {
      ok: false,
      what:
        name === 'matches'
          ? 'patterns are not taken: one of them can hold up the gateway for as long as it likes'
          : `${String(name)}() is not taken in a condition`,
      remedy: 'Use comparisons, startsWith, endsWith, contains or "in".',
      at: node.pos,
    };
  // In CEL a fraction divided by 0.0 is infinite, and then “greater than” holds: nothing that may be relied on.
  if (node.op === '/' && isNode(divisor) && !isWhole(divisor) && !(divisor.op === 'value' && divisor.args !== 0))
    return {
      ok: false,
      what: 'it divides by what may be 0.0, and that gives no error but infinity',
      remedy: 'Multiply the other side instead: "flow > 0.5 * level" for "flow / level > 0.5".',
      at: node.pos,
    };
  for (const part of parts) {
    const found = isNode(part) ? unfitIn(part, isWhole) : null;
    if (found !== null) return found;
  }
  return null;
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
