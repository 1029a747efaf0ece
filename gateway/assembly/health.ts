// What the gateway says of itself, from the state of its parts. Called by main.ts.
import type { PostgresLog } from '../audit/postgres-log.ts';
import type { Health } from '../contract/health.ts';
import type { LogVerification } from '../contract/log-verification.ts';
import type { Supervisor } from '../drivers/supervisor.ts';
import type { CheckpointPlaces } from './checkpoint-witnesses.ts';
import type { Forwarding } from './forwarding.ts';
import { version } from './version.ts';

export function healthOf(
  phase: Health['status'],
  demo: boolean,
  log: PostgresLog,
  supervisor: Supervisor,
  forwarding: Forwarding,
  places: CheckpointPlaces,
  verification: LogVerification,
): Health {
  const writing = log.state().state === 'writing';
  const connections = supervisor.connections();
  const receivers = forwarding.health();
  const witnesses = places.witnesses();
  const copies = places.copies();
  const whole =
    writing &&
    connections.every((connection) => connection.state === 'connected') &&
    Object.values(receivers).every((receiver) => receiver.state !== 'lost') &&
    witnesses.every(({ state }) => state === 'cosigning' || state === 'starting') &&
    copies !== 'lost' &&
    verification.altered === null;
  return {
    status: phase === 'ready' && !whole ? 'degraded' : phase,
    version,
    demo,
    parts: {
      database: writing ? 'up' : 'down',
      log: {
        state: writing ? 'writing' : 'unavailable',
        size: log.size(),
        checkpointTime: log.checkpointTime(),
      },
      connections: Object.fromEntries(connections.map((connection) => [connection.id, connection.state])),
      ...(Object.keys(receivers).length === 0 ? {} : { forwarding: receivers }),
      ...(witnesses.length === 0
        ? {}
        : {
            witnesses: Object.fromEntries(
              witnesses.map(({ name, state, size }) => [name, { state, behind: Math.max(0, log.size() - size) }]),
            ),
          }),
      verification: wordOf(verification),
      ...(copies === null ? {} : { checkpointCopies: copies }),
    },
  };
}

function wordOf({ state, lastGood, altered }: LogVerification): NonNullable<Health['parts']['verification']> {
  if (altered !== null) return 'altered';
  if (state === 'unavailable') return 'unavailable';
  return lastGood === null ? 'starting' : 'good';
}
