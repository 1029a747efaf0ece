// Joins a value that reaches a variable to the request that brought it: the client's port, and the auditEntryId of its
// header (OPC UA Part 4, 7.32); and notices writes that the stack refused before any variable saw them.
import { type NodeId, type StatusCode, type WriteRequest, WriteResponse } from 'node-opcua-client';
import type { OPCUAServer } from 'node-opcua-server';

export type Sender = { readonly clientPort: number; readonly auditEntryId: string | null };

export type WriteTrace = {
  /** To be called in a variable's setter, at once: who wrote to this point. Marks the write as seen. */
  readonly senderOf: (point: string) => Sender;
  /** `onRefused` is called for each write that no setter saw: read-only nodes, wrong types, unknown nodes. */
  readonly attach: (
    server: OPCUAServer,
    namespaceUri: string,
    onRefused: (point: string, status: StatusCode, auditEntryId: string | null) => void,
  ) => void;
};

type Pending = Sender & {
  readonly points: readonly string[];
  readonly seen: Set<string>;
};

/** Requests whose response never came, because the channel went; the oldest are forgotten. */
const mostPending = 1000;

export function createWriteTrace(): WriteTrace {
  const pending = new Map<string, Pending>();
  return {
    senderOf: (point) => {
      // node-opcua calls the setters of a request before it takes the next one: the newest that names the point is it.
      for (const entry of [...pending.values()].reverse()) {
        if (entry.points.includes(point) && !entry.seen.has(point)) {
          entry.seen.add(point);
          return entry;
        }
      }
      return { clientPort: 0, auditEntryId: null };
    },
    attach: (server, namespaceUri, onRefused) => {
      const own = server.engine.addressSpace?.getNamespaceIndex(namespaceUri) ?? -1;
      server.on('request', (request, channel) => {
        if (request.schema.name !== 'WriteRequest') return;
        const { nodesToWrite, requestHeader } = request as unknown as WriteRequest;
        pending.set(`${channel.channelId}/${requestHeader.requestHandle}`, {
          clientPort: channel.remotePort,
          auditEntryId: requestHeader.auditEntryId || null,
          points: (nodesToWrite ?? []).map(({ nodeId }) => pointName(nodeId, own)),
          seen: new Set(),
        });
        const oldest = pending.keys().next();
        if (pending.size > mostPending && !oldest.done) pending.delete(oldest.value);
      });
      server.on('response', (response, channel) => {
        const key = `${channel.channelId}/${response.responseHeader.requestHandle}`;
        const entry = pending.get(key);
        if (entry === undefined) return;
        pending.delete(key);
        entry.points.forEach((point, i) => {
          const status =
            response instanceof WriteResponse ? response.results?.[i] : response.responseHeader.serviceResult;
          if (!entry.seen.has(point) && status !== undefined) onRefused(point, status, entry.auditEntryId);
        });
      });
    },
  };
}

function pointName(nodeId: NodeId, ownNamespace: number): string {
  const text = nodeId.toString();
  const own = `ns=${ownNamespace};s=`;
  return text.startsWith(own) ? text.slice(own.length) : text;
}
