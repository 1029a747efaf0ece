// Access tokens of machines in the administration (CMD-10): what each may do, where, until when; new ones and revocations.
// Part of administration.tsx; both are signed in the action dialog, which shows the text of a new token once.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TokenView } from '../../gateway/contract/token.ts';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RowTime } from '../components/row-time.tsx';
import { useGateway, useLink, useNow, useSession } from '../gateway-context.ts';
import { areasQuery } from '../queries.ts';
import { tokenScopes } from '../texts/en.ts';
import type { SignedAction } from './signed-action.ts';

export function Tokens({ onAction }: { readonly onAction: (action: SignedAction) => void }) {
  const gateway = useGateway();
  const { plant } = useSession();
  const link = useLink();
  const nowMs = useNow(60_000);
  const query = useQuery({ queryKey: ['tokens'], queryFn: () => gateway.api.tokens(), refetchInterval: 15_000 });
  const areas = useQuery(areasQuery(gateway));
  if (query.data === undefined) return <LoadingPage error={query.error} />;
  const standing = (token: TokenView): 'Active' | 'Expired' | 'Revoked' =>
    token.status === 'revoked' ? 'Revoked' : Date.parse(token.expiresAt) < nowMs ? 'Expired' : 'Active';
  const order = ['Active', 'Expired', 'Revoked'];
  const tokens = query.data.toSorted(
    (a, b) => order.indexOf(standing(a)) - order.indexOf(standing(b)) || a.name.localeCompare(b.name),
  );
  return (
    <>
      <div className="cs-page-head" id="tokens">
        <h2>Access tokens of machines</h2>
        <Button
          variant="default"
          disabled={link.kind !== 'live'}
          onClick={() => onAction({ noun: 'tokens', name: 'issue', areas: areas.data ?? [] })}
        >
          New access token
        </Button>
      </div>
      <p className="cs-muted">
        For other systems (MES, historian). No token can sign or ask for a command: what it proposes waits for a person.
      </p>
      {tokens.length > 0 && (
        <Listing labels={['Name', 'May', 'Areas and networks', 'Issued', 'Expires', 'State', '']}>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td>
                {token.name}
                <small>{token.id}</small>
              </td>
              <td>{token.scopes.map((scope) => tokenScopes[scope]).join(', ')}</td>
              <td>
                {token.areas.join(', ')}
                <small>{token.networks.join(', ')}</small>
              </td>
              <td>
                <RowTime time={token.issuedAt} timeZone={plant.timeZone} />
              </td>
              <td>
                <RowTime time={token.expiresAt} timeZone={plant.timeZone} />
              </td>
              <td>
                <span className="cs-state" data-tone="quiet">
                  {standing(token)}
                </span>
              </td>
              <td className="cs-right">
                {standing(token) === 'Active' && (
                  <Button
                    size="sm"
                    variant="default"
                    disabled={link.kind !== 'live'}
                    onClick={() => onAction({ noun: 'tokens', name: 'revoke', id: token.id, title: token.name })}
                  >
                    Revoke
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </Listing>
      )}
    </>
  );
}
