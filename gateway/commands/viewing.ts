// Commands as a person may see them: one, a page of all, or what waits (SIG-5, CMD-13), those of earlier runs folded from the
// log. Made by the desk (desk.ts), asked by http/routes/commands.ts through it. It records nothing and changes nothing.
import type { CommandView } from '../contract/command.ts';
import type { CommandId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { awaits, viewFor } from './awaiting.ts';
import type { BreakGlass } from './break-glass.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { HeldCommands } from './held-commands.ts';
import { foldCommand } from './history.ts';
import { countersignaturesDue } from './lifecycle.ts';
import type { Caller } from './ports.ts';

/**
 * `awaiting`: what the caller may sign here, now (SIG-5). `breakGlass`: what owes countersignatures, or owes them for too
 * long (CMD-13). All of them on one page: they are bounded.
 */
export type ListOnly = {
  readonly awaiting?: 'me' | undefined;
  readonly breakGlass?: 'due' | 'overdue' | undefined;
};
export type CommandPage = { readonly commands: readonly CommandView[]; readonly next: number | null };
type Seen = { readonly ok: true; readonly command: CommandView } | Refusal;

/** Each may reject with log-unavailable. Refusals: command-unknown, and those of the right to view its area. */
export type CommandViews = {
  /** From memory, else folded from the log, for nobody in particular. Undefined: no such command. */
  find(id: CommandId): Promise<CommandView | undefined>;
  /** As `find`, where the caller may view its area. */
  visible(caller: Caller, id: CommandId): Promise<Seen>;
  /** As `visible`, with what waits for this person. */
  get(caller: Caller, id: CommandId): Promise<Seen>;
  /** Newest first. `before` is the `next` of the page before; null at first. */
  list(caller: Caller, before: number | null, limit: number, only: ListOnly): Promise<CommandPage>;
};

/** `taken`: resolves when what earlier runs left open is held, or after a while. */
export function commandViews(
  ports: DeskPorts,
  commands: HeldCommands,
  breakGlass: BreakGlass,
  taken: () => Promise<void>,
): CommandViews {
  function seenBy(caller: Caller, view: CommandView): CommandView {
    const held = commands.get(view.id);
    return held === undefined ? view : viewFor(held, caller, ports);
  }

  async function listWaiting(caller: Caller, only: ListOnly): Promise<CommandPage> {
    await taken();
    const nowMs = ports.now();
    const views = [...new Set([...commands.open(), ...commands.due()])]
      .filter(
        (held) =>
          ports.mayDo(caller, 'view', held.view.area).ok &&
          (only.awaiting === undefined || awaits(held, caller, ports.mayDo, nowMs)) &&
          (only.breakGlass === undefined || countersignaturesDue(held.life) > 0) &&
          (only.breakGlass !== 'overdue' || breakGlass.isOverdue(held)),
      )
      .map((held) => viewFor(held, caller, ports));
    return { commands: views.toSorted((left, right) => right.askedAt.localeCompare(left.askedAt)), next: null };
  }

  const views: CommandViews = {
    async find(id) {
      const held = commands.get(id);
      return held?.view ?? foldCommand(await ports.readCommandRecords(id))?.view;
    },

    async visible(caller, id) {
      const command = await views.find(id);
      if (command === undefined) return unknownCommand(id);
      const right = ports.mayDo(caller, 'view', command.area);
      return right.ok ? { ok: true, command } : right;
    },

    async get(caller, id) {
      const seen = await views.visible(caller, id);
      return seen.ok ? { ok: true, command: seenBy(caller, seen.command) } : seen;
    },

    async list(caller, before, limit, only) {
      if (only.awaiting !== undefined || only.breakGlass !== undefined) return listWaiting(caller, only);
      const found = await ports.readAskedCommands(before, limit);
      const page: CommandView[] = [];
      for (const { command } of found) {
        const view = await views.find(command as CommandId);
        if (view !== undefined && ports.mayDo(caller, 'view', view.area).ok) page.push(seenBy(caller, view));
      }
      const last = found.at(-1);
      return { commands: page, next: found.length < limit || last === undefined ? null : last.seq };
    },
  };
  return views;
}

export function unknownCommand(id: CommandId): Refusal {
  return refuse('command-unknown', `There is no command ${id}.`);
}
