// Listening: on one host, or for the demo on both loopback addresses with one application behind them. Called by main.ts.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Application } from './route-access.ts';
import { serverOptions } from './server-options.ts';

export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/** Rejects with the system's error when the port is taken. A machine without IPv6 gets 127.0.0.1 alone. */
export async function listen(app: Application, host: string, port: number): Promise<Listening> {
  await app.listen({ host, port });
  const address = app.server.address() as AddressInfo;
  if (host !== '127.0.0.1') return { port: address.port, close: () => app.close() };
  const { requestTimeout, keepAliveTimeout } = app.server;
  // The same patience with slow clients at both addresses.
  const second = createServer({ ...serverOptions, requestTimeout, keepAliveTimeout });
  // Fastify's server handles what either of the two accepts, upgrades of the live socket included.
  for (const event of ['request', 'upgrade', 'clientError', 'checkExpectation'] as const)
    second.on(event, (...details: unknown[]) => app.server.emit(event, ...details));
  const bound = await listenOn(second, '::1', address.port);
  return {
    port: address.port,
    close: async () => {
      if (bound) {
        second.closeAllConnections();
        await new Promise((resolve) => second.close(resolve));
      }
      await app.close();
    },
  };
}

async function listenOn(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, ipv6Only: true }, () => resolve(true));
  });
}
