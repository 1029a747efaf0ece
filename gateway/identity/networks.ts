// Networks that a terminal may come from, as CIDR blocks (TRM-3). Pure.
import { BlockList, isIP } from 'node:net';

/** `10.1.0.0/16`, `fd00::/8`, or a single address. */
export function isNetwork(text: string): boolean {
  return parse(text) !== null;
}

/** True when the address lies in one of the blocks. IPv4-mapped IPv6 counts as IPv4; what cannot be read holds nothing. */
export function addressWithin(networks: readonly string[], address: string): boolean {
  const bare = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const family = isIP(bare);
  if (family === 0) return false;
  return blocksOf(networks).check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** By the list itself, which no document ever changes: it is asked several times a request. */
const madeBlocks = new WeakMap<readonly string[], BlockList>();

function blocksOf(networks: readonly string[]): BlockList {
  const known = madeBlocks.get(networks);
  if (known !== undefined) return known;
  const blocks = new BlockList();
  for (const text of networks) {
    const network = parse(text);
    if (network !== null) blocks.addSubnet(network.address, network.prefix, network.family);
  }
  madeBlocks.set(networks, blocks);
  return blocks;
}

function parse(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [address, length, ...rest] = text.split('/');
  if (address === undefined || rest.length > 0) return null;
  const family = isIP(address);
  if (family === 0) return null;
  const longest = family === 4 ? 32 : 128;
  if (length !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(length)) return null;
  const prefix = length === undefined ? longest : Number(length);
  return prefix > longest ? null : { address, prefix, family: family === 4 ? 'ipv4' : 'ipv6' };
}
