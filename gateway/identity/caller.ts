// Who is where: what sessions hand to the other rooms. `SignedIn` has the shape of commands/ports.ts's Caller, which
// lies above this room.
import type { Actor, RecordTerminal } from '../contract/audit-record.ts';
import type { TerminalId, UserId } from '../contract/ids.ts';

/** A terminal and the address it is reached from. */
export type Place = { readonly terminalId: TerminalId; readonly terminal: RecordTerminal; readonly address: string };

/** A person in a session at a place; `sessionId` is the public one, not the cookie. */
export type SignedIn = Place & { readonly userId: UserId; readonly actor: Actor; readonly sessionId: string };

/** Who, from which terminal and address, without a session: a signer may not have one of his own. */
export type PersonAt = { readonly userId: UserId; readonly terminalId: TerminalId; readonly address: string };
