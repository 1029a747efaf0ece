// The commands that the desk has in hand: open ones, and the last closed ones so that a dialog need not ask the log.
// Their state is always the fold of records that are durable; `record` is the only way to move one.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { CommandView } from '../contract/command.ts';
import type { CommandId, TagId, UserId } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import type { CommandStatement } from '../contract/statement.ts';
import type { Tag } from '../plant/tag.ts';
import { isWritable, type WritableTag } from './checks.ts';
import { asRecord, type CommandRecord } from './command-record.ts';
import { type FoldedCommand, foldCommand } from './history.ts';
import type { GivenSignature } from './intent.ts';
import { countersignaturesDue, isClosed } from './lifecycle.ts';
import type { AppendAudit } from './ports.ts';

/** Open commands of one person and of all; beyond them asking is refused with too-many-requests. */
export const openPerPerson = 20;
export const openInAll = 1000;
/** Closed commands kept in memory, the oldest dropped first; the log has them all. */
const closedKept = 200;
/** Break-glass commands whose countersignatures are due, in all; beyond them break-glass is refused (break-glass.ts). */
export const breakGlassInAll = 100;
/**
 * Statements offered and not yet signed: of one terminal, and of a command in all. The asking terminal's own oldest goes
 * first, so that nobody who may only look takes away what another person is about to sign.
 */
const offersPerTerminal = 8;
const offersPerCommand = 400;

export class HeldCommand {
  readonly id: CommandId;
  /** Null when the present configuration no longer has it as a writable tag (a command of an earlier run). */
  readonly tag: WritableTag | null;
  /** Statements offered, by nonce, and the nonces of signatures that counted. */
  readonly offered = new Map<string, CommandStatement>();
  readonly usedNonces = new Set<string>();
  readonly given: GivenSignature[] = [];
  /** A signature is being checked or recorded: one at a time. */
  busy = false;
  /** The gate has it: no expiry and no withdrawal any more. */
  inGate = false;
  /** Sent to the device, its record not yet durable: the view says `written` already. */
  sent = false;
  readonly closed: Promise<void>;
  readonly #markClosed: () => void;
  #records: CommandRecord[];
  #folded: FoldedCommand;

  constructor(records: readonly CommandRecord[], folded: FoldedCommand, tag: Tag | undefined) {
    this.id = folded.view.id;
    this.tag = tag !== undefined && isWritable(tag) ? tag : null;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#markClosed = resolve;
    this.#records = [...records];
    this.#folded = folded;
    if (isClosed(folded.life)) resolve();
  }

  get life(): FoldedCommand['life'] {
    return this.#folded.life;
  }
  /** Until when it may be signed before the write; a proposal's own until a person turns it into a command. */
  get expiresAtMs(): number {
    return Date.parse(this.#folded.view.expiresAt);
  }
  get policy(): string {
    return this.#folded.policy;
  }
  get isBreakGlass(): boolean {
    return this.#folded.isBreakGlass;
  }
  get lastSignatureDigest(): string | null {
    return this.#folded.lastSignatureDigest;
  }
  get view(): CommandView {
    const { view } = this.#folded;
    return this.sent && view.state === 'accepted' ? { ...view, state: 'written' } : view;
  }
  get askedBy(): string {
    return this.#folded.view.askedBy.id;
  }

  offer(statement: CommandStatement): void {
    const own = [...this.offered.values()].filter(({ terminal }) => terminal === statement.terminal);
    const oldest = own.length >= offersPerTerminal ? own[0]?.nonce : undefined;
    const [first] = this.offered.keys();
    const gone = oldest ?? (this.offered.size >= offersPerCommand ? first : undefined);
    if (gone !== undefined) this.offered.delete(gone);
    this.offered.set(statement.nonce, statement);
  }

  /** Takes up the signatures that were refused, from all records as the log has them: they are part of its life. */
  showRefused(records: readonly CommandRecord[]): void {
    const refused = records.filter(({ kind }) => kind === 'command.signature-refused');
    const others = this.#records.filter(({ kind }) => kind !== 'command.signature-refused');
    this.#records = [...others, ...refused].sort((left, right) => left.seq - right.seq);
    this.#folded = foldCommand(this.#records) ?? this.#folded;
  }

  /** @internal held-commands.ts alone: after the log has them. */
  add(records: readonly CommandRecord[]): void {
    this.#records = [...this.#records, ...records];
    this.#folded = foldCommand(this.#records) ?? this.#folded;
    if (isClosed(this.#folded.life)) this.#markClosed();
  }
}

export class HeldCommands {
  readonly #append: AppendAudit;
  readonly #announce: (view: CommandView) => void;
  readonly #tags: ReadonlyMap<TagId, Tag>;
  readonly #open = new Map<CommandId, HeldCommand>();
  readonly #closed = new Map<CommandId, HeldCommand>();
  /** Closed, but countersignatures are still due (CMD-13): kept until they are given. */
  readonly #due = new Map<CommandId, HeldCommand>();
  /** Places taken while command.asked is on its way to the log, by person. */
  readonly #reserved = new Map<UserId, number>();

  constructor(append: AppendAudit, announce: (view: CommandView) => void, tags: ReadonlyMap<TagId, Tag>) {
    this.#append = append;
    this.#announce = announce;
    this.#tags = tags;
  }

  get(id: CommandId): HeldCommand | undefined {
    return this.#open.get(id) ?? this.#due.get(id) ?? this.#closed.get(id);
  }
  open(): readonly HeldCommand[] {
    return [...this.#open.values()];
  }

  /** Carried out on one signature, the others still to come. */
  due(): readonly HeldCommand[] {
    return [...this.#open.values(), ...this.#due.values()].filter(({ life }) => countersignaturesDue(life) > 0);
  }

  /** A place for one more command of this person, or null beyond the bounds. Call the answer when it is held or not. */
  reserve(person: UserId): (() => void) | null {
    const reserved = this.#reserved.get(person) ?? 0;
    const own = this.open().filter((command) => command.askedBy === person).length + reserved;
    const reservedInAll = [...this.#reserved.values()].reduce((sum, count) => sum + count, 0);
    if (own >= openPerPerson || this.#open.size + reservedInAll >= openInAll) return null;
    this.#reserved.set(person, reserved + 1);
    return () => {
      const left = (this.#reserved.get(person) ?? 1) - 1;
      if (left === 0) this.#reserved.delete(person);
      else this.#reserved.set(person, left);
    };
  }

  /** Appends command.asked and holds the new command. Rejects with log-unavailable, holding nothing. */
  async begin(draft: RecordDraft): Promise<HeldCommand> {
    const appended = await this.#append(draft);
    const held = this.adopt([asRecord(draft, appended)]);
    if (held === null) throw new GatewayError('internal-fault', 'a command cannot be read from its own record');
    this.#announce(held.view);
    return held;
  }

  /** Holds a command that the log has from an earlier run. Null when its records make no command. */
  adopt(records: readonly CommandRecord[]): HeldCommand | null {
    const folded = foldCommand(records);
    if (folded === null) return null;
    const held = new HeldCommand(records, folded, this.#tags.get(folded.view.tagId));
    this.#open.set(held.id, held);
    this.#settle(held);
    return held;
  }

  /** Appends in one turn, so that the records share one commit, and moves the command. Rejects with log-unavailable. */
  async record(held: HeldCommand, drafts: readonly RecordDraft[]): Promise<void> {
    const results = await Promise.allSettled(drafts.map((draft) => this.#append(draft)));
    const records: CommandRecord[] = [];
    for (const [index, result] of results.entries()) {
      const draft = drafts[index];
      if (result.status === 'fulfilled' && draft !== undefined) records.push(asRecord(draft, result.value));
    }
    if (records.length > 0) {
      held.add(records);
      this.#settle(held);
      this.#announce(held.view);
    }
    const lost = results.find((result) => result.status === 'rejected');
    if (lost !== undefined) throw lost.reason;
  }

  /** The value has left for the device: shown at once, its record follows with the outcome. */
  showSent(held: HeldCommand): void {
    held.sent = true;
    this.#announce(held.view);
  }

  #settle(held: HeldCommand): void {
    if (!isClosed(held.life)) return;
    // Once: later offers are for the countersignatures that break-glass left out.
    if (this.#open.delete(held.id)) held.offered.clear();
    if (countersignaturesDue(held.life) > 0) {
      this.#due.set(held.id, held);
      return;
    }
    this.#due.delete(held.id);
    this.#closed.set(held.id, held);
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > closedKept && oldest !== undefined) this.#closed.delete(oldest);
  }
}
