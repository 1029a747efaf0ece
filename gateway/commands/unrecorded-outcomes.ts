// Outcomes that the log would not take (architecture.md, "The way of a command", 6). While there is one, the desk takes
// no further commands; it is tried again until the log has it. Nothing else of a command is ever tried again.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { Wait } from './desk-ports.ts';
import type { HeldCommand, HeldCommands } from './held-commands.ts';

/** Between two attempts. */
const againAfterMs = 1_000;

export class UnrecordedOutcomes {
  readonly #commands: HeldCommands;
  readonly #wait: Wait;
  readonly #reportFault: (context: string, fault: unknown) => void;
  #waiting = 0;

  constructor(commands: HeldCommands, wait: Wait, reportFault: (context: string, fault: unknown) => void) {
    this.#commands = commands;
    this.#wait = wait;
    this.#reportFault = reportFault;
  }

  /** True while an outcome is known that is not durable: every command must be refused with log-unavailable. */
  get any(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when the records are durable, however long that takes. They are appended in one turn, each once. */
  async record(held: HeldCommand, drafts: readonly RecordDraft[]): Promise<void> {
    let left = drafts;
    let counted = false;
    for (;;) {
      const had = held.view.stages.length;
      try {
        await this.#commands.record(held, left);
        if (counted) this.#waiting -= 1;
        return;
      } catch (fault) {
        if (!counted) {
          counted = true;
          this.#waiting += 1;
          this.#reportFault(`the outcome of command ${held.id} is not recorded yet`, fault);
        }
        // What did become durable is in the history already.
        const kinds = held.view.stages.slice(had).map((stage) => stage.kind);
        left = left.filter((draft) => !kinds.includes(draft.kind));
        await this.#wait(againAfterMs);
      }
    }
  }
}
