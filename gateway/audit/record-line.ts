// What a verifier must know of every record, read from its canonical bytes without making a value of them: number, time,
// chain, and whether it says anything that must be judged. Most records of a log do not. Used by bundle-block.ts, in
// whatever thread. Pure; proves nothing.
import { isAt, isDigit, objectEnd } from './canonical-reader.ts';
import { timeOfRecord } from './record.ts';
import { signedKinds } from './signed-kinds.ts';

/** What the line says of itself; time and the chain's numbers are NaN where it names none. */
export type RecordLine = {
  seq: number;
  /** UTC, µs since the epoch. */
  timeUs: number;
  /** `chain`: first record of its commit; the record that the newest projection before it stands on, noStanding for none. */
  commit: number;
  standing: number;
  /**
   * Whether RecordChecks, LogKeys or a projection can have anything to do with it: then it must be read as a whole. Only a
   * kind that is known to say nothing to any of them makes it false.
   */
  matters: boolean;
};
export const noStanding = -1;

const ascii = (text: string): Buffer => Buffer.from(text);
const names = {
  chain: ascii('"chain"'),
  command: ascii('"command"'),
  detail: ascii('"detail"'),
  kind: ascii('"kind"'),
  seq: ascii('"seq"'),
  signature: ascii('"signature"'),
  time: ascii('"time"'),
};
/**
 * How the kinds begin that must be judged: those that follow on each other from record to record (verify-commands.ts,
 * verify-passkeys.ts, verify-signatures.ts, log-keys.ts), and those that are wrong without their signature.
 */
const judged = [...new Set(['command.', 'passkey.', 'terminal.', 'log.', ...signedKinds.map(roomOf)])].map((room) =>
  ascii(`"${room}`),
);
const projection = ascii('"projection":');
const commitPart = ascii('{"commit":');
const standingPart = ascii(',"standing":');
const nothing = ascii('null}');
const timeForm = '"2026-01-31T12:59:59.123456Z"';
const hourLength = '"2026-01-31T12'.length;

export class RecordLineReader {
  readonly #found: RecordLine = { seq: 0, timeUs: 0, commit: 0, standing: 0, matters: false };
  #bytes: Uint8Array = new Uint8Array(0);
  /** Whether its kind is a text that begins as none of those that must be judged. */
  #isPlainKind = false;
  /** The hour of the record before, as text and in µs since the epoch: the next one's is most often the same. */
  #hour: Uint8Array = new Uint8Array(0);
  #hourUs = Number.NaN;

  /** Null where [from, to), which is UTF-8, is not the canonical JSON of a record. The answer lasts until the next is asked for. */
  read(bytes: Uint8Array, from: number, to: number): RecordLine | null {
    const found = this.#found;
    found.seq = found.timeUs = found.commit = found.standing = Number.NaN;
    found.matters = this.#isPlainKind = false;
    this.#bytes = bytes;
    if (objectEnd(bytes, from, this.#take) !== to || Number.isNaN(found.seq)) return null;
    found.matters ||= !this.#isPlainKind;
    return found;
  }

  readonly #take = (nameFrom: number, nameTo: number, from: number, to: number): void => {
    const bytes = this.#bytes;
    const found = this.#found;
    const is = (name: Uint8Array): boolean => nameTo - nameFrom === name.length && isAt(bytes, nameFrom, name);
    switch (bytes[nameFrom + 1]) {
      case 0x63:
        if (is(names.chain)) readChain(bytes, from, to, found);
        else if (is(names.command)) found.matters = true;
        break;
      case 0x64:
        if (is(names.detail)) found.matters ||= holdsProjection(bytes, from, to);
        break;
      case 0x6b:
        if (is(names.kind)) this.#isPlainKind = isPlainKind(bytes, from);
        break;
      case 0x73:
        if (is(names.seq)) found.seq = integer(bytes, from, to);
        else if (is(names.signature)) found.matters = true;
        break;
      case 0x74:
        if (is(names.time)) found.timeUs = this.#time(bytes, from, to);
        break;
      default:
        break;
    }
  };

  /** NaN for all but UTC with six digits of a second. */
  #time(bytes: Uint8Array, from: number, to: number): number {
    if (to - from !== timeForm.length || bytes[from + 20] !== 0x2e || bytes[to - 2] !== 0x5a) return Number.NaN;
    if (this.#hour.length === 0 || !isAt(bytes, from, this.#hour)) {
      this.#hour = bytes.slice(from, from + hourLength);
      const text = Buffer.from(this.#hour).toString('latin1').slice(1);
      this.#hourUs = /^\d{4}-\d{2}-\d{2}T\d{2}$/.test(text) ? timeOfRecord(`${text}:00:00.000000Z`) : Number.NaN;
    }
    if (bytes[from + 14] !== 0x3a || bytes[from + 17] !== 0x3a) return Number.NaN;
    const minutes = integer(bytes, from + 15, from + 17);
    const seconds = integer(bytes, from + 18, from + 20);
    if (!(minutes < 60 && seconds < 60)) return Number.NaN;
    return this.#hourUs + (minutes * 60 + seconds) * 1e6 + integer(bytes, from + 21, from + 27);
  }
}

/** `command.` of `command.signed`. */
function roomOf(kind: string): string {
  return kind.slice(0, kind.indexOf('.') + 1);
}

function isPlainKind(bytes: Uint8Array, from: number): boolean {
  if (bytes[from] !== 0x22) return false;
  for (const beginning of judged) if (isAt(bytes, from, beginning)) return false;
  return true;
}

/** At whatever depth: rather one record too many is read as a whole. */
function holdsProjection(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] === 0x22 && isAt(bytes, at, projection)) return true;
  return false;
}

/** Exactly `{"commit":<number>,"standing":<number or null>}`, else nothing is set. */
function readChain(bytes: Uint8Array, from: number, to: number, found: RecordLine): void {
  if (!isAt(bytes, from, commitPart)) return;
  let at = from + commitPart.length;
  const commitFrom = at;
  while (isDigit(bytes[at])) at += 1;
  const commit = integer(bytes, commitFrom, at);
  if (!isAt(bytes, at, standingPart)) return;
  at += standingPart.length;
  const standing = isAt(bytes, at, nothing) ? noStanding : integer(bytes, at, to - 1);
  if (Number.isNaN(standing)) return;
  found.commit = commit;
  found.standing = standing;
}

/** Digits alone, as many as a number holds exactly; NaN for anything else. */
function integer(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 15) return Number.NaN;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
