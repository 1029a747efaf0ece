// The client's address as it is recorded and compared: one spelling for one peer. Used by the guard and the live socket.
import { isIPv4 } from 'node:net';

/** IPv4-mapped IPv6 (`::ffff:10.0.0.1`) becomes IPv4; a zone id is dropped; the rest stays as the socket says it. */
export function peerAddress(socketAddress: string | undefined): string {
  if (socketAddress === undefined) return 'unknown';
  const bare = socketAddress.split('%')[0] ?? socketAddress;
  const mapped = /^::ffff:(.+)$/i.exec(bare)?.[1];
  return mapped !== undefined && isIPv4(mapped) ? mapped : bare;
}
