// Signing in and the session as its person sees it (IDN-5). The session opens after its record is durable, never before.
import type { UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { SessionView } from '../contract/session.ts';
import type { Access } from './access.ts';
import {
  type AccountDocument,
  actorOf,
  type CertificationDocument,
  type PasswordPolicy,
  passwordDaysLeft,
} from './account.ts';
import type { Place, SignedIn } from './caller.ts';
import type { CheckPerson } from './person-check.ts';
import type { AppendAudit, Now } from './ports.ts';
import { Sessions } from './sessions.ts';
import type { TerminalDocument } from './terminal.ts';
import type { TrustedRegistry } from './trusted-rows.ts';

export type SignInParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly checkPerson: CheckPerson;
  readonly sessions: Sessions;
  readonly idleMs: number;
  readonly passwords: PasswordPolicy;
  readonly access: Access;
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly certifications: TrustedRegistry<UserId, CertificationDocument>;
  readonly terminals: TrustedRegistry<TerminalDocument['id'], TerminalDocument>;
  readonly plant: SessionView['plant'];
  /** SIG-3, from signing/: this room does not know the rule. */
  readonly componentsNeeded: (caller: SignedIn) => SessionView['signingComponents'];
};

export type SignIn = (
  typed: { readonly username: string; readonly password: string },
  place: Place,
  /** Cookie of a session that this sign-in takes the place of. */
  formerCookie: string | undefined,
) => Promise<{ readonly ok: true; readonly cookie: string; readonly caller: SignedIn } | Refusal>;

export function createSignIn(parts: SignInParts): SignIn {
  return async (typed, place, formerCookie) => {
    const terminal = await parts.terminals.fresh(place.terminalId);
    if (terminal.kind !== 'trusted')
      return refuse(
        'terminal-unknown',
        'This terminal’s enrolment is not trusted any more. An administrator can tell why.',
      );
    const person = await parts.checkPerson({
      typedName: typed.username,
      password: typed.password,
      place,
      code: 'sign-in-failed',
      failure: { kind: 'session.refused', actor: null },
    });
    if (!person.ok) return person;
    const former = parts.sessions.find(formerCookie, place.terminalId, place.address, false);
    if (former.ok) await parts.sessions.end(former.caller.sessionId, 'signed-in-again', null);
    const account = person.account.document;
    const caller: SignedIn = { ...place, userId: account.id, actor: actorOf(account), sessionId: Sessions.newId() };
    await parts.append({
      kind: 'session.opened',
      actor: caller.actor,
      terminal: place.terminal,
      address: place.address,
      subject: parts.accounts.subjectOf(account.id),
      detail: { session: caller.sessionId, standsOn: { account: person.account.seq, terminal: terminal.held.seq } },
    });
    const opened = parts.sessions.open(caller);
    return opened === undefined
      ? refuse('too-many-requests', 'Too many people are signed in at this moment.')
      : { ok: true, cookie: opened.cookie, caller };
  };
}

/** Undefined when account or terminal are gone meanwhile. */
export function sessionViewOf(parts: SignInParts, caller: SignedIn): SessionView | undefined {
  const account = parts.accounts.get(caller.userId)?.document;
  const terminal = parts.terminals.get(caller.terminalId)?.document;
  if (account === undefined || terminal === undefined) return undefined;
  return {
    user: { id: account.id, name: account.name, printedName: account.printedName, groups: account.groups },
    terminal: { id: terminal.id, name: terminal.name, location: terminal.location, areas: terminal.areas },
    permissions: parts.access
      .permissionsOf(caller)
      .map((entry) => ({ area: entry.area, permissions: [...entry.permissions] })),
    certified: parts.certifications.get(account.id) !== undefined,
    passwordExpiresInDays: passwordDaysLeft(account, parts.passwords, parts.now()),
    idleTimeoutSeconds: Math.floor(parts.idleMs / 1000),
    signingComponents: parts.componentsNeeded(caller),
    plant: parts.plant,
  };
}
