// A loopback HTTP server on any free port, for the cases that bring clients to a server of their own.
import type { Server } from 'node:http';

/** Its URL, once it listens. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server got no port');
  return `http://127.0.0.1:${address.port}`;
}
