// Break-glass (CMD-13): a command carried out on one complete signature owes its countersignatures. Here it is decided
// whether one more may be asked for, and an overdue one is recorded. Called by the desk; it knows no device and signs
// nothing. What is due stands in the log alone, so that a restart forgets none of it.
import type { CommandId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { SigningPolicy } from '../plant/tag.ts';
import type { DeskPorts } from './desk-ports.ts';
import { breakGlassInAll, type HeldCommand, type HeldCommands } from './held-commands.ts';
import { countersignaturesDue, isClosed } from './lifecycle.ts';
import { breakGlassDraft, subjectOf } from './record-drafts.ts';

const againAfterMs = 1_000;
/** Longest single wait for a due time; timers of weeks are not trusted. */
const longestWaitMs = 3_600_000;

export class BreakGlass {
  readonly #ports: Pick<DeskPorts, 'now' | 'wait' | 'reportFault'>;
  readonly #commands: HeldCommands;
  readonly #watched = new Set<CommandId>();

  constructor(ports: Pick<DeskPorts, 'now' | 'wait' | 'reportFault'>, commands: HeldCommands) {
    this.#ports = ports;
    this.#commands = commands;
  }

  /** Refuses break-glass-not-allowed, break-glass-overdue (by anyone, on that policy), too-many-requests. */
  refuseUnder(policy: SigningPolicy): Refusal | null {
    if (policy.breakGlass?.allowed !== true)
      return refuse('break-glass-not-allowed', 'Commands of this kind need all their signatures before the write.', {
        field: 'breakGlass',
      });
    const due = this.#commands.due();
    const overdue = due.find((held) => held.policy === policy.name && this.isOverdue(held));
    if (overdue !== undefined)
      return refuse(
        'break-glass-overdue',
        `The countersignatures of break-glass command ${overdue.id} (${overdue.view.tagId}) are overdue. They must be given before another one.`,
      );
    return due.length < breakGlassInAll
      ? null
      : refuse('too-many-requests', 'Too many break-glass commands wait for their countersignatures.');
  }

  isOverdue(held: HeldCommand): boolean {
    const dueAt = held.view.breakGlass?.dueAt ?? null;
    return countersignaturesDue(held.life) > 0 && dueAt !== null && this.#ports.now() > Date.parse(dueAt);
  }

  /**
   * Follows a command whose break-glass.used is in the log until it is settled: records the overdue time once, and
   * settles what the gate refused, where nothing was written and nothing is owed. The last countersignature settles
   * with its own record.
   */
  async watch(held: HeldCommand): Promise<void> {
    if (this.#watched.has(held.id)) return;
    this.#watched.add(held.id);
    for (;;) {
      const dueAtMs = Date.parse(held.view.breakGlass?.dueAt ?? '');
      if (countersignaturesDue(held.life) === 0) {
        if (isSettled(held)) break;
        // Before its outcome is known an accepted command owes them all; so this one was refused, or was just settled.
        if (isClosed(held.life)) {
          const how = held.life.state === 'refused' ? 'nothing-written' : 'countersigned';
          await this.#record(held, 'break-glass.settled', settledAs(how));
        }
      } else if (held.view.breakGlass?.overdue !== true && !(this.#ports.now() <= dueAtMs))
        await this.#record(held, 'break-glass.overdue', {
          code: 'break-glass-overdue',
          text: `Countersignatures still missing after the time allowed: ${countersignaturesDue(held.life)}. No further break-glass of this kind until they are given.`,
        });
      if (held.view.breakGlass?.overdue === true) break;
      const leftMs = dueAtMs - this.#ports.now() + 1;
      const woken = this.#ports.wait(Math.min(longestWaitMs, leftMs > 0 ? leftMs : againAfterMs));
      await (isClosed(held.life) ? woken : Promise.race([woken, held.closed]));
    }
    this.#watched.delete(held.id);
  }

  async #record(
    held: HeldCommand,
    kind: 'break-glass.overdue' | 'break-glass.settled',
    outcome: { readonly code: string; readonly text: string },
  ): Promise<void> {
    try {
      await this.#commands.record(held, [breakGlassDraft(kind, subjectOf(held.view), outcome)]);
    } catch (fault) {
      this.#ports.reportFault(`${kind} of command ${held.id} is not recorded yet`, fault);
    }
  }
}

export function settledAs(code: 'countersigned' | 'nothing-written'): { readonly code: string; readonly text: string } {
  const text =
    code === 'countersigned'
      ? 'All countersignatures that break-glass left out have been given.'
      : 'The gate refused the command; nothing was written and nothing is owed.';
  return { code, text };
}

function isSettled(held: HeldCommand): boolean {
  return held.view.stages.some((stage) => stage.kind === 'break-glass.settled');
}
