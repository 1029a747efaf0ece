// Accounts in the administration: their groups, certification, passkeys and state; locked ones to unlock (IDN-3), lost
// passkeys to take away (SIG-7). Part of administration.tsx; both are signed in the action dialog.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { AccountView } from '../../gateway/contract/session.ts';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { useGateway, useLink } from '../gateway-context.ts';
import { accountStates } from '../texts/en.ts';
import type { SignedAction } from './signed-action.ts';

export function Users({ onAction }: { readonly onAction: (action: SignedAction) => void }) {
  const gateway = useGateway();
  const link = useLink();
  const query = useQuery({ queryKey: ['users'], queryFn: () => gateway.api.users(), refetchInterval: 15_000 });
  if (query.data === undefined) return <LoadingPage error={query.error} />;
  const locked = (user: AccountView) => user.status === 'locked' || user.lockedAtTerminals.length > 0;
  return (
    <>
      <h2 id="users">Users</h2>
      <Listing labels={['Name', 'Printed name', 'Groups', 'Certified', 'Passkeys', 'State', '']}>
        {query.data.map((user) => (
          <tr key={user.id}>
            <td>
              <code>{user.name}</code>
            </td>
            <td>{user.printedName}</td>
            <td>{user.groups.join(', ')}</td>
            <td>{user.certified ? 'yes' : 'not yet'}</td>
            <td>
              {user.passkeys.length === 0 && 'none'}
              {user.passkeys.map((passkey) => (
                <div key={passkey.id}>
                  {passkey.name}{' '}
                  <Button
                    variant="default"
                    size="sm"
                    disabled={link.kind !== 'live'}
                    aria-label={`Take away ${passkey.name} of ${user.printedName}`}
                    onClick={() =>
                      onAction({
                        noun: 'passkeys',
                        name: 'remove-passkey',
                        id: passkey.id,
                        title: `${passkey.name}, ${user.printedName}`,
                      })
                    }
                  >
                    Take away
                  </Button>
                </div>
              ))}
            </td>
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
