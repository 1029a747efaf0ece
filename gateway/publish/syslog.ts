// A syslog receiver over TCP (RFC 6587) or TLS (RFC 5425). Made by assembly/forwarding.ts. Syslog has no acknowledgement, so
// each batch is a connection of its own: it counts once the receiver has had it for a while, read it to the end and
// answered our end with its own. One that dies earlier resets the connection or ends it first, and gets the batch again.
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Receiver } from './ports.ts';
import { type SyslogShape, syslogFrame } from './syslog-message.ts';

export type SyslogOptions = SyslogShape & {
  readonly host: string;
  readonly port: number;
  /** How long a receiver has a batch before we end the connection: so long it may need to act on what it has read. */
  readonly settleMs: number;
  /** PEM texts; null: plain TCP. Without `ca` the system's authorities are trusted. The name is always checked. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
  } | null;
};

export function syslogReceiver(options: SyslogOptions): Receiver {
  const open = (): Socket => {
    const { host, port, tls } = options;
    if (tls === null) return connectTcp({ host, port });
    return connectTls({ host, port, servername: host, ca: tls.ca, cert: tls.certificate, key: tls.key });
  };
  const ready = options.tls === null ? 'connect' : 'secureConnect';

  return {
    deliver: (records, signal) =>
      new Promise((resolve, reject) => {
        const socket = open();
        let allSent = false;
        const fail = (fault: Error): void => {
          socket.destroy();
          reject(fault);
        };
        const aborted = (): void => fail(new Error('the syslog receiver did not take the records in time'));
        if (signal.aborted) aborted();
        signal.addEventListener('abort', aborted, { once: true });
        socket.once(ready, () => {
          socket.write(Buffer.concat(records.map((record) => syslogFrame(record, options))), () => {
            void settled(options.settleMs).then(() => {
              socket.end(() => {
                allSent = true;
              });
            });
          });
        });
        socket.on('error', fail);
        // What a syslog receiver says means nothing; reading it is how its end is seen.
        socket.resume();
        socket.once('end', () => {
          if (!allSent) fail(new Error('the syslog receiver closed before it had all records'));
        });
        socket.once('close', (hadError) => {
          signal.removeEventListener('abort', aborted);
          if (!hadError && allSent) resolve();
          else reject(new Error('the connection to the syslog receiver broke'));
        });
      }),
    close: async () => undefined,
  };
}

/** In steps: an event loop that was held up still hears, between them, that the other side has gone. */
async function settled(ms: number): Promise<void> {
  for (let step = 0; step < 5; step++) await pause(ms / 5, undefined, { ref: false });
}
