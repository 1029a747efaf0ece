// All routes about people, terminals and sessions, and what they need of signing/, put together: one call for main.ts.
import type { PlantView } from '../contract/session.ts';
import type { People } from '../identity/people.ts';
import { createAccountActions } from '../signing/account-actions.ts';
import { type Archives, createArchiveActions } from '../signing/archive-actions.ts';
import { createCertify } from '../signing/certify.ts';
import { createLogKeyActions, type LogKey } from '../signing/log-key-actions.ts';
import { createPasskeys } from '../signing/passkey-registration.ts';
import { createPasskeyRemoval } from '../signing/passkey-removal.ts';
import { relyingPartyOf } from '../signing/relying-party.ts';
import { createSignedActions } from '../signing/signed-actions.ts';
import type { ConfigurationInForce, SignerChecks } from '../signing/signer.ts';
import { createTerminalActions } from '../signing/terminal-actions.ts';
import { createTokenActions } from '../signing/token-actions.ts';
import type { GuardParts } from './guard.ts';
import type { Application } from './route-access.ts';
import { type ArchiveRouteParts, archiveRoutes } from './routes/archives.ts';
import { auditKeyRoutes } from './routes/audit-key.ts';
import { certificationRoutes } from './routes/certification.ts';
import { passkeyRoutes } from './routes/passkeys.ts';
import { passwordRoutes } from './routes/password.ts';
import { plantRoutes } from './routes/plant.ts';
import { screenRoutes } from './routes/screens.ts';
import { sessionRoutes } from './routes/session.ts';
import { sessionsRoutes } from './routes/sessions.ts';
import { terminalRoutes } from './routes/terminals.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { userRoutes } from './routes/users.ts';

export type PeopleRouteParts = {
  readonly people: People;
  readonly checks: SignerChecks;
  readonly configuration: ConfigurationInForce;
  readonly guard: GuardParts;
  readonly logKey: LogKey;
  readonly archives: { readonly archives: Archives; readonly list: ArchiveRouteParts['list'] };
  readonly plant: PlantView;
  readonly screens: ReadonlyMap<string, string>;
  /** Served over TLS: cookies are marked Secure. */
  readonly secure: boolean;
};

export function peopleRoutes(app: Application, parts: PeopleRouteParts): void {
  const { people, checks } = parts;
  const actions = createSignedActions(people, checks, parts.configuration);
  const { now, append, passwords, areas } = people.parts;
  plantRoutes(app, parts.plant);
  sessionRoutes(app, {
    now,
    append,
    checkPerson: people.checkPerson,
    sessions: people.sessions,
    idleMs: people.parts.sessions.idleMs,
    passwords,
    access: people.access,
    accounts: people.accounts,
    certifications: people.certifications,
    terminals: people.terminals,
    plant: people.parts.plant,
    componentsNeeded: (caller) => checks.componentsNeeded(caller),
    recordTerminal: (id) => parts.guard.terminals.recordTerminal(id),
    secure: parts.secure,
  });
  passwordRoutes(app, { people, recordTerminal: (id) => parts.guard.terminals.recordTerminal(id) });
  passkeyRoutes(app, {
    passkeys: createPasskeys(people, () => relyingPartyOf(parts.guard.origins())),
    removal: createPasskeyRemoval(people, actions),
  });
  certificationRoutes(app, { certify: createCertify(people) });
  terminalRoutes(app, {
    terminals: people.terminals,
    enrol: people.enrol,
    actions: createTerminalActions(people, actions),
  });
  userRoutes(app, {
    accounts: people.accounts,
    certifications: people.certifications,
    passkeys: people.passkeys,
    actions: createAccountActions(people, actions),
  });
  auditKeyRoutes(app, createLogKeyActions(actions, parts.logKey));
  archiveRoutes(app, { actions: createArchiveActions(actions, parts.archives.archives), list: parts.archives.list });
  tokenRoutes(app, { tokens: people.tokens, actions: createTokenActions(people, actions) });
  sessionsRoutes(app, people);
  screenRoutes(app, { screens: parts.screens, areas, mayDo: (...question) => people.access.mayDo(...question) });
}
