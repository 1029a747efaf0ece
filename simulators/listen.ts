// Opening a listening socket with an answer that a person can use when the port is taken. Called by the Modbus server,
// the OPC UA relay and the control port. It never picks another port than the one asked for.
import type { Server } from 'node:net';

export class PortTaken extends Error {
  readonly port: number;
  constructor(port: number, cause: unknown) {
    super(`port ${port} is taken by another program`, { cause });
    this.name = 'PortTaken';
    this.port = port;
  }
}

/** Listens and returns the port, which is the given one unless that was 0. Rejects with PortTaken or the system's error. */
export function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(error.code === 'EADDRINUSE' ? new PortTaken(port, error) : error);
    };
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', failed);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the listening socket has no port'));
      else resolve(address.port);
    });
  });
}

/** Stops listening and resolves when the port is free. Open connections are the caller's to destroy beforehand. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
  });
}
