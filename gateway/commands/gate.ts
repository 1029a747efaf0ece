// The only door to equipment (SIG-1). An AuthorisedWrite can be made here alone; a driver's write() takes nothing else.
// Single use, with an expiry, checked at run time through a private field that no copy or look-alike has.
import type { CommandId } from '../contract/ids.ts';
import type { TagValue } from '../contract/values.ts';
import type { Tag } from '../plant/tag.ts';

const makersKey = Symbol('commands/gate');

export class AuthorisedWrite {
  readonly #tag: Tag;
  readonly #value: TagValue;
  readonly #command: CommandId;
  readonly #notAfterMs: number;
  #taken = false;

  /** @internal Throws for everybody but this file. */
  constructor(key: symbol, tag: Tag, value: TagValue, command: CommandId, notAfterMs: number) {
    if (key !== makersKey) throw new TypeError('an AuthorisedWrite is made by commands/gate.ts alone');
    this.#tag = tag;
    this.#value = value;
    this.#command = command;
    this.#notAfterMs = notAfterMs;
  }

  /** The tag it is for; readable before it is taken, so that a supervisor can route it. Throws for a look-alike. */
  get tag(): Tag {
    return this.#tag;
  }

  /**
   * What to write, once. Null when it was taken before or has expired at `nowMs`: then nothing may be sent.
   * A driver calls it immediately before it hands the bytes to its connection. Throws for a look-alike.
   */
  take(
    nowMs: number,
  ): { readonly tag: Tag; readonly value: TagValue; readonly command: CommandId; readonly notAfterMs: number } | null {
    if (this.#taken || nowMs > this.#notAfterMs) return null;
    this.#taken = true;
    return { tag: this.#tag, value: this.#value, command: this.#command, notAfterMs: this.#notAfterMs };
  }
}
