// Commands whose outcome nobody knows and nobody has resolved (CMD-6), by tag: so that every view of a tag shows them
// until a person has. Fed by main.ts with every change of a command; learns at the start what the log still has open.
// It blocks nothing.
import type { CommandView } from '../contract/command.ts';
import type { CommandId, TagId } from '../contract/ids.ts';
import { GatewayError } from '../contract/problem.ts';
import type { UnresolvedOutcome } from '../contract/tag.ts';
import type { Wait } from './desk-ports.ts';

/** Of all tags, newest first. Rejects with log-unavailable. */
export type FindUnresolved = () => Promise<readonly (UnresolvedOutcome & { readonly tagId: TagId })[]>;

const againAfterMs = 1_000;

export class UnresolvedOutcomes {
  readonly #byTag = new Map<TagId, Map<CommandId, UnresolvedOutcome>>();
  /** Resolved while the log was being read: what is found there later is older than that. */
  readonly #resolved = new Set<CommandId>();
  #learned = false;

  /** Newest first; empty: there is none. */
  of(tag: TagId): readonly UnresolvedOutcome[] {
    return [...(this.#byTag.get(tag)?.values() ?? [])].sort((left, right) => (left.time < right.time ? 1 : -1));
  }

  take(view: CommandView): void {
    if (view.state === 'unknown') {
      const time = view.stages.at(-1)?.time ?? view.askedAt;
      this.#add(view.tagId, { command: view.id, value: view.value, time });
    } else if (view.state === 'resolved') {
      this.#byTag.get(view.tagId)?.delete(view.id);
      if (!this.#learned) this.#resolved.add(view.id);
    }
  }

  /** Reads those of earlier runs; tries again while the log cannot be read. */
  async learn(find: FindUnresolved, wait: Wait): Promise<void> {
    for (;;) {
      try {
        for (const { tagId, ...outcome } of await find())
          if (!this.#resolved.has(outcome.command)) this.#add(tagId, outcome);
        this.#learned = true;
        this.#resolved.clear();
        return;
      } catch (fault) {
        if (!(fault instanceof GatewayError) || fault.code !== 'log-unavailable') throw fault;
        await wait(againAfterMs);
      }
    }
  }

  #add(tag: TagId, outcome: UnresolvedOutcome): void {
    const known = this.#byTag.get(tag) ?? new Map<CommandId, UnresolvedOutcome>();
    // What comes later of such a command does not change since when it is unknown.
    if (!known.has(outcome.command)) known.set(outcome.command, outcome);
    this.#byTag.set(tag, known);
  }
}
