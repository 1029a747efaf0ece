// Columns of many rows as PostgreSQL takes arrays in binary: a third of the bytes and none of the escaping of its text
// form. Used by postgres-commit.ts. Pure.
import { parseTime } from './record.ts';

const oids = { bigint: 20, bytes: 17, text: 25, time: 1184 } as const;
const headerBytes = 20;
const int8Bytes = 8;
/** PostgreSQL counts time from 2000-01-01, in µs. */
const epochUs = Date.UTC(2000, 0, 1) * 1000;

/** bigint[]. */
export function bigintArray(values: readonly number[]): Buffer {
  return int8Array(oids.bigint, values);
}

/** timestamptz[] of RFC 3339 times in UTC with µs. */
export function timeArray(times: readonly string[]): Buffer {
  return int8Array(
    oids.time,
    times.map((time) => parseTime(time) - epochUs),
  );
}

/** text[]. */
export function textArray(values: readonly (string | null)[]): Buffer {
  let size = headerBytes;
  for (const value of values) size += 4 + (value === null ? 0 : Buffer.byteLength(value));
  const array = Buffer.allocUnsafe(size);
  let at = writeHeader(array, oids.text, values.length, values.includes(null));
  for (const value of values) {
    const length = value === null ? -1 : array.write(value, at + 4);
    array.writeInt32BE(length, at);
    at += 4 + Math.max(0, length);
  }
  return array;
}

/** bytea[]. */
export function bytesArray(values: readonly Uint8Array[]): Buffer {
  let size = headerBytes;
  for (const value of values) size += 4 + value.length;
  const array = Buffer.allocUnsafe(size);
  let at = writeHeader(array, oids.bytes, values.length, false);
  for (const value of values) {
    array.writeInt32BE(value.length, at);
    array.set(value, at + 4);
    at += 4 + value.length;
  }
  return array;
}

function int8Array(oid: number, values: readonly number[]): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + values.length * (4 + int8Bytes));
  let at = writeHeader(array, oid, values.length, false);
  for (const value of values) {
    array.writeInt32BE(int8Bytes, at);
    array.writeBigInt64BE(BigInt(value), at + 4);
    at += 4 + int8Bytes;
  }
  return array;
}

/** One dimension that begins with 1 (array_recv). Returns where the values begin. */
function writeHeader(array: Buffer, oid: number, length: number, nulls: boolean): number {
  array.writeInt32BE(1, 0);
  array.writeInt32BE(nulls ? 1 : 0, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return headerBytes;
}
