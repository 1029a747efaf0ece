// Which commands wait for this person, at this terminal, now (SIG-5): what the list "awaiting your signature" shows.
// Pure over what is held and what the rights say at this moment; signing itself checks everything again.
import type { CommandView } from '../contract/command.ts';
import type { HeldCommand } from './held-commands.ts';
import { countersignaturesDue, isClosed, isOpenForSigning } from './lifecycle.ts';
import { latestValues, permissiveStates, type TagsById } from './permissives.ts';
import type { Caller, MayDo, Now, ReadLatest } from './ports.ts';

/** `asked` waits for who asked for it; a proposal for anybody who may command; the rest for other persons who may verify. */
export function awaits(held: HeldCommand, caller: Caller, mayDo: MayDo, nowMs: number): boolean {
  const { life, tag, view } = held;
  if (tag === null || life.signers.includes(caller.userId)) return false;
  const due = isClosed(life) && countersignaturesDue(life) > 0;
  if (!due && (!isOpenForSigning(life) || held.inGate || nowMs > held.expiresAtMs)) return false;
  if (life.state === 'asked' && held.askedBy !== caller.userId) return false;
  const permission = life.state === 'asked' || life.state === 'proposed' ? 'command' : 'verify';
  return mayDo(caller, permission, view.area).ok;
}

/** The view as this person gets it, with the permissives of what still waits as they stand at this moment. */
export function viewFor(held: HeldCommand, caller: Caller, parts: ViewParts): CommandView {
  const { tag, view, life } = held;
  const nowMs = parts.now();
  const judged =
    tag === null || !isOpenForSigning(life) || tag.setpoint.permissives.length === 0
      ? null
      : permissiveStates(tag, view.value, parts.tags, latestValues(tag, parts.tags, parts.readLatest, nowMs));
  return {
    ...view,
    ...(awaits(held, caller, parts.mayDo, nowMs) ? { awaitingYou: true } : {}),
    ...(judged === null ? {} : { permissives: [...judged] }),
  };
}

type ViewParts = {
  readonly mayDo: MayDo;
  readonly now: Now;
  readonly tags: TagsById;
  readonly readLatest: ReadLatest;
};
