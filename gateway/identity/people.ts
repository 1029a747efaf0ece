// The identity room put together: registries of accounts, certifications and terminals, sessions, the check of a person,
// access. Called once by main.ts, which hands the parts on to http/, commands/ and signing/.
import type { TerminalId, UserId } from '../contract/ids.ts';
import type { SessionView } from '../contract/session.ts';
import type { TokenId } from '../contract/token.ts';
import type { Group } from '../plant/access.ts';
import type { Area } from '../plant/tag.ts';
import { type Access, createAccess } from './access.ts';
import { type TokenDocument, type TokenRegistry, tokenDocumentSchema } from './access-token.ts';
import {
  type AccountDocument,
  accountDocumentSchema,
  type CertificationDocument,
  certificationDocumentSchema,
  type PasswordPolicy,
} from './account.ts';
import { createEnrolment, type Enrol, EnrolmentCodes, type Placement } from './enrolment.ts';
import { createFirstAccounts, type EnsureAccounts } from './first-accounts.ts';
import { Lockout, type LockoutLimits } from './lockout.ts';
import { addressWithin } from './networks.ts';
import { type PasskeyDocument, passkeyDocumentSchema } from './passkey.ts';
import { type ChangePassword, createPasswordChange } from './password-change.ts';
import type { PasswordHasher } from './password-hash.ts';
import { type CheckPerson, createPersonCheck } from './person-check.ts';
import type { AppendAudit, LookUpStanding, Now } from './ports.ts';
import { type SessionLimits, Sessions } from './sessions.ts';
import { type TerminalDocument, terminalDocumentSchema } from './terminal.ts';
import { TerminalClocks } from './terminal-clocks.ts';
import { type ProjectionTable, TrustedRegistry, TrustedRows } from './trusted-rows.ts';

export type PeopleParts = {
  /** Wall clock and monotonic clock, ms. */
  readonly now: Now;
  readonly tick: Now;
  readonly append: AppendAudit;
  readonly lookUpStanding: LookUpStanding;
  readonly table: ProjectionTable;
  readonly hasher: PasswordHasher;
  readonly areas: readonly Area[];
  readonly groups: readonly Group[];
  readonly plant: SessionView['plant'];
  readonly sessions: SessionLimits;
  readonly passwords: PasswordPolicy;
  readonly lockout: LockoutLimits;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type People = {
  readonly accounts: TrustedRegistry<UserId, AccountDocument>;
  readonly certifications: TrustedRegistry<UserId, CertificationDocument>;
  readonly terminals: TrustedRegistry<TerminalId, TerminalDocument>;
  readonly tokens: TokenRegistry;
  readonly passkeys: TrustedRegistry<string, PasskeyDocument>;
  readonly sessions: Sessions;
  readonly lockout: Lockout;
  readonly access: Access;
  readonly checkPerson: CheckPerson;
  readonly codes: EnrolmentCodes;
  readonly enrol: Enrol;
  readonly clocks: TerminalClocks;
  readonly ensureAccounts: EnsureAccounts;
  readonly changePassword: ChangePassword;
  readonly parts: PeopleParts;
};

const loopback = ['127.0.0.0/8', '::1/128'];

/** Reads and proves all projections; each that is not the log's word is left out and reported as `security.alert`. */
export async function openPeople(parts: PeopleParts): Promise<People> {
  const { now, append } = parts;
  const rows = new TrustedRows({ table: parts.table, lookUpStanding: parts.lookUpStanding, append });
  const accounts = new TrustedRegistry<UserId, AccountDocument>(rows, 'account:', accountDocumentSchema);
  const certifications = new TrustedRegistry<UserId, CertificationDocument>(
    rows,
    'certification:',
    certificationDocumentSchema,
  );
  const terminals = new TrustedRegistry<TerminalId, TerminalDocument>(rows, 'terminal:', terminalDocumentSchema);
  const tokens = new TrustedRegistry<TokenId, TokenDocument>(rows, 'token:', tokenDocumentSchema);
  const passkeys = new TrustedRegistry<string, PasskeyDocument>(rows, 'passkey:', passkeyDocumentSchema);
  const judged = await rows.readAll();
  for (const registry of [accounts, certifications, terminals, tokens, passkeys]) registry.adopt(judged);

  const sessions = new Sessions({
    now,
    tick: parts.tick,
    limits: parts.sessions,
    append,
    reportFault: parts.reportFault,
  });
  const lockout = new Lockout(parts.lockout);
  const access = createAccess({
    areas: parts.areas,
    groups: parts.groups,
    accounts,
    certifications,
    terminals,
    addressWithin,
    isLive: (sessionId) => sessions.isLive(sessionId),
  });
  const { hasher, passwords } = parts;
  const codes = new EnrolmentCodes();
  const checkPerson = createPersonCheck({ now, append, rows, accounts, hasher, passwords, lockout, sessions });
  return {
    accounts,
    certifications,
    terminals,
    passkeys,
    tokens,
    sessions,
    lockout,
    access,
    checkPerson,
    codes,
    enrol: createEnrolment({ now, append, terminals, codes, placementFor: (address) => demoPlacement(parts, address) }),
    clocks: new TerminalClocks(append, parts.reportFault),
    ensureAccounts: createFirstAccounts({ now, accounts, hasher, passwords }),
    changePassword: createPasswordChange({ now, append, accounts, hasher, passwords, checkPerson, sessions }),
    parts,
  };
}

/** The demo enrols terminals on its own machine by itself, for the whole plant; nothing else does (OPS-8). */
function demoPlacement(parts: PeopleParts, address: string): Placement | null {
  if (!parts.plant.demo || !addressWithin(loopback, address)) return null;
  const roots = parts.areas.filter((area) => area.parent === null).map((area) => area.id);
  return { location: 'This machine', areas: roots, networks: loopback };
}
