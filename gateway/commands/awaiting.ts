// Which commands wait for this person, at this terminal, now (SIG-5): what the list "awaiting your signature" shows.
// Pure over what is held and what the rights say at this moment; signing itself checks everything again.
import type { CommandView } from '../contract/command.ts';

import type { HeldCommand } from './held-commands.ts';
import { countersignaturesDue, isClosed, isOpenForSigning } from './lifecycle.ts';
import type { Caller, MayDo } from './ports.ts';

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

/** The view as this person gets it. */
export function viewFor(held: HeldCommand, caller: Caller, mayDo: MayDo, nowMs: number): CommandView {
  return awaits(held, caller, mayDo, nowMs) ? { ...held.view, awaitingYou: true } : held.view;
}
