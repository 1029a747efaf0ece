// Counts failed passwords and says when an account is to be locked (IDN-3): at the terminal first, everywhere when it
// goes on at further terminals, so that nobody is locked out of his own station from afar. Pure but for its counts, which
// a restart empties; the locks themselves stand in the account.
import type { TerminalId, UserId } from '../contract/ids.ts';

export type LockoutLimits = { readonly atTerminalAfter: number; readonly everywhereAfter: number };
export type Lock = 'none' | 'at-terminal' | 'everywhere';

export class Lockout {
  readonly #limits: LockoutLimits;
  readonly #failures = new Map<UserId, Map<TerminalId, number>>();

  constructor(limits: LockoutLimits) {
    this.#limits = limits;
  }

  /** Counts one failure of a known account; the answer says which lock is due now. Both maps are bounded by enrolment. */
  failed(user: UserId, terminal: TerminalId): Lock {
    const places = this.#failures.get(user) ?? new Map<TerminalId, number>();
    this.#failures.set(user, places);
    const here = (places.get(terminal) ?? 0) + 1;
    places.set(terminal, here);
    const everywhere = [...places.values()].reduce((sum, count) => sum + count, 0);
    if (everywhere >= this.#limits.everywhereAfter) return 'everywhere';
    return here >= this.#limits.atTerminalAfter ? 'at-terminal' : 'none';
  }

  /** A success clears what was counted at that terminal, and only there: elsewhere somebody may be guessing. */
  succeeded(user: UserId, terminal: TerminalId): void {
    this.#failures.get(user)?.delete(terminal);
  }

  /** An administrator unlocked the account. */
  forget(user: UserId): void {
    this.#failures.delete(user);
  }
}
