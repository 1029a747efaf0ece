// Which device an endpoint leads to, so that two connections to one device are known for it (CMD-7). Used by the protocols'
// write places; it asks no name server and opens nothing.

/** Names under which a machine reaches itself. */
const thisMachine: ReadonlySet<string> = new Set([
  'localhost',
  '127.0.0.1',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:7f00:1]',
]);

/**
 * `host:port` of `<scheme>://host:port[/path]` in one spelling: addresses in their shortest form, names without case and
 * final dot, the machine itself by one name. A path names no other device: one server listens at a port.
 */
export function deviceOf(endpoint: string): string {
  const [, place = endpoint] = /^[a-z.]+:\/\/([^/]*)/i.exec(endpoint) ?? [];
  const port = /:0*([0-9]+)$/.exec(place)?.[1] ?? '';
  const host = place.replace(/:[0-9]+$/, '').replace(/\.$/, '');
  const named = URL.parse(`http://${host}`)?.hostname ?? host.toLowerCase();
  return `${thisMachine.has(named) ? 'localhost' : named}:${port}`;
}
