// May this person do this here (TRM-3, IDN-6)? The account's groups, the terminal's state, areas and networks, and the
// certification, asked anew each time. Pure over what the registries hold; called through mayDo by every room.
import type { AreaId, UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { type Permission, permissions } from '../contract/session.ts';
import { type Group, groupsAllow } from '../plant/access.ts';
import { areaLine } from '../plant/areas.ts';
import type { Area } from '../plant/tag.ts';
import type { AccountDocument, CertificationDocument } from './account.ts';
import type { PersonAt, SignedIn } from './caller.ts';
import type { TerminalDocument } from './terminal.ts';
import type { TrustedRegistry } from './trusted-rows.ts';

type Allowed = { readonly ok: true } | Refusal;

export type AccessParts = {
  readonly areas: readonly Area[];
  readonly groups: readonly Group[];
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly certifications: TrustedRegistry<UserId, CertificationDocument>;
  readonly terminals: TrustedRegistry<TerminalDocument['id'], TerminalDocument>;
  /** Is the address within one of the CIDR blocks? An unreadable block holds nothing. */
  readonly addressWithin: (networks: readonly string[], address: string) => boolean;
  readonly isLive: (sessionId: string) => boolean;
};

export type Access = {
  /** Right, account, terminal, areas, networks, certification: with or without a session of his own. */
  personMay(person: PersonAt, permission: Permission, area: AreaId): Allowed;
  /** The same, and the session still stands. */
  mayDo(caller: SignedIn, permission: Permission, area: AreaId): Allowed;
  /** In any area; the refusal is that of the area that came closest. */
  mayAnywhere(caller: SignedIn, permission: Permission): Allowed;
  personMayAnywhere(person: PersonAt, permission: Permission): Allowed;
  /** What the person may do at this terminal, area by area; areas without any permission are left out. */
  permissionsOf(person: PersonAt): readonly { readonly area: AreaId; readonly permissions: readonly Permission[] }[];
};

/** What is signed with a person's signature needs the certification first (SIG-9). */
const signedPermissions: ReadonlySet<Permission> = new Set<Permission>(['command', 'verify', 'resolve']);

export function createAccess(parts: AccessParts): Access {
  const standing = (
    person: PersonAt,
  ): { readonly ok: true; account: AccountDocument; terminal: TerminalDocument } | Refusal => {
    const account = parts.accounts.get(person.userId)?.document;
    if (account === undefined || account.status === 'deactivated')
      return refuse('right-missing', 'This account may do nothing here.');
    if (account.status === 'locked')
      return refuse('account-locked', 'The account is locked; an administrator can unlock it.');
    if (account.lockedAtTerminals.includes(person.terminalId))
      return refuse('account-locked', 'The account is locked at this terminal; an administrator can unlock it.');
    const terminal = parts.terminals.get(person.terminalId)?.document;
    if (terminal === undefined) return refuse('terminal-unknown', 'This terminal is not enrolled here.');
    if (terminal.status === 'pending') return refuse('terminal-pending', 'This terminal waits for approval.');
    if (terminal.status === 'revoked') return refuse('terminal-revoked', 'This terminal was revoked.');
    if (!parts.addressWithin(terminal.networks, person.address))
      return refuse('terminal-network', 'This terminal is being used from outside its networks.');
    return { ok: true, account, terminal };
  };

  const granted = (
    account: AccountDocument,
    terminal: TerminalDocument,
    permission: Permission,
    area: AreaId,
  ): Allowed => {
    if (!areaLine(parts.areas, area).some((place) => terminal.areas.includes(place)))
      return refuse('terminal-area', `The area ${area} is not one of this terminal’s areas.`);
    if (!groupsAllow(parts.groups, account.groups, parts.areas, permission, area))
      return refuse('right-missing', `The right "${permission}" is missing in the area ${area}.`);
    if (signedPermissions.has(permission) && parts.certifications.get(account.id) === undefined)
      return refuse('certification-missing', 'Certify your electronic signature first; it is done once.');
    return { ok: true };
  };

  const access: Access = {
    personMay(person, permission, area) {
      const found = standing(person);
      return found.ok ? granted(found.account, found.terminal, permission, area) : found;
    },
    mayDo(caller, permission, area) {
      if (!parts.isLive(caller.sessionId)) return refuse('not-signed-in', 'The session is over. Sign in again.');
      return access.personMay(caller, permission, area);
    },
    mayAnywhere(caller, permission) {
      if (!parts.isLive(caller.sessionId)) return refuse('not-signed-in', 'The session is over. Sign in again.');
      return access.personMayAnywhere(caller, permission);
    },
    personMayAnywhere(person, permission) {
      const found = standing(person);
      if (!found.ok) return found;
      const answers = parts.areas.map((area) => granted(found.account, found.terminal, permission, area.id));
      const closest = (code: Refusal['code']): Allowed | undefined =>
        answers.find((answer) => !answer.ok && answer.code === code);
      return (
        answers.find((answer) => answer.ok) ??
        closest('certification-missing') ??
        refuse('right-missing', `The right "${permission}" is missing at this terminal.`)
      );
    },
    permissionsOf(person) {
      const found = standing(person);
      if (!found.ok) return [];
      return parts.areas
        .map((area) => ({
          area: area.id,
          // What the certification alone withholds is shown as granted: it is the person's to have, once he certifies.
          permissions: permissions.filter((permission) => {
            const answer = granted(found.account, found.terminal, permission, area.id);
            return answer.ok || answer.code === 'certification-missing';
          }),
        }))
        .filter((entry) => entry.permissions.length > 0);
    },
  };
  return access;
}
