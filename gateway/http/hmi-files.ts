// Serves the built HMI at `/`: its files as they are, and index.html for every page address that a browser asks for.
// What lies outside the folder, or is no page, is not found.
import fastifyStatic from '@fastify/static';
import { GatewayError } from '../contract/problem.ts';
import type { Application } from './route-access.ts';

/** Addresses that are never pages of the HMI. */
const notPages = /^\/(api|socket\.io|assets|metrics|health)(\/|$)/;
const yearSeconds = 31_536_000;

/** `folder`: absolute path of hmi-web/dist. Files are listed once, when the application is built. */
export function installHmiFiles(app: Application, folder: string): void {
  void app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' };
      route.schema = { ...route.schema, hide: true };
    });
    await scope.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      index: ['index.html'],
      dotfiles: 'ignore',
      cacheControl: false,
      // The build (hmi-web/vite.config.ts) writes Brotli and gzip forms beside the files.
      preCompressed: true,
      setHeaders: (response, path) => {
        // The builder puts a digest into the names below assets/; everything else may change with the next release.
        const immutable = /[\\/]assets[\\/]/.test(path);
        void response.header('cache-control', immutable ? `public, max-age=${yearSeconds}, immutable` : 'no-cache');
      },
    });
    scope.get('/*', async (request, reply) => {
      const path = request.url.split('?', 1)[0] ?? '/';
      const wantsPage = request.headers.accept?.includes('text/html') ?? false;
      if (!wantsPage || notPages.test(path) || /\.[a-z0-9]{1,5}$/i.test(path))
        throw new GatewayError('not-found', 'There is nothing at this address.');
      return reply.sendFile('index.html');
    });
  });
}
