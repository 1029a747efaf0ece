// What the gateway says of itself, from the state of its parts. Called by main.ts.
import type { PostgresLog } from '../audit/postgres-log.ts';
import type { Health } from '../contract/health.ts';
import type { Supervisor } from '../drivers/supervisor.ts';
import type { Forwarding } from './forwarding.ts';
import { version } from './version.ts';

export function healthOf(
  phase: Health['status'],
  demo: boolean,
  log: PostgresLog,
  supervisor: Supervisor,
  forwarding: Forwarding,
): Health {
  const writing = log.state().state === 'writing';
  const connections = supervisor.connections();
  const receivers = forwarding.health();
  const whole =
    writing &&
    connections.every((connection) => connection.state === 'connected') &&
    Object.values(receivers).every((receiver) => receiver.state !== 'lost');
  return {
    status: phase === 'ready' && !whole ? 'degraded' : phase,
    version,
    demo,
    parts: {
      database: writing ? 'up' : 'down',
      log: { state: writing ? 'writing' : 'unavailable', size: log.size(), checkpointTime: null },
      connections: Object.fromEntries(connections.map((connection) => [connection.id, connection.state])),
      ...(Object.keys(receivers).length === 0 ? {} : { forwarding: receivers }),
    },
  };
}
