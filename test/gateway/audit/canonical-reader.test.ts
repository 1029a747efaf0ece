// The reader of canonical JSON against the writer of it: exactly what canonicalJson writes is canonical, and nothing else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maximumDepth, objectEnd } from '../../../gateway/audit/canonical-reader.ts';
import { canonicalBytes, canonicalJson, type Json } from '../../../gateway/contract/canonical.ts';

const isCanonical = (text: string | Uint8Array): boolean => {
  const bytes = Buffer.from(text);
  return objectEnd(bytes, 0, null) === bytes.length;
};
/** What JSON.parse and canonicalJson say of it together: slow, and beyond doubt. */
const isCanonicalByParsing = (text: string): boolean => {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value) && canonicalJson(value) === text;
  } catch {
    return false;
  }
};
const value = fc.jsonValue({ depthSize: 'medium', stringUnit: 'binary' });
const objects = fc.dictionary(fc.string({ unit: 'binary', maxLength: 6 }), value, { maxKeys: 8 });

describe('canonical reader', () => {
  it('AUD-5: takes what canonicalJson writes, to its end, and tells where the members stand', () => {
    fc.assert(
      fc.property(objects, (object) => {
        let text: string;
        try {
          text = canonicalJson(object as Json);
        } catch {
          // Half a surrogate pair: nobody writes that.
          return;
        }
        expect(isCanonical(text)).toBe(true);
        const bytes = Buffer.from(text);
        const members: [string, unknown][] = [];
        objectEnd(bytes, 0, (nameFrom, nameTo, from, to) => {
          const read = (start: number, end: number): unknown => JSON.parse(bytes.subarray(start, end).toString());
          members.push([String(read(nameFrom, nameTo)), read(from, to)]);
        });
        expect(members).toEqual(
          Object.entries(JSON.parse(text) as object).sort(([one], [other]) => (one < other ? -1 : 1)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('AUD-5: refuses every text that says the same otherwise, and every text that is none', () => {
    const bent = fc.tuple(
      objects,
      fc.nat(),
      fc.constantFrom(' ', '"', '\\', '0', '-', '.', 'e', ',', ':', '}', '\t', 'a', ''),
    );
    fc.assert(
      fc.property(bent, fc.boolean(), ([object, at, put], replaces) => {
        const text = JSON.stringify(object).toWellFormed();
        const place = at % text.length;
        const other = text.slice(0, place) + put + text.slice(place + (replaces ? 1 : 0));
        const known = other.toWellFormed();
        expect(isCanonical(known), known).toBe(isCanonicalByParsing(known));
      }),
      { numRuns: 800 },
    );
  });

  it.each([
    '{"a":1e3}',
    '{"a":-0}',
    '{"a":1.0}',
    '{"a":01}',
    '{"a":1E21}',
    '{"a":1e999}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":}',
    '{"a":tru}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{ }',
    '{"a":"\\u000a"}',
    '{"a":"\\/"}',
    '{"a":"\\u001F"}',
    '{"a":"\\ud800"}',
    '{"a":1,}',
    '{"a":[1,]}',
    '{"a":1',
    '[]',
    '',
    '{"\\ud83d\\ude00":1}',
    '{"a":9007199254740993}',
    `{"a":${'['.repeat(maximumDepth)}${']'.repeat(maximumDepth)}}`,
  ])('AUD-5: refuses %s', (text) => {
    expect(isCanonical(text)).toBe(false);
  });

  it('AUD-5: orders names by UTF-16 code units, where bytes would order otherwise', () => {
    // U+FF61 is one unit above the surrogates of U+1F600, and fewer bytes.
    expect(isCanonical(canonicalBytes({ '\u{1F600}': 1, '\uFF61': 2, a: 3, 'a"': 4, ab: 5, 'a ': 6, '': 7 }))).toBe(
      true,
    );
    expect(isCanonical('{"\uFF61":2,"\u{1F600}":1}')).toBe(false);
    expect(isCanonical('{"a":1e+21,"b":1.5e-7,"c":-1,"d":"\\u001f\\b\u007f\u2028"}')).toBe(true);
  });
});
