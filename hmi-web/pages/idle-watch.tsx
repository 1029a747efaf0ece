// Tells the gateway that a person is there when somebody touches or types, and warns a minute before an unattended
// session ends (IDN-5). Live values alone keep nothing alive. Part of the frame.
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useGateway, useSession } from '../gateway-context.ts';
import { type Idleness, idlenessOf, shouldTellPresence } from '../model/idleness.ts';

const IdleWarning = lazy(async () => ({ default: (await import('./idle-warning.tsx')).IdleWarning }));

export function IdleWatch() {
  const gateway = useGateway();
  const client = useQueryClient();
  const timeoutMs = useSession().idleTimeoutSeconds * 1000;
  const toldAtMs = useRef(performance.now());
  const [idleness, setIdleness] = useState<Idleness>({ kind: 'present' });

  const tell = useCallback(() => {
    const before = toldAtMs.current;
    toldAtMs.current = performance.now();
    gateway.api.session(true).then(
      (view) => client.setQueryData(['session'], view),
      () => {
        // Not heard: the gateway's clock still runs from before. An ended session is told by the request itself.
        toldAtMs.current = before;
      },
    );
  }, [gateway, client]);

  useEffect(() => {
    const onPerson = () => {
      if (shouldTellPresence(toldAtMs.current, performance.now(), timeoutMs)) tell();
    };
    const names = ['pointerdown', 'keydown', 'wheel'] as const;
    for (const name of names) window.addEventListener(name, onPerson, { passive: true, capture: true });
    const timer = setInterval(() => {
      const next = idlenessOf(toldAtMs.current, performance.now(), timeoutMs);
      setIdleness(next);
      // Over by this page's clock: ask, so that the sign-in page appears with the gateway's reason.
      if (next.kind === 'over') void gateway.api.session().catch(() => {});
    }, 1000);
    return () => {
      clearInterval(timer);
      for (const name of names) window.removeEventListener(name, onPerson, { capture: true });
    };
  }, [gateway, tell, timeoutMs]);

  return idleness.kind === 'warning' ? (
    <Suspense fallback={null}>
      <IdleWarning leftMs={idleness.leftMs} onStay={tell} />
    </Suspense>
  ) : null;
}
