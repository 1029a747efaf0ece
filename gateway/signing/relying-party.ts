// The WebAuthn relying party that this gateway is (SIG-7): its id is the host name of its public address. Pure.
// Browsers refuse WebAuthn on IP addresses and on plain HTTP beyond localhost, so those never count.
import { isIP } from 'node:net';

export type RelyingParty = { readonly rpId: string; readonly origins: readonly string[] };

/** The host of the first origin where passkeys work, with all such origins of that host; null where there is none. */
export function relyingPartyOf(origins: readonly string[]): RelyingParty | null {
  const named = origins
    .map((origin) => ({ origin, host: new URL(origin).hostname }))
    .filter(({ host }) => isIP(host.replace(/^\[(.*)\]$/, '$1')) === 0)
    .filter(({ origin, host }) => origin.startsWith('https:') || host === 'localhost' || host.endsWith('.localhost'));
  const [first] = named;
  if (first === undefined) return null;
  return {
    rpId: first.host,
    origins: named.filter(({ host }) => host === first.host).map(({ origin }) => origin),
  };
}
