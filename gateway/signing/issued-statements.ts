// The action statements (approve, revoke, unlock, …) that the gateway offered and that wait for their signature: each is
// signed once, by the terminal it was offered to. Kept in memory: a restart voids them. Commands keep their own.
import { randomBytes } from 'node:crypto';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { ActionStatement } from '../contract/statement.ts';

/** Open offers a terminal; the oldest gives way. */
const maxPerTerminal = 50;
/** Terminals that hold offers at a time; beyond it asking is refused. */
const maxTerminals = 2_000;

export type ActionSubject = Pick<ActionStatement, 'purpose' | 'about' | 'description' | 'change'>;

export class IssuedStatements {
  readonly #byTerminal = new Map<TerminalId, Map<string, ActionStatement>>();
  /** Nonces that were signed, kept as long as their statements could still come. */
  readonly #used = new Map<string, number>();

  /** Makes and keeps a statement for this terminal, good until `expiresAtMs`. Refuses too-many-requests at its bound. */
  issue(
    subject: ActionSubject,
    place: {
      readonly terminal: TerminalId;
      readonly configuration: { readonly seq: number; readonly digest: string };
      readonly nowMs: number;
      readonly expiresAtMs: number;
    },
  ): { readonly ok: true; readonly statement: ActionStatement } | Refusal {
    this.#forgetExpired(place.nowMs);
    let open = this.#byTerminal.get(place.terminal);
    if (open === undefined) {
      if (this.#byTerminal.size >= maxTerminals)
        return refuse('too-many-requests', 'Too many statements wait for signatures; try again in a few minutes.');
      open = new Map();
      this.#byTerminal.set(place.terminal, open);
    }
    const statement: ActionStatement = {
      version: 1,
      purpose: subject.purpose,
      about: subject.about,
      description: subject.description,
      change: subject.change,
      terminal: place.terminal,
      nonce: newNonce(),
      expiresAt: new Date(place.expiresAtMs).toISOString(),
      configuration: place.configuration,
    };
    const [oldest] = open.keys();
    if (open.size >= maxPerTerminal && oldest !== undefined) open.delete(oldest);
    open.set(statement.nonce, statement);
    return { ok: true, statement };
  }

  /** The offer behind a nonce, for this terminal only. Refuses statement-reused or statement-altered. */
  find(terminal: TerminalId, nonce: string): { readonly ok: true; readonly statement: ActionStatement } | Refusal {
    if (this.#used.has(nonce))
      return refuse('statement-reused', 'This statement was signed before. Ask for a new one.');
    const statement = this.#byTerminal.get(terminal)?.get(nonce);
    return statement === undefined
      ? refuse('statement-altered', 'The gateway offered no such statement to this terminal. Ask for a new one.', {
          field: 'nonce',
        })
      : { ok: true, statement };
  }

  /** Takes the statement out for good. False when somebody else was quicker: then nothing may be done with it. */
  use(statement: ActionStatement): boolean {
    const taken = this.#byTerminal.get(statement.terminal)?.delete(statement.nonce) ?? false;
    if (taken) this.#used.set(statement.nonce, Date.parse(statement.expiresAt));
    return taken;
  }

  #forgetExpired(nowMs: number): void {
    for (const [nonce, expiresAtMs] of this.#used) if (expiresAtMs < nowMs) this.#used.delete(nonce);
    for (const [terminal, open] of this.#byTerminal) {
      for (const [nonce, statement] of open) if (Date.parse(statement.expiresAt) < nowMs) open.delete(nonce);
      if (open.size === 0) this.#byTerminal.delete(terminal);
    }
  }
}

/** base64url of 16 random bytes. */
export function newNonce(): string {
  return randomBytes(16).toString('base64url');
}
