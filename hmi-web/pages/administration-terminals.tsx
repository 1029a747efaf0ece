// Terminals in the administration: waiting ones to approve, active ones to move or revoke (TRM-1, TRM-4), one-time codes for
// new ones. Part of administration.tsx; what changes anything is signed in the action dialog.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TerminalView } from '../../gateway/contract/session.ts';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RowTime } from '../components/row-time.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { areasQuery } from '../queries.ts';
import { terminalStates } from '../texts/en.ts';
import type { SignedAction } from './signed-action.ts';

export function Terminals({ onAction }: { readonly onAction: (action: SignedAction) => void }) {
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
      <div className="cs-page-head" id="terminals">
        <h2>Terminals</h2>
        <Button
          variant="default"
          disabled={link.kind !== 'live'}
          onClick={() => onAction({ noun: 'enrolment-codes', name: 'issue', areas: areas.data ?? [] })}
        >
          New enrolment code
        </Button>
      </div>
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
            <td>
              <RowTime time={terminal.enrolledAt} timeZone={plant.timeZone} />
            </td>
            <td>
              <span className="cs-state" data-tone={terminal.status === 'pending' ? 'attention' : 'quiet'}>
                {terminalStates[terminal.status]}
              </span>
            </td>
            <td className="cs-right" style={{ whiteSpace: 'nowrap' }}>
              {terminal.status === 'pending' && (
                <Button size="sm" disabled={link.kind !== 'live'} onClick={() => act(terminal, 'approve')}>
                  Approve
                </Button>
              )}{' '}
              {terminal.status !== 'revoked' && (
                <Button
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
