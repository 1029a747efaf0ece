// Administration: terminals to approve or revoke, accounts to unlock, sessions to end. What changes rights is signed.
// Loaded when opened, for whoever may administer.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AccountView, TerminalView } from '../../gateway/contract/session.ts';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { plantTime } from '../model/times.ts';
import { areasQuery } from '../queries.ts';
import { accountStates, terminalStates } from '../texts/en.ts';
import { ActionDialog, type SignedAction } from './action-dialog.tsx';
import '../styles/pages.css';

export function AdministrationPage() {
  const session = useSession();
  const [action, setAction] = useState<SignedAction | null>(null);
  if (!mayAnywhere(session, 'administer'))
    return <p className="cs-page">You do not have the right to administer. Ask an administrator.</p>;
  return (
    <section className="cs-page">
      <h1>Administration</h1>
      <Terminals onAction={setAction} />
      <Users onAction={setAction} />
      <Sessions />
      {action !== null && <ActionDialog action={action} onClose={() => setAction(null)} />}
    </section>
  );
}

function Terminals({ onAction }: { readonly onAction: (action: SignedAction) => void }) {
  const gateway = useGateway();
  const { plant } = useSession();
  const link = useLink();
  const query = useQuery({ queryKey: ['terminals'], queryFn: () => gateway.api.terminals(), refetchInterval: 15_000 });
  const areas = useQuery(areasQuery(gateway));
  if (query.data === undefined) return <LoadingPage error={query.error} />;
  const order = { pending: 0, active: 1, revoked: 2 } as const;
  const terminals = [...query.data].sort((a, b) => order[a.status] - order[b.status] || a.name.localeCompare(b.name));
  const act = (terminal: TerminalView, name: 'approve' | 'revoke') =>
    onAction({ noun: 'terminals', name, id: terminal.id, title: terminal.name, areas: areas.data ?? [], terminal });
  return (
    <>
      <h2>Terminals</h2>
      <Listing labels={['Name', 'Identification', 'Location and areas', 'Enrolled', 'State', '']}>
        {terminals.map((terminal) => (
          <tr key={terminal.id}>
            <td>{terminal.name}</td>
            <td>
              <code>{terminal.id}</code>
            </td>
            <td>
              {terminal.location === '' ? 'no location' : terminal.location}
              <small>{terminal.areas.join(', ')}</small>
            </td>
            <td>{plantTime(terminal.enrolledAt, plant.timeZone).local}</td>
            <td>
              <span className="cs-state" data-tone={terminal.status === 'pending' ? 'attention' : 'quiet'}>
                {terminalStates[terminal.status]}
              </span>
            </td>
            <td className="cs-right" style={{ whiteSpace: 'nowrap' }}>
              {terminal.status === 'pending' && (
                <Button h={44} size="sm" disabled={link.kind !== 'live'} onClick={() => act(terminal, 'approve')}>
                  Approve
                </Button>
              )}{' '}
              {terminal.status !== 'revoked' && (
                <Button
                  h={44}
                  size="sm"
                  variant="default"
                  disabled={link.kind !== 'live'}
                  onClick={() => act(terminal, 'revoke')}
                >
                  Revoke
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Listing>
    </>
  );
}

function Users({ onAction }: { readonly onAction: (action: SignedAction) => void }) {
  const gateway = useGateway();
  const link = useLink();
  const query = useQuery({ queryKey: ['users'], queryFn: () => gateway.api.users(), refetchInterval: 15_000 });
  if (query.data === undefined) return <LoadingPage error={query.error} />;
  const locked = (user: AccountView) => user.status === 'locked' || user.lockedAtTerminals.length > 0;
  return (
    <>
      <h2>Users</h2>
      <Listing labels={['Name', 'Printed name', 'Groups', 'Certified', 'State', '']}>
        {query.data.map((user) => (
          <tr key={user.id}>
            <td>
              <code>{user.name}</code>
            </td>
            <td>{user.printedName}</td>
            <td>{user.groups.join(', ')}</td>
            <td>{user.certified ? 'yes' : 'not yet'}</td>
            <td>
              <span className="cs-state" data-tone={locked(user) ? 'attention' : 'quiet'}>
                {accountStates[user.status]}
                {user.status === 'active' &&
                  user.lockedAtTerminals.length > 0 &&
                  `, locked at ${user.lockedAtTerminals.length} terminal(s)`}
              </span>
            </td>
            <td className="cs-right">
              {locked(user) && (
                <Button
                  h={44}
                  size="sm"
                  disabled={link.kind !== 'live'}
                  onClick={() => onAction({ noun: 'users', name: 'unlock', id: user.id, title: user.printedName })}
                >
                  Unlock
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Listing>
    </>
  );
}

function Sessions() {
  const gateway = useGateway();
  const { plant } = useSession();
  const link = useLink();
  const client = useQueryClient();
  const query = useQuery({ queryKey: ['sessions'], queryFn: () => gateway.api.sessions(), refetchInterval: 15_000 });
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  if (query.data === undefined) return <LoadingPage error={query.error} />;
  const end = async (id: string) => {
    setRefusal(null);
    try {
      await gateway.api.endSession(id);
      await client.invalidateQueries({ queryKey: ['sessions'] });
    } catch (error) {
      setRefusal(explainError(error));
    }
  };
  return (
    <>
      <h2>Sessions</h2>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <Listing labels={['Person', 'Terminal', 'Since', 'Last activity', '']}>
        {query.data.map((entry) => (
          <tr key={entry.id}>
            <td>{entry.user.printedName}</td>
            <td>{entry.terminal.name}</td>
            <td>{plantTime(entry.startedAt, plant.timeZone).local}</td>
            <td>{plantTime(entry.lastActivityAt, plant.timeZone).local}</td>
            <td className="cs-right">
              <Button
                h={44}
                size="sm"
                variant="default"
                disabled={link.kind !== 'live'}
                onClick={() => void end(entry.id)}
              >
                End
              </Button>
            </td>
          </tr>
        ))}
      </Listing>
    </>
  );
}

function Listing({ labels, children }: { readonly labels: readonly string[]; readonly children: React.ReactNode }) {
  return (
    <div className="cs-table-frame">
      <table className="cs-table">
        <thead>
          <tr>
            {labels.map((label) => (
              <th key={label}>
                <span>{label === '' ? <span className="cs-visually-hidden">Actions</span> : label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
