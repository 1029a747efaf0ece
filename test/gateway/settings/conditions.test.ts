import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileCondition,
  isReservedWord,
  type VariableType,
  variableType,
} from '../../../gateway/settings/conditions.ts';

const variables = new Map<string, VariableType>([
  ['value', 'bool'],
  ['mode', 'int'],
  ['level', 'double'],
  ['low', 'bool'],
  ['batch', 'string'],
]);

function testOf(expression: string) {
  const compiled = compileCondition(expression, variables);
  if (!compiled.ok) throw new Error(compiled.what);
  return compiled.test;
}

describe('conditions in CEL', () => {
  it('CMD-2: judges whole numbers, fractions, switches and texts as their tags hold them', () => {
    expect(testOf('mode == 1')(new Map([['mode', 1]]))).toBe(true);
    expect(testOf('mode == 1')(new Map([['mode', 0]]))).toBe(false);
    // 64-bit integers come as decimal texts and keep every digit.
    expect(testOf('mode == 9007199254740993')(new Map([['mode', '9007199254740993']]))).toBe(true);
    expect(testOf('mode == 9007199254740992')(new Map([['mode', '9007199254740993']]))).toBe(false);
    expect(
      testOf('level > 20.0 && !low')(
        new Map<string, number | boolean>([
          ['level', 20.1],
          ['low', false],
        ]),
      ),
    ).toBe(true);
    expect(testOf('batch.startsWith("B-")')(new Map([['batch', 'B-1']]))).toBe(true);
    expect(testOf('mode in [1, 3]')(new Map([['mode', 2]]))).toBe(false);
  });

  it('CMD-2: a condition that hangs on a value that is not there has no answer; one that does not, has', () => {
    const start = testOf('!value || !low');
    expect(start(new Map([['value', false]]))).toBe(true);
    expect(start(new Map([['low', false]]))).toBe(true);
    expect(() => start(new Map([['value', true]]))).toThrow();
    expect(() => testOf('mode == 1')(new Map())).toThrow();
    expect(() => testOf('mode == 1')(new Map([['mode', 1.5]]))).toThrow();
    expect(() => testOf('mode == 1')(new Map([['mode', true]]))).toThrow();
    expect(() => testOf('10 / mode == 1')(new Map([['mode', 0]]))).toThrow();
    expect(testOf('level / 2.0 > 1.0')(new Map([['level', 3]]))).toBe(true);
    expect(testOf('10 / (mode + 1) == 5')(new Map([['mode', 1]]))).toBe(true);
  });

  const wrong: readonly { readonly text: string; readonly what: RegExp; readonly remedy: RegExp }[] = [
    { text: 'mode', what: /gives int, not true or false/, remedy: /Compare/ },
    { text: 'dyn(low)', what: /not true or false/, remedy: /Compare/ },
    { text: 'level == 30', what: /overload/, remedy: /30\.0/ },
    { text: 'pressure > 1.0', what: /Unknown variable: pressure/, remedy: /Known here are: value, mode/ },
    { text: 'mode ==', what: /EOF/, remedy: /CEL/ },
    { text: 'low == mode', what: /overload/, remedy: /CEL/ },
    { text: `${'low && '.repeat(300)}low`, what: /maxAstNodes|maxDepth/, remedy: /CEL/ },
    { text: 'low || batch.matches("(a+)+$")', what: /patterns/, remedy: /startsWith/ },
    // Each of these takes seconds, or gigabytes, when it is written often enough.
    { text: '[1, 2].all(a, [1, 2].all(b, a + b > 0))', what: /all\(\) is not taken/, remedy: /comparisons/ },
    { text: 'low || [mode].map(x, x + x).size() > 1', what: /map\(\) is not taken/, remedy: /comparisons/ },
    { text: 'cel.bind(a, batch + batch, a + a == "x")', what: /bind\(\) is not taken/, remedy: /comparisons/ },
    { text: 'batch.split("").join(batch) == "x"', what: /join\(\) is not taken/, remedy: /comparisons/ },
    { text: 'low && 1.0 / level > 2.0', what: /divides by what may be 0\.0/, remedy: /Multiply/ },
    { text: '1.0 / (level - 3.0) > 2.0', what: /divides/, remedy: /Multiply/ },
    { text: 'level / 0.0 > 2.0', what: /divides/, remedy: /Multiply/ },
    { text: 'level / double(mode) > 2.0', what: /divides/, remedy: /Multiply/ },
    { text: 'dyn(level) / dyn(level) == dyn(1.0)', what: /divides/, remedy: /Multiply/ },
    { text: 'matches(batch, "x")', what: /./, remedy: /./ },
    { text: 'constructor.constructor("return 1")() == 1', what: /./, remedy: /./ },
  ];
  it.each(wrong)('CMD-2, OPS-2: refuses $text at load and says what to write', ({ text, what, remedy }) => {
    const compiled = compileCondition(text, variables);
    expect(compiled).toMatchObject({ ok: false });
    if (compiled.ok) return;
    expect(compiled.what).toMatch(what);
    expect(compiled.remedy).toMatch(remedy);
    expect(compiled.at).toBeLessThanOrEqual(text.length);
  });

  it('CMD-2: whatever is written, it compiles to true, false or no answer, or is refused: nothing else', () => {
    const word = fc.constantFrom('value', 'mode', 'level', 'low', 'batch', '1', '2.0', '"x"', 'true', 'null', '[1]');
    const joint = fc.constantFrom(' == ', ' && ', ' || ', ' > ', ' + ', ' in ', ' ? ', ' : ', '.', '(', ')', '!');
    const expression = fc.array(fc.tuple(fc.constantFrom('', '!', '-'), word, joint), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(expression, fc.boolean(), fc.integer(), (parts, low, mode) => {
        const text = parts
          .map(([sign, name, join], at) => `${sign}${name}${at === parts.length - 1 ? '' : join}`)
          .join('');
        const compiled = compileCondition(text, variables);
        if (!compiled.ok) return;
        try {
          expect(
            typeof compiled.test(
              new Map<string, number | boolean>([
                ['low', low],
                ['mode', mode],
              ]),
            ),
          ).toBe('boolean');
        } catch (fault) {
          expect(fault).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('CMD-2: keeps words with a meaning of their own from naming tags', () => {
    for (const name of ['in', 'true', 'null', 'feedback', 'int', 'package']) expect(isReservedWord(name)).toBe(true);
    for (const name of ['mode', 'low', 'level2']) expect(isReservedWord(name)).toBe(false);
  });

  it('CMD-2: a scaled integer is a number with decimals, an unscaled one is whole', () => {
    expect(variableType({ dataType: 'uint16', scaling: { factor: 0.1, offset: 0 } })).toBe('double');
    expect(variableType({ dataType: 'uint16' })).toBe('int');
  });
});
