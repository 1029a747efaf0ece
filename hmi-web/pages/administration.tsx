// Administration: terminals to approve or revoke, accounts to unlock, machines' access tokens, sessions to end. What changes
// rights is signed. Loaded when opened, for whoever may administer.
import { useState } from 'react';
import { useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { ActionDialog } from './action-dialog.tsx';
import { Sessions } from './administration-sessions.tsx';
import { Terminals } from './administration-terminals.tsx';
import { Tokens } from './administration-tokens.tsx';
import { Users } from './administration-users.tsx';
import type { SignedAction } from './signed-action.ts';
import '../styles/pages.css';

const sections = [
  { id: 'terminals', label: 'Terminals' },
  { id: 'users', label: 'Users' },
  { id: 'tokens', label: 'Access tokens' },
  { id: 'sessions', label: 'Sessions' },
] as const;

export function AdministrationPage() {
  const session = useSession();
  const [action, setAction] = useState<SignedAction | null>(null);
  if (!mayAnywhere(session, 'administer'))
    return <p className="cs-page">You do not have the right to administer. Ask an administrator.</p>;
  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Administration</h1>
        <nav className="cs-filters" aria-label="Sections">
          {sections.map(({ id, label }) => (
            <a key={id} href={`#${id}`} className="cs-menu-entry">
              {label}
            </a>
          ))}
        </nav>
      </div>
      <Terminals onAction={setAction} />
      <Users onAction={setAction} />
      <Tokens onAction={setAction} />
      <Sessions />
      {action !== null && <ActionDialog action={action} onClose={() => setAction(null)} />}
    </section>
  );
}
