// Stops the embedded PostgreSQL of a launcher that was killed hard, so that nothing outlives it: the server is no child
// that would notice by itself. Called by the maintenance process alone, which does notice.
import { setTimeout as delay } from 'node:timers/promises';
import { newClient } from './connection.ts';
import { signalIfAlive, waitUntil, worksIn } from './former-server.ts';

/** The gateway has 15 s to finish what its gate has in hand and to record its stop. */
const gatewayPatienceMs = 20_000;
const fastShutdownMs = 30_000;
const pollMs = 100;

/** Of a process: its id, and the folder that it works in, since ids are used again. */
export type ServerProcess = { readonly pid: number; readonly cluster: string };

/** Waits until nobody but its owner is connected, then ends the server. Never rejects; the next start settles the rest. */
export async function stopForsakenServer(server: ServerProcess, ownerUrl: string): Promise<void> {
  await othersGone(ownerUrl).catch(() => undefined);
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!(await worksIn(server.pid, server.cluster))) return;
    signalIfAlive(server.pid, signal);
    await waitUntil(async () => !(await worksIn(server.pid, server.cluster)), fastShutdownMs);
  }
}

async function othersGone(ownerUrl: string): Promise<void> {
  const client = newClient(ownerUrl, { applicationName: 'countersign end' });
  await client.connect();
  try {
    const end = performance.now() + gatewayPatienceMs;
    while (performance.now() < end) {
      const others = await client.query(
        `SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> current_user`,
      );
      if ((others.rowCount ?? 0) === 0) return;
      await delay(pollMs);
    }
  } finally {
    await client.end();
  }
}
