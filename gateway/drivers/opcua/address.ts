// OPC UA options and addresses as configuration gives them, parsed once (settings/ calls these schemas). Never talks.
import { z } from 'zod';
import type { WritePlace } from '../../plant/write-place.ts';
import { deviceOf } from '../device-name.ts';

export const opcuaOptionsSchema = z.strictObject({
  endpoint: z
    .string()
    .regex(
      /^opc\.tcp:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}(\/[^\s]*)?$/,
      'write it as opc.tcp://host:port',
    ),
  /** Signed and encrypted channels come with the trust list; until then anything else is refused rather than ignored. */
  securityMode: z.literal('None', { error: 'only "None" is supported yet' }).default('None'),
  publishingIntervalMs: z.int().min(20).max(60_000).default(250),
  requestTimeoutMs: z.int().min(100).max(60_000).default(2000),
});
export type OpcuaOptions = z.infer<typeof opcuaOptionsSchema>;

const identifier = '(?:i=[0-9]{1,10}|s=.{1,2048}|g=[0-9a-fA-F-]{36}|b=[A-Za-z0-9+/=]+)';
export const opcuaAddressSchema = z.strictObject({
  /** OPC UA Part 6, 5.3.1.10. `nsu=URI;…` is looked up in the server's NamespaceArray on each connect; `ns=2;…` is taken as it is. */
  nodeId: z
    .string()
    .regex(
      new RegExp(`^(?:nsu=[^;]{1,1024};|ns=[0-9]{1,5};)?${identifier}$`, 's'),
      'write it as nsu=<namespace URI>;s=<name> or ns=<number>;i=<number>',
    ),
  /** 0: as fast as the server can, by exception where it does that. */
  samplingIntervalMs: z.int().min(0).max(3_600_000).default(0),
});
export type OpcuaAddress = z.infer<typeof opcuaAddressSchema>;

/**
 * One node, however it is spelt: namespace 0 is the standard's own, whether left out or named, and numbers, GUIDs
 * and bytes have one form. A node named once by URI and once by index cannot be told for the same before its server is asked: its
 * likeness says so.
 */
export function opcuaWritePlace({ endpoint }: OpcuaOptions, { nodeId }: OpcuaAddress): WritePlace {
  const [, namespace = '', kind = '', id = ''] = /^(nsu=[^;]+;|ns=[0-9]+;)?([isgb])=(.*)$/s.exec(nodeId) ?? [];
  const standard = namespace === '' || namespace === 'nsu=http://opcfoundation.org/UA/;' || /^ns=0+;$/.test(namespace);
  const where = standard ? '' : namespace.replace(/^ns=0+(?=[0-9])/, 'ns=');
  const opaque = (): string => Buffer.from(id, 'base64').toString('base64');
  const which = kind === 'i' ? String(Number(id)) : kind === 'g' ? id.toLowerCase() : kind === 'b' ? opaque() : id;
  const name = `${kind}=${which}`;
  const place = { device: deviceOf(endpoint), space: `${where}${name}`, first: 0, last: 0 };
  return standard ? place : { ...place, likeness: { name, kind: where.startsWith('nsu=') ? 'uri' : 'index' } };
}

/** The node id with its namespace index on this server; null when the server does not know the namespace. */
export function resolveNamespace(nodeId: string, namespaces: readonly string[]): string | null {
  const match = /^nsu=([^;]+);(.*)$/s.exec(nodeId);
  if (match === null) return nodeId;
  const index = namespaces.indexOf(match[1] ?? '');
  return index < 0 ? null : `ns=${index};${match[2] ?? ''}`;
}
