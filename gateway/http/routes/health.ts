// GET /health and GET /metrics, outside /api/v1 (OPS-4): liveness with the state of each part, and Prometheus figures.
// Health is open and says nothing of the process; figures are for loopback unless the configuration opens them.

import { type Health, healthSchema } from '../../contract/health.ts';
import { GatewayError } from '../../contract/problem.ts';
import type { Application } from '../route-access.ts';

export type HealthParts = {
  readonly health: () => Health;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Whether other than loopback addresses may read the figures. */
  readonly metricsForAll: boolean;
};

export function healthRoutes(app: Application, parts: HealthParts): void {
  app.get(
    '/health',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operation'],
        summary: 'Liveness, with the state of each part',
        description:
          '200 while requests are served (`ready`, `degraded`), 503 before and after (`starting`, `stopping`).',
        response: { 200: healthSchema, 503: healthSchema },
      },
    },
    async (_request, reply) => {
      const health = parts.health();
      const serving = health.status === 'ready' || health.status === 'degraded';
      return reply
        .code(serving ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(health);
    },
  );

  app.get('/metrics', { config: { access: 'open' }, schema: { hide: true } }, async (request, reply) => {
    if (!parts.metricsForAll && !isLoopback(request.peerAddress))
      throw new GatewayError('not-found', 'There is nothing at this address.');
    return reply.type(parts.metrics.contentType).send(await parts.metrics.metrics());
  });
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
