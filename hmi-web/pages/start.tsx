// The first page after signing in: the certification where it is missing (SIG-9), else the first process screen.
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { LoadingPage } from '../components/loading-page.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import { shouldCertify } from '../model/permissions.ts';
import { areasQuery } from '../queries.ts';

export function StartPage() {
  const session = useSession();
  const areas = useQuery(areasQuery(useGateway()));
  if (shouldCertify(session)) return <Navigate to="/certification" replace />;
  if (areas.data === undefined) return <LoadingPage error={areas.error} />;
  const first = areas.data.find((area) => area.screen !== null);
  if (first === undefined) return <Navigate to="/tags" replace />;
  return <Navigate to="/areas/$area" params={{ area: first.id }} replace />;
}
