import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, type Frame, qualityOf, reasonOf } from '../../../gateway/contract/live-frame.ts';
import { qualities, qualityReasons } from '../../../gateway/contract/values.ts';
import vectors from '../../vectors/live-frame.json' with { type: 'json' };

const number = fc.double({ noNaN: true });
const entry = (value: fc.Arbitrary<number | string | null>) =>
  fc.record({
    tagIndex: fc.integer({ min: 0, max: 0xffffffff }),
    value,
    quality: fc.nat(2),
    reason: fc.nat(10),
    sourceTimeMs: fc.option(fc.integer({ min: 0, max: 4e12 })),
  });
const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    snapshot: fc.boolean(),
    areaIndex: fc.nat(0xffff),
    layoutVersion: fc.integer({ min: 0, max: 0xffffffff }),
    timeMs: fc.double({ noNaN: true, min: 0, max: 4e12 }),
    numeric: fc.array(entry(fc.option(number)), { maxLength: 20 }),
    text: fc.array(entry(fc.string({ unit: 'grapheme' })), { maxLength: 5 }),
  })
  .map(({ numeric, text, ...frame }) => ({ ...frame, entries: [...numeric, ...text] }));

describe('the live frame', () => {
  for (const { name, frame, hex } of vectors.frames) {
    it(`LIV-1: is laid out as docs/live-frame.md says: ${name}`, () => {
      expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(hex);
      expect(decodeFrame(Buffer.from(hex, 'hex'))).toEqual(frame);
    });
  }

  for (const { name, hex } of vectors.notFrames) {
    it(`LIV-1: is not recognised in ${name}`, () => {
      expect(decodeFrame(Buffer.from(hex, 'hex'))).toBeNull();
    });
  }

  it('LIV-1: says the same after its way over the wire, numbers first, then texts', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  it('LIV-1: is read from the middle of a larger buffer', () => {
    const bytes = encodeFrame({ snapshot: true, areaIndex: 1, layoutVersion: 2, timeMs: 3, entries: [] });
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 3);
    expect(decodeFrame(larger.subarray(3, 3 + bytes.length))?.timeMs).toBe(3);
  });

  it('LIV-1: refuses to carry what does not fit its fields', () => {
    const frame: Frame = { snapshot: false, areaIndex: 0, layoutVersion: 0, timeMs: 0, entries: [] };
    expect(() => encodeFrame({ ...frame, areaIndex: 65536 })).toThrow(RangeError);
    expect(() => encodeFrame({ ...frame, layoutVersion: -1 })).toThrow(RangeError);
    const beyond = { tagIndex: 2 ** 32, value: 1, quality: 0, reason: 0, sourceTimeMs: 0 };
    expect(() => encodeFrame({ ...frame, entries: [beyond] })).toThrow(RangeError);
  });

  it('DRV-5: an unknown quality is bad, never good', () => {
    expect(qualities.map((_, code) => qualityOf(code))).toEqual(qualities);
    expect(qualityReasons.map((_, code) => reasonOf(code))).toEqual(qualityReasons);
    expect(qualityOf(3)).toBe('bad');
    expect(reasonOf(200)).toBe('source-bad');
  });
});
