import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson, type Json } from '../../../gateway/contract/canonical.ts';

/** RFC 8785 by its letter: every member sorted, everything written by ECMAScript's own JSON.stringify. */
function byTheLetter(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member === null || typeof member !== 'object' || Array.isArray(member)
      ? member
      : Object.fromEntries(
          Object.entries(member).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
        ),
  );
}

describe('canonical JSON', () => {
  it('AUD-3: writes every text as RFC 8785 does, each byte value and what needs an escape or two units', () => {
    const texts = [
      ...Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)),
      '🌡',
      '\u2028',
      '\ufeff',
      '',
    ];
    for (const text of texts) {
      expect(canonicalJson(text)).toBe(JSON.stringify(text));
      expect(canonicalJson({ [`a${text}`]: text })).toBe(JSON.stringify({ [`a${text}`]: text }));
    }
  });

  it('AUD-3: any value has one form, whatever the order of its members', () => {
    // Names that are numbers are put first by JavaScript itself, whatever order they were given in.
    const named = fc.string({ unit: 'grapheme' }).map((name) => `_${name}`);
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('tree') as fc.Arbitrary<Json>, { maxLength: 4 }),
        fc.dictionary(named, tie('tree') as fc.Arbitrary<Json>, { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(canonicalJson(value)).toBe(byTheLetter(value));
        expect(new TextDecoder().decode(canonicalBytes(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }, ['a', '\udfff'], 1n, () => 1])(
    'AUD-3: refuses what JSON cannot carry instead of altering it: %o',
    (value) => {
      expect(() => canonicalJson(value as Json)).toThrow(TypeError);
    },
  );

  it('leaves out members that are undefined', () => {
    expect(canonicalJson({ b: undefined, a: 1, c: undefined })).toBe('{"a":1}');
  });
});
