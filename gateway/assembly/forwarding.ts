// Starts a forwarder for each configured receiver (AUD-10), over log and database. Called by main.ts once the log is open.
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { PostgresLog } from '../audit/postgres-log.ts';
import type { Health } from '../contract/health.ts';
import { type Forwarder, startForwarder } from '../publish/forwarder.ts';
import { mqttReceiver } from '../publish/mqtt.ts';
import type { Receiver } from '../publish/ports.ts';
import { forwardCursor, readForward } from '../publish/postgres-forward.ts';
import { syslogReceiver } from '../publish/syslog.ts';
import { webhookReceiver, webhookSecret } from '../publish/webhook.ts';
import type { ForwardingSettings } from '../settings/forwarding.ts';
import { version } from './version.ts';

export type Forwarding = {
  readonly health: () => NonNullable<Health['parts']['forwarding']>;
  readonly stop: () => Promise<void>;
};

export function startForwarding(needs: {
  readonly receivers: readonly ForwardingSettings[];
  readonly log: PostgresLog;
  readonly pool: pg.Pool;
  readonly now: () => number;
  readonly reportFault: (context: string, fault: unknown) => void;
}): Forwarding {
  const { log, pool, now, reportFault } = needs;
  // What led to this start (the configuration that names the receiver) is behind us; what follows is forwarded.
  const beginNow = log.size() - 1;
  const forwarders: readonly Forwarder[] = needs.receivers.map((settings) =>
    startForwarder({
      name: settings.name,
      receiver: receiverOf(settings, log.origin, now),
      read: readForward(pool),
      cursor: forwardCursor(pool),
      size: log.size,
      kinds: settings.kinds ?? null,
      beginAfter: settings.from === 'beginning' ? -1 : beginNow,
      append: log.append,
      wait: async (ms, signal) => {
        // Ended early by the stop, which is no fault.
        await pause(ms, undefined, { ref: false, signal }).catch(() => undefined);
      },
      now,
      reportFault,
    }),
  );
  return {
    health: () =>
      Object.fromEntries(
        forwarders.map(({ name, view }) => {
          const { state, behind } = view();
          return [name, { state, behind: Math.max(0, behind) }];
        }),
      ),
    stop: async () => {
      await Promise.all(forwarders.map((forwarder) => forwarder.stop()));
    },
  };
}

function receiverOf(settings: ForwardingSettings, origin: string, now: () => number): Receiver {
  switch (settings.to) {
    case 'syslog':
      return syslogReceiver({ ...settings, hostname: settings.hostname ?? hostname(), version, settleMs: 250 });
    case 'webhook':
      return webhookReceiver({ ...settings, secret: webhookSecret(settings.secret), origin, now });
    case 'mqtt':
      return mqttReceiver({ ...settings, clientId: `countersign-${settings.name}` });
  }
}
