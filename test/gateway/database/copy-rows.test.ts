import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CopyRow, CopyRows } from '../../../gateway/database/copy-rows.ts';

// PostgreSQL's documentation, "COPY", "Binary Format": signature, flags, extension, tuples, trailer.
function copyStream(rows: readonly CopyRow[], extension = 0): Buffer {
  const parts: Buffer[] = [
    Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
    Buffer.alloc(4),
    int32(extension),
    Buffer.alloc(extension),
  ];
  for (const row of rows) {
    parts.push(int16(row.length));
    for (const field of row) parts.push(...(field === null ? [int32(-1)] : [int32(field.length), field]));
  }
  return Buffer.concat([...parts, int16(-1)]);
}
function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const field = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const rows = fc.array(fc.array(field, { maxLength: 5 }), { maxLength: 8 });

describe('rows of a binary COPY stream', () => {
  it('OPS-6: gives the same rows however the stream is cut', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(60), { maxLength: 30 }), fc.nat(9), (written, cuts, extension) => {
        const stream = copyStream(written, extension);
        const reader = new CopyRows();
        const read: CopyRow[] = [];
        let at = 0;
        for (const cut of cuts) {
          read.push(...reader.take(stream.subarray(at, at + cut)));
          at = Math.min(at + cut, stream.length);
        }
        if (at < stream.length) read.push(...reader.take(stream.subarray(at)));
        expect(read).toEqual(written);
        expect(reader.ended).toBe(true);
      }),
    );
  });

  it('OPS-6: a stream without its end, with more after it, or of another kind is told from a whole one', () => {
    const stream = copyStream([[Buffer.from('one')]]);
    const cut = new CopyRows();
    cut.take(stream.subarray(0, -1));
    expect(cut.ended).toBe(false);
    expect(() => new CopyRows().take(Buffer.concat([stream, Buffer.of(0)]))).toThrow(/after the end/);
    expect(() => new CopyRows().take(Buffer.alloc(40))).toThrow(/not a binary COPY/);
    const negative = Buffer.from(stream);
    negative.writeInt32BE(-2, 21);
    expect(() => new CopyRows().take(negative)).toThrow(/impossible length/);
  });
});
