// The process page of one area: its screen, and small trends of what its setpoints steer. Loaded when first opened.
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, use, useMemo } from 'react';
import type { TagView } from '../../gateway/contract/tag.ts';
import { LoadingPage } from '../components/loading-page.tsx';
import { ProcessScreen } from '../components/process-screen.tsx';
import { ChangeContext, useGateway, useSession } from '../gateway-context.ts';
import { areasQuery, screenQuery, tagsQuery } from '../queries.ts';
import '../styles/process.css';

// The screen does not wait for the chart library.
const SmallTrend = lazy(async () => ({ default: (await import('../components/small-trend.tsx')).SmallTrend }));

export function ProcessPage() {
  const gateway = useGateway();
  const session = useSession();
  const change = use(ChangeContext);
  const { area: areaId } = useParams({ from: '/areas/$area' });
  const areas = useQuery(areasQuery(gateway));
  const tags = useQuery(tagsQuery(gateway));
  const area = areas.data?.find((entry) => entry.id === areaId);
  const name = area?.screen ?? '';
  const screen = useQuery({ ...screenQuery(gateway, name), enabled: name !== '' });
  const trends = useMemo(() => trendsOf(tags.data ?? [], areaId), [tags.data, areaId]);

  if (areas.data !== undefined && area === undefined)
    return <p className="cs-page">This area does not exist, or you may not see it.</p>;
  if (area !== undefined && area.screen === null)
    return <p className="cs-page">{area.name} has no process screen. Its values are on the tags page.</p>;
  if (tags.data === undefined || screen.data === undefined || area === undefined)
    return <LoadingPage error={areas.error ?? tags.error ?? screen.error} />;
  return (
    <div className="cs-process">
      <h1 className="cs-visually-hidden">{area.name}</h1>
      <ProcessScreen svgText={screen.data} name={area.name} tags={tags.data} onChange={change} />
      {trends.length > 0 && (
        <aside className="cs-trends" aria-label="Trends of the last 15 minutes">
          {trends.map(({ value, setpoint }) => (
            <Suspense key={setpoint.id} fallback={<div className="cs-trend" aria-hidden="true" />}>
              <SmallTrend value={value} setpoint={setpoint} timeZone={session.plant.timeZone} />
            </Suspense>
          ))}
        </aside>
      )}
    </div>
  );
}

/** Pairs of a measured value and the numeric setpoint that it follows; four are what a screen of 800 px holds. */
function trendsOf(tags: readonly TagView[], area: string): { value: TagView; setpoint: TagView }[] {
  return tags
    .flatMap((setpoint) => {
      const value = tags.find((tag) => tag.id === setpoint.setpoint?.follows);
      const numeric = setpoint.dataType !== 'bool' && setpoint.dataType !== 'string';
      return value !== undefined && numeric && setpoint.area === area ? [{ value, setpoint }] : [];
    })
    .slice(0, 4);
}
