// Sessions in the administration: who is signed in where, since when; any of them can be ended from here (IDN-5). Part of
// administration.tsx.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { RowTime } from '../components/row-time.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';

export function Sessions() {
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
      <h2 id="sessions">Sessions</h2>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <Listing labels={['Person', 'Terminal', 'Since', 'Last activity', '']}>
        {query.data.map((entry) => (
          <tr key={entry.id}>
            <td>{entry.user.printedName}</td>
            <td>{entry.terminal.name}</td>
            <td>
              <RowTime time={entry.startedAt} timeZone={plant.timeZone} />
            </td>
            <td>
              <RowTime time={entry.lastActivityAt} timeZone={plant.timeZone} />
            </td>
            <td className="cs-right">
              <Button size="sm" variant="default" disabled={link.kind !== 'live'} onClick={() => void end(entry.id)}>
                End
              </Button>
            </td>
          </tr>
        ))}
      </Listing>
    </>
  );
}
