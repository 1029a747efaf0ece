import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatedMember } from '../../../gateway/http/repeated-member.ts';

describe('a member that stands twice', () => {
  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"b":{"c":[1,{"d":2,"d":3}]}}', 'd'],
    ['{"a":{"x":1},"b":2,"a":3}', 'a'],
    ['{"value":1,"\\u0076alue":2}', 'value'],
    ['[{},{"":1,"":2}]', ''],
    ['{"a\\"":1,"a\\"":2}', 'a"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('CMD-2: is found in %s', (text, name) => {
    expect(repeatedMember(text)).toBe(name);
  });

  test.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"b","b":"a"}',
    '{"a":["a","a"],"b":"{\\"b\\":"}',
    '1',
    '""',
  ])('CMD-2: is not seen in %s', (text) => {
    expect(repeatedMember(text)).toBeNull();
  });

  test('CMD-2: is found in no object that a program wrote, and in each to which one is added', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.jsonValue(), (members, value) => {
        const text = JSON.stringify(members);
        expect(repeatedMember(text)).toBeNull();
        const name = Object.keys(members).at(-1) ?? '';
        const twice = `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
        expect(repeatedMember(twice)).toBe(name);
      }),
    );
  });

  test('OPS-3: depth is no matter', () => {
    const depth = 30_000;
    expect(repeatedMember(`${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`)).toBeNull();
  });
});
