// Everything around the pages once somebody is signed in: live link, router, and what reacts to live events.
// Rendered by app.tsx. The header, rail and banners are in frame-layout.tsx.

import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useGateway, useSession } from '../gateway-context.ts';
import { visibleAreas } from '../model/permissions.ts';
import { noteCommand, noteConnection, noteUnattributed, noteVerification } from '../queries.ts';
import { router } from '../router.tsx';

export function Frame() {
  const gateway = useGateway();
  const client = useQueryClient();
  const areas = visibleAreas(useSession()).join(',');

  useEffect(() => {
    gateway.goLive(areas.split(',').filter((area) => area !== '') as ReturnType<typeof visibleAreas>[number][]);
    return gateway.stopLive;
  }, [gateway, areas]);

  useEffect(
    () =>
      gateway.listen({
        command: (command) => noteCommand(client, command),
        connection: (connection) => noteConnection(client, connection),
        unattributed: (change) => noteUnattributed(client, change),
        verification: (view) => noteVerification(client, view),
        signedOut: () => {},
      }),
    [gateway, client],
  );

  // What was missed while the gateway was away comes anew with the link.
  useEffect(() => {
    let before = gateway.link().kind;
    return gateway.subscribeLink(() => {
      const kind = gateway.link().kind;
      // Not the audit trail: each view of it is a record, and only a person's wish opens one (AUD-1).
      if (kind === 'live' && before === 'lost')
        void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'audit' });
      before = kind;
    });
  }, [gateway, client]);

  return <RouterProvider router={router} />;
}
