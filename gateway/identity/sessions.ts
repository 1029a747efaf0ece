// Sessions (IDN-5): kept in memory, so that a restart ends them all; bound to a terminal's key and an address; ended by
// idleness, age, sign-out, an administrator, a lock or a revocation. Each end is recorded and told to who listens.
// The cookie holds 32 random bytes; only their SHA-256 is kept.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Actor, RecordKind } from '../contract/audit-record.ts';
import type { TerminalId, UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { SignedIn } from './caller.ts';
import type { AppendAudit, Now } from './ports.ts';

/** Open sessions a person may have, the oldest giving way, and all together. */
const maxPerPerson = 10;
const maxSessions = 10_000;

/** Why a session ended; `code` of the live event `session-ended`. */
export type SessionEnd =
  | 'signed-out'
  | 'signed-in-again'
  | 'idle'
  | 'too-old'
  | 'ended-by-administrator'
  | 'terminal-revoked'
  | 'account-locked'
  | 'password-changed'
  | 'too-many-sessions';

export type SessionLimits = { readonly idleMs: number; readonly longestMs: number };
export type SessionSummary = {
  readonly id: string;
  readonly userId: UserId;
  readonly terminalId: TerminalId;
  readonly address: string;
  readonly openedAtMs: number;
  /** Since a person last did something. */
  readonly idleMs: number;
};

type Session = {
  readonly caller: SignedIn;
  readonly openedAtMs: number;
  readonly openedTick: number;
  lastTick: number;
  /** The person has signed with all components in this session (SIG-3). */
  signed: boolean;
};
type SessionsParts = {
  /** Wall clock, for showing. */
  readonly now: Now;
  /** Monotonic clock, by which idleness and age are judged: setting the wall clock ends nothing. */
  readonly tick: Now;
  readonly limits: SessionLimits;
  readonly append: AppendAudit;
  readonly reportFault: (context: string, fault: unknown) => void;
};

const endings: Record<SessionEnd, { readonly kind: RecordKind; readonly text: string }> = {
  'signed-out': { kind: 'session.closed', text: 'You signed out.' },
  'signed-in-again': { kind: 'session.closed', text: 'Somebody signed in at this terminal.' },
  idle: { kind: 'session.expired', text: 'The session was idle for too long. Sign in again.' },
  'too-old': { kind: 'session.expired', text: 'The session reached its longest time. Sign in again.' },
  'ended-by-administrator': { kind: 'session.ended', text: 'An administrator ended the session.' },
  'terminal-revoked': { kind: 'session.ended', text: 'The terminal was revoked.' },
  'account-locked': { kind: 'session.ended', text: 'The account is locked.' },
  'password-changed': { kind: 'session.ended', text: 'The password was changed. Sign in with the new one.' },
  'too-many-sessions': { kind: 'session.ended', text: 'You signed in at too many places; the oldest session ended.' },
};

export class Sessions {
  readonly #parts: SessionsParts;
  readonly #byToken = new Map<string, Session>();
  readonly #byId = new Map<string, string>();
  readonly #listeners = new Set<(sessionId: string, code: SessionEnd, text: string) => void>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** Called at each end, before its record is durable: sockets close at once. */
  onEnd(listener: (sessionId: string, code: SessionEnd, text: string) => void): void {
    this.#listeners.add(listener);
  }

  /** The caller records session.opened first, under the id from `newId`. Undefined at the bound for all. */
  open(caller: SignedIn): { readonly cookie: string } | undefined {
    if (this.#byToken.size >= maxSessions) return undefined;
    const own = [...this.#byToken.values()].filter((session) => session.caller.userId === caller.userId);
    const oldest = own[0];
    if (own.length >= maxPerPerson && oldest !== undefined) this.#endUnwatched(oldest, 'too-many-sessions', null);
    const cookie = randomBytes(32).toString('base64url');
    const tick = this.#parts.tick();
    const session: Session = { caller, openedAtMs: this.#parts.now(), openedTick: tick, lastTick: tick, signed: false };
    this.#byToken.set(digestOf(cookie), session);
    this.#byId.set(caller.sessionId, digestOf(cookie));
    return { cookie };
  }

  static newId(): string {
    return randomUUID();
  }

  /** `personsDoing`: a person caused the request, so the idle time starts anew. A poll or a heartbeat is none. */
  find(
    cookie: string | undefined,
    terminal: TerminalId,
    address: string,
    personsDoing: boolean,
  ): { readonly ok: true; readonly caller: SignedIn } | Refusal {
    const session = cookie === undefined ? undefined : this.#byToken.get(digestOf(cookie));
    if (session === undefined || this.#endIfOver(session))
      return refuse('not-signed-in', 'Nobody is signed in here, or the session is over. Sign in.');
    if (session.caller.terminalId !== terminal)
      return refuse('terminal-foreign-session', 'This session was opened at another terminal and works only there.');
    if (machineOf(session.caller.address) !== machineOf(address))
      return refuse('terminal-foreign-session', 'This session was opened from another address. Sign in again.');
    if (personsDoing) session.lastTick = this.#parts.tick();
    return { ok: true, caller: session.caller };
  }

  isLive(sessionId: string): boolean {
    const session = this.#get(sessionId);
    return session !== undefined && !this.#endIfOver(session);
  }

  hasSigned(sessionId: string): boolean {
    return this.#get(sessionId)?.signed ?? false;
  }

  /** The person has just signed with what was needed; the next signing here needs the password only. */
  markSigned(sessionId: string): void {
    const session = this.#get(sessionId);
    if (session !== undefined) session.signed = true;
  }

  list(): readonly SessionSummary[] {
    const tick = this.#parts.tick();
    return [...this.#byToken.values()].map((session) => ({
      id: session.caller.sessionId,
      userId: session.caller.userId,
      terminalId: session.caller.terminalId,
      address: session.caller.address,
      openedAtMs: session.openedAtMs,
      idleMs: Math.max(0, tick - session.lastTick),
    }));
  }

  /** False when there is no such session. `by` is who ended it, where a person did. Rejects with log-unavailable. */
  async end(sessionId: string, why: SessionEnd, by: SignedIn | null): Promise<boolean> {
    const session = this.#get(sessionId);
    if (session === undefined) return false;
    await this.#end(session, why, by);
    return true;
  }

  /** Ends all that match, at once; the records follow and are waited for. */
  async endAll(matches: (session: SessionSummary) => boolean, why: SessionEnd, by: SignedIn | null): Promise<void> {
    const matching = this.list().filter(matches);
    await Promise.all(matching.map((session) => this.end(session.id, why, by)));
  }

  /** Ends what is idle or too old; called every few seconds. */
  sweep(): void {
    for (const session of [...this.#byToken.values()]) this.#endIfOver(session);
  }

  #get(sessionId: string): Session | undefined {
    const token = this.#byId.get(sessionId);
    return token === undefined ? undefined : this.#byToken.get(token);
  }

  #endIfOver(session: Session): boolean {
    const tick = this.#parts.tick();
    const { idleMs, longestMs } = this.#parts.limits;
    const why = tick - session.lastTick >= idleMs ? 'idle' : tick - session.openedTick >= longestMs ? 'too-old' : null;
    if (why === null) return false;
    this.#endUnwatched(session, why, null);
    return true;
  }

  #endUnwatched(session: Session, why: SessionEnd, by: SignedIn | null): void {
    this.#end(session, why, by).catch((fault: unknown) =>
      this.#parts.reportFault('recording the end of a session', fault),
    );
  }

  async #end(session: Session, why: SessionEnd, by: SignedIn | null): Promise<void> {
    const { caller } = session;
    const token = this.#byId.get(caller.sessionId);
    if (token === undefined) return;
    this.#byId.delete(caller.sessionId);
    this.#byToken.delete(token);
    const ending = endings[why];
    for (const listener of this.#listeners) listener(caller.sessionId, why, ending.text);
    const actor: Actor = by?.actor ?? caller.actor;
    await this.#parts.append({
      kind: ending.kind,
      actor: ending.kind === 'session.ended' && by === null ? null : actor,
      terminal: by?.terminal ?? caller.terminal,
      address: by?.address ?? caller.address,
      subject: `account:${caller.userId}`,
      detail: { session: caller.sessionId, code: why, at: caller.terminalId },
    });
  }
}

/** A browser on the gateway's own machine changes between 127.0.0.1 and ::1 as it likes: that is one place. */
function machineOf(address: string): string {
  return address === '::1' || address.startsWith('127.') ? 'loopback' : address;
}

function digestOf(cookie: string): string {
  return createHash('sha256').update(cookie, 'utf8').digest('base64url');
}
