// The frame in view on every page: plant, areas, connections, link to the gateway, person and terminal, and the dialogs
// that any page can open. Root component of the router.
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useState } from 'react';
import type { TagId } from '../../gateway/contract/ids.ts';
import { AwaitingStrip } from '../components/awaiting-strip.tsx';
import { BreakGlassNotice } from '../components/break-glass-notice.tsx';
import { ConnectionChips } from '../components/connection-chips.tsx';
import { DemoBanner } from '../components/demo-banner.tsx';
import { LogAlteredNotice } from '../components/log-verification.tsx';
import { LostBanner } from '../components/lost-banner.tsx';
import { NavigationRail } from '../components/navigation-rail.tsx';
import { PlantClock } from '../components/plant-clock.tsx';
import { UnresolvedNotice } from '../components/unresolved-notice.tsx';
import { WitnessConflictNotice } from '../components/witness-conflict-notice.tsx';
import { Wordmark } from '../components/wordmark.tsx';
import { ChangeContext, useGateway, useLink, useSession } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { textOf } from '../model/values.ts';
import {
  areasQuery,
  awaitingQuery,
  breakGlassQuery,
  commandsQuery,
  connectionsQuery,
  tagsQuery,
  verificationQuery,
  witnessesQuery,
} from '../queries.ts';
import { IdleWatch } from './idle-watch.tsx';
import { PersonMenu } from './person-menu.tsx';
import { UnattributedNotices } from './unattributed-notices.tsx';

const ChangeDialog = lazy(async () => ({ default: (await import('./change-dialog.tsx')).ChangeDialog }));

export function FrameLayout() {
  const gateway = useGateway();
  const session = useSession();
  const link = useLink();
  const areas = useQuery(areasQuery(gateway));
  const connections = useQuery(connectionsQuery(gateway));
  const commands = useQuery(commandsQuery(gateway));
  const breakGlass = useQuery(breakGlassQuery(gateway));
  const tags = useQuery(tagsQuery(gateway));
  const verification = useQuery({ ...verificationQuery(gateway), enabled: mayAnywhere(session, 'read-audit') });
  const witnesses = useQuery({ ...witnessesQuery(gateway), enabled: mayAnywhere(session, 'read-audit') });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [changing, setChanging] = useState<TagId | null>(null);
  const open = useCallback((tagId: TagId) => setChanging(tagId), []);
  const close = useCallback(() => setChanging(null), []);
  const awaiting = useQuery(awaitingQuery(gateway)).data ?? [];
  // What he has asked for himself and not signed is in his own dialog.
  const urgent = awaiting.filter((entry) => entry.state === 'awaiting-countersignature');
  const openCount = commands.data?.commands.filter((entry) => !isClosed(entry.state)).length ?? 0;

  return (
    <ChangeContext value={open}>
      <div className="cs-frame" data-link={link.kind}>
        <a className="cs-skip" href="#content">
          Skip to the content
        </a>
        {session.plant.demo && <DemoBanner />}
        <header className="cs-header">
          <Wordmark compact />
          <strong className="cs-plant-name">{session.plant.name}</strong>
          <nav className="cs-areas" aria-label="Areas">
            {areas.data
              ?.filter((area) => area.screen !== null)
              .map((area) => (
                <Link
                  key={area.id}
                  to="/areas/$area"
                  params={{ area: area.id }}
                  activeProps={{ 'aria-current': 'page' }}
                >
                  {area.name}
                </Link>
              ))}
          </nav>
          <div className="cs-header-right">
            <ConnectionChips connections={connections.data ?? []} link={link} timeZone={session.plant.timeZone} />
            <PlantClock timeZone={session.plant.timeZone} />
            <PersonMenu />
          </div>
        </header>
        {link.kind === 'lost' && <LostBanner sinceMs={link.sinceMs} timeZone={session.plant.timeZone} />}
        <UnresolvedNotice strip tags={tags.data ?? []} timeZone={session.plant.timeZone} />
        {!path.startsWith('/commands') && <AwaitingStrip commands={urgent} valueText={textOf(tags.data ?? [])} />}
        {verification.data !== undefined && (
          <LogAlteredNotice view={verification.data} timeZone={session.plant.timeZone} />
        )}
        <WitnessConflictNotice witnesses={witnesses.data ?? []} />
        <BreakGlassNotice commands={breakGlass.data ?? []} timeZone={session.plant.timeZone} />
        <div className="cs-body">
          <NavigationRail
            path={path}
            firstArea={areas.data?.find((area) => area.screen !== null)?.id ?? null}
            openCommands={openCount}
            waitingCommands={awaiting.length}
            showAudit={mayAnywhere(session, 'read-audit')}
            showReview={mayAnywhere(session, 'review')}
            showAdministration={mayAnywhere(session, 'administer')}
          />
          <main id="content" className="cs-content" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
        <UnattributedNotices />
        {changing !== null && (
          <Suspense fallback={null}>
            <ChangeDialog key={changing} tagId={changing} onClose={close} />
          </Suspense>
        )}
        <IdleWatch />
      </div>
    </ChangeContext>
  );
}
