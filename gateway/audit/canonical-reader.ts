// Reads RFC 8785 canonical JSON byte by byte, without making values of it: where does a value end, and is it canonical? For
// verifiers (record-line.ts), which see millions of records, most of which say little that has to be looked at. Pure.
// Refuses what JSON.parse would pass over: members twice or out of order, white space, needless escapes, 1e3, -0, 1.0.

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const words = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];
/** Objects and arrays in each other; the records of a gateway have less than twenty. What nests deeper is not read. */
export const maximumDepth = 500;
/** What every function here answers in place of an end where the bytes are not canonical. */
export const notCanonical = -1;

/** Of a member: its name with both quotes, and its value. Ends are behind the last byte. */
export type TakeMember = (nameFrom: number, nameTo: number, from: number, to: number) => void;

/** Behind the object that begins at `at`; its members, not those of objects in it, are given to `take` in their order. */
export function objectEnd(bytes: Uint8Array, at: number, take: TakeMember | null, depth = 1): number {
  if (bytes[at] !== 0x7b || depth > maximumDepth) return notCanonical;
  if (bytes[at + 1] === 0x7d) return at + 2;
  let beforeFrom = notCanonical;
  let beforeTo = notCanonical;
  let nameFrom = at + 1;
  for (;;) {
    const nameTo = stringEnd(bytes, nameFrom);
    if (nameTo < 0 || bytes[nameTo] !== colon) return notCanonical;
    if (beforeFrom >= 0 && !inOrder(bytes, beforeFrom, beforeTo, nameFrom, nameTo)) return notCanonical;
    const end = valueEnd(bytes, nameTo + 1, depth);
    if (end < 0) return notCanonical;
    if (take !== null) take(nameFrom, nameTo, nameTo + 1, end);
    if (bytes[end] === 0x7d) return end + 1;
    if (bytes[end] !== comma) return notCanonical;
    beforeFrom = nameFrom;
    beforeTo = nameTo;
    nameFrom = end + 1;
  }
}

function valueEnd(bytes: Uint8Array, at: number, depth: number): number {
  switch (bytes[at]) {
    case quote:
      return stringEnd(bytes, at);
    case 0x7b:
      return objectEnd(bytes, at, null, depth + 1);
    case 0x5b:
      return arrayEnd(bytes, at, depth + 1);
    case 0x74:
    case 0x66:
    case 0x6e: {
      const word = words.find((each) => isAt(bytes, at, each));
      return word === undefined ? notCanonical : at + word.length;
    }
    default:
      return numberEnd(bytes, at);
  }
}

function arrayEnd(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > maximumDepth) return notCanonical;
  if (bytes[at + 1] === 0x5d) return at + 2;
  for (let from = at + 1; ; ) {
    const end = valueEnd(bytes, from, depth);
    if (end < 0) return notCanonical;
    if (bytes[end] === 0x5d) return end + 1;
    if (bytes[end] !== comma) return notCanonical;
    from = end + 1;
  }
}

/** Escaped is what must be, in its shortest form; no half of a surrogate pair. */
function stringEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== quote) return notCanonical;
  let at = from + 1;
  for (;;) {
    while (standsForItself[bytes[at] ?? 0] === 1) at += 1;
    if (bytes[at] === quote) return at + 1;
    const escaped = bytes[at] === backslash ? escapeLength(bytes, at) : 0;
    if (escaped === 0) return notCanonical;
    at += escaped;
  }
}

/** By byte: 1 for what needs no escape in a string. */
const standsForItself = new Uint8Array(256).map((_, byte) =>
  byte >= 0x20 && byte !== quote && byte !== backslash ? 1 : 0,
);

/** Bytes of a canonical escape at `at`; 0 where it is none. */
function escapeLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 1]) {
    case quote:
    case backslash:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return 2;
    case 0x75: {
      // Control characters that have no short form, and nothing else.
      const text = textOf(bytes, at, Math.min(at + 6, bytes.length));
      return /^\\u00(0[0-7bef]|1[0-9a-f])$/.test(text) ? 6 : 0;
    }
    default:
      return 0;
  }
}

/** Whole numbers of up to fifteen digits are their own canonical form; all others are made again to compare. */
function numberEnd(bytes: Uint8Array, from: number): number {
  let end = from;
  while (isDigit(bytes[end])) end += 1;
  const length = end - from;
  if (length > 0 && length <= 15 && (length === 1 || bytes[from] !== 0x30) && !inNumber(bytes[end])) return end;
  while (inNumber(bytes[end])) end += 1;
  const text = textOf(bytes, from, end);
  return text !== '' && String(Number(text)) === text ? end : notCanonical;
}

/** By UTF-16 code units (RFC 8785 §3.2.3), and not the same: bytes tell, up to the first escape or beyond ASCII. */
function inOrder(bytes: Uint8Array, leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): boolean {
  const shorter = Math.min(leftTo - leftFrom, rightTo - rightFrom);
  for (let index = 1; index < shorter; index += 1) {
    const left = bytes[leftFrom + index] ?? 0;
    const right = bytes[rightFrom + index] ?? 0;
    if (left === backslash || left >= 0x80 || right === backslash || right >= 0x80) break;
    if (left === right) continue;
    // The closing quote of the shorter one, which comes first.
    return left === quote || (right !== quote && left < right);
  }
  const name = (from: number, to: number): string => JSON.parse(textOf(bytes, from, to)) as string;
  return name(leftFrom, leftTo) < name(rightFrom, rightTo);
}

/** Whether `word` stands at `at`. */
export function isAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word[index]) return false;
  return true;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Digits, `-`, `+`, `.`, `e`, `E`. */
function inNumber(byte: number | undefined): boolean {
  return isDigit(byte) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
