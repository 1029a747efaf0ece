// How the log is kept (AUD-3, AUD-5, AUD-7, AUD-10): its key, its own check, who witnesses it, who gets its records, what was
// archived. Read-only, for whoever may read the log. Loaded when opened.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { LoadingPage } from '../components/loading-page.tsx';
import { LogArchives } from '../components/log-archives.tsx';
import { LogReceivers, LogWitnesses } from '../components/log-outlets.tsx';
import { LogVerificationLine } from '../components/log-verification.tsx';
import { useGateway, useNow, useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { verificationQuery, witnessesQuery } from '../queries.ts';
import '../styles/pages.css';

const refetchInterval = 15_000;

export function LogKeepingPage() {
  const gateway = useGateway();
  const session = useSession();
  const { timeZone } = session.plant;
  const nowMs = useNow();
  const mayRead = mayAnywhere(session, 'read-audit');
  const enabled = mayRead;
  const verification = useQuery({ ...verificationQuery(gateway), enabled });
  const witnesses = useQuery({ ...witnessesQuery(gateway), enabled, refetchOnMount: 'always', refetchInterval });
  const health = useQuery({
    queryKey: ['health'],
    queryFn: gateway.api.health,
    enabled,
    staleTime: 0,
    refetchInterval,
  });
  const key = useQuery({ queryKey: ['log-key'], queryFn: gateway.api.logKey, enabled, staleTime: 0 });
  const archives = useQuery({
    queryKey: ['archives'],
    queryFn: gateway.api.archives,
    enabled,
    staleTime: 0,
    refetchInterval: 60_000,
  });
  if (!mayRead) return <p className="cs-page">You do not have the right to read the log. Ask an administrator.</p>;
  const size = health.data?.parts.log.size ?? null;
  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>How the log is kept</h1>
        <Link to="/audit" className="cs-menu-entry">
          Audit trail
        </Link>
      </div>
      {verification.data !== undefined && <LogVerificationLine view={verification.data} timeZone={timeZone} />}
      <dl className="cs-card cs-facts">
        <dt>Records</dt>
        <dd>
          {size === null ? 'not known' : size.toLocaleString('en')}
          {health.data?.parts.log.state === 'unavailable' && (
            <>
              {' '}
              <span className="cs-state" data-tone="trouble">
                cannot be written
              </span>
            </>
          )}
        </dd>
        <dt>Key that signs its heads now</dt>
        <dd>
          {key.data === undefined ? 'not known' : <code>{key.data}</code>}
          <br />
          <span className="cs-muted">
            To be compared with the key that you keep yourself: who trusts what a log says of its own key trusts nobody.
          </span>{' '}
          <Link to="/audit" search={{ kind: 'log.key-rotated' }} className="cs-finger-link">
            When it was replaced
          </Link>
        </dd>
      </dl>
      <h2>Witnesses</h2>
      <Part error={witnesses.error}>
        {witnesses.data && <LogWitnesses witnesses={witnesses.data} size={size} nowMs={nowMs} timeZone={timeZone} />}
      </Part>
      <h2>Records sent elsewhere</h2>
      <Part error={health.error}>{health.data && <LogReceivers parts={health.data.parts} />}</Part>
      <h2>Archives</h2>
      <Part error={archives.error}>{archives.data && <LogArchives list={archives.data} timeZone={timeZone} />}</Part>
    </section>
  );
}

/** What was read last stays in view while it cannot be read again, with the reason under it. */
function Part({ children, error }: { readonly children: ReactNode; readonly error: unknown }) {
  return (
    <>
      {children}
      {(children === undefined || error !== null) && <LoadingPage error={error} />}
    </>
  );
}
