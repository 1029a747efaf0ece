// How components reach the gateway, the session and live values. Provided by app.tsx and pages/frame.tsx.
// Hooks only: no request is made here.
import { createContext, use, useEffect, useState, useSyncExternalStore } from 'react';
import type { TagId } from '../gateway/contract/ids.ts';
import type { SessionView } from '../gateway/contract/session.ts';
import type { TagView } from '../gateway/contract/tag.ts';
import type { Gateway } from './gateway-client/gateway.ts';
import type { LinkState } from './gateway-client/link-state.ts';
import { type Reading, readingOf } from './model/reading.ts';

export const GatewayContext = createContext<Gateway | null>(null);
export const SessionContext = createContext<SessionView | null>(null);
/** Opens the change dialog for a tag; provided by the frame around all pages. */
export const ChangeContext = createContext<(tagId: TagId) => void>(() => {});

export function useGateway(): Gateway {
  const gateway = use(GatewayContext);
  if (gateway === null) throw new Error('useGateway outside of the application');
  return gateway;
}
export function useSession(): SessionView {
  const session = use(SessionContext);
  if (session === null) throw new Error('useSession while nobody is signed in');
  return session;
}

export function useLink(): LinkState {
  const gateway = useGateway();
  return useSyncExternalStore(gateway.subscribeLink, gateway.link);
}

/** The gateway's time, renewed every `everyMs`. */
export function useNow(everyMs = 1000): number {
  const gateway = useGateway();
  const [now, setNow] = useState(gateway.nowMs);
  useEffect(() => {
    const timer = setInterval(() => setNow(gateway.nowMs()), everyMs);
    return () => clearInterval(timer);
  }, [gateway, everyMs]);
  return now;
}

/** The tag's reading as it may be shown now: stale while the gateway is lost. */
export function useReading(tag: TagView): Reading {
  const gateway = useGateway();
  const link = useLink();
  const now = useNow();
  const wire = useSyncExternalStore(
    (listener) => gateway.values.subscribe(tag.id, listener),
    () => gateway.values.get(tag.id),
  );
  return readingOf(tag, wire, Math.max(now, gateway.nowMs()), link.kind === 'lost' ? link.sinceMs : null);
}
