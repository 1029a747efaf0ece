// Ports for servers that a test stops and starts again at the same address. One that the system gave out for `listen(0)` may
// be given to somebody else meanwhile, or to an outgoing connection, which holds it for a minute more: then the second
// start fails now and then. These lie below the range that the system gives out from, where nobody comes by chance.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowest = 10_000;
const tries = 200;

/** Different ports, free at 127.0.0.1 and ::1, not handed out to this process before. Throws where none is found. */
export async function lastingPorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let left = tries; left > 0 && found.length < count; left--) {
    const port = randomInt(lowest, systemsFirstPort());
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) found.push(port);
  }
  if (found.length < count) throw new Error(`no ${count} free ports from ${lowest} to ${systemsFirstPort()}`);
  return found;
}

export async function lastingPort(): Promise<number> {
  const [port] = await lastingPorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

const handedOut = new Set<number>();

/** Where the system's own range begins (Linux: ip_local_port_range); IANA's where it is not told or leaves no room below. */
function systemsFirstPort(): number {
  try {
    const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
    return first > lowest + 1_000 ? first : 49_152;
  } catch {
    return 49_152;
  }
}

/** An address that the machine does not have is taken by nobody. */
function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code !== 'EADDRINUSE'));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
