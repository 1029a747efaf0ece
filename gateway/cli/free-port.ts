// Finds out before anything is started whether a port can be had, so that a taken one is one clear line and not a
// half-started plant. Called by demo.ts.
import { createServer } from 'node:net';

/** What keeps `port` on `host` from being listened on: null when nothing does. Port 0 is always free. */
export async function portTrouble(
  host: string,
  port: number,
): Promise<'taken' | 'not-permitted' | 'no-address' | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') resolve('not-permitted');
      else if (error.code === 'EADDRINUSE') resolve('taken');
      else resolve('no-address');
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
