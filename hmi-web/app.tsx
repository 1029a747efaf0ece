// Decides what this terminal shows: the sign-in page, or the frame with its pages. Rendered once by main.tsx.
// When the session ends, whatever the reason, everything that was loaded under it is forgotten.
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { SessionView } from '../gateway/contract/session.ts';
import { FaultBoundary } from './components/fault-boundary.tsx';
import type { Gateway } from './gateway-client/gateway.ts';
import { Refused } from './gateway-client/request.ts';
import { GatewayContext, SessionContext, useGateway } from './gateway-context.ts';
import { type Explanation, explainProblem } from './model/refusal-words.ts';
import { SignInPage } from './pages/sign-in.tsx';
import { createQueryClient } from './queries.ts';
import { theme } from './theme.ts';

// Everything behind the sign-in page comes while the person types, and is there when it is needed.
const loadFrame = () => import('./pages/frame.tsx');
const Frame = lazy(async () => ({ default: (await loadFrame()).Frame }));

export function App({ gateway }: { readonly gateway: Gateway }) {
  const [client] = useState(createQueryClient);
  return (
    <MantineProvider theme={theme} forceColorScheme="light" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={client}>
        <GatewayContext value={gateway}>
          <FaultBoundary>
            <Entrance />
          </FaultBoundary>
        </GatewayContext>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Entrance() {
  const gateway = useGateway();
  const client = useQueryClient();
  const [farewell, setFarewell] = useState<Explanation | null>(null);
  const plant = useQuery({
    queryKey: ['plant'],
    queryFn: () => gateway.api.plant(),
    retry: true,
    retryDelay: 2000,
  });
  const session = useQuery({
    queryKey: ['session'],
    queryFn: () => sessionOrNull(gateway),
    retry: (_count, error) => !(error instanceof Refused),
    retryDelay: 2000,
  });

  useEffect(() => {
    // A failure here is no fault yet: it is tried again when the frame is needed.
    loadFrame().catch(() => {});
  }, []);

  useEffect(
    () =>
      gateway.listen({
        command: () => {},
        connection: () => {},
        signedOut: (code, detail) => {
          const had = client.getQueryData<SessionView | null>(['session']);
          // Before anybody is signed in, a refusal ends nothing.
          if (had === undefined || had === null) return;
          gateway.stopLive();
          client.removeQueries({
            predicate: (query) => query.queryKey[0] !== 'plant' && query.queryKey[0] !== 'session',
          });
          client.setQueryData(['session'], null);
          setFarewell({ ...explainProblem({ code, detail }), what: 'Your session has ended.' });
        },
      }),
    [gateway, client],
  );

  if (plant.data === undefined || session.data === undefined) {
    const unreachable = plant.failureCount > 0 || session.failureCount > 0;
    return (
      <main className="cs-dead-end" aria-busy="true">
        <h1>{unreachable ? 'The gateway does not answer' : 'Countersign'}</h1>
        <p>{unreachable ? 'Trying again every two seconds.' : 'Opening…'}</p>
      </main>
    );
  }
  if (session.data === null)
    return (
      <SignInPage
        plant={plant.data}
        farewell={farewell}
        onSignedIn={(view) => {
          setFarewell(null);
          client.setQueryData(['session'], view);
        }}
      />
    );
  return (
    <SessionContext value={session.data}>
      <Suspense fallback={null}>
        <Frame />
      </Suspense>
    </SessionContext>
  );
}

/** Null when nobody is signed in, or this terminal may not yet take a session: the sign-in page says which. */
async function sessionOrNull(gateway: Gateway): Promise<SessionView | null> {
  if (!gateway.mayBeKnown()) return null;
  try {
    return await gateway.api.session();
  } catch (error) {
    if (error instanceof Refused && error.problem.status < 500 && error.problem.status !== 429) return null;
    throw error;
  }
}
