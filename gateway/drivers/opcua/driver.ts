// The OPC UA driver: one session and one subscription at a time, direct reads, authorised writes (DRV-1, DRV-2).
// Made by opcua/protocol.ts for the supervisor. It writes only what the gate authorised, once, in the session that is
// open at that moment, and never repeats a request.
import { AttributeIds, type NodeId, DataType as UaType, WriteRequest, WriteResponse } from 'node-opcua-client';
import { type AuthorisedWrite, proveWrite } from '../../commands/gate.ts';
import type { WriteResult } from '../../commands/ports.ts';
import type { DeviceReading } from '../../plant/sample.ts';
import type { Tag } from '../../plant/tag.ts';
import type { Driver, DriverListener, DriverSettings } from '../driver.ts';
import { Reconnecting } from '../reconnecting.ts';
import { type OpcuaAddress, type OpcuaOptions, resolveNamespace } from './address.ts';
import { qualityOf, toSample, toVariant } from './data-value.ts';
import { OpcuaLink } from './link.ts';
import { type Item, OpcuaSubscription } from './subscription.ts';

/** Server.NamespaceArray, OPC UA Part 5, 6.3.1. */
const namespaceArray = 'ns=0;i=2255';

/** Statuses of a write after which the device may hold either value. Part 4, 7.39.2. */
const leavesWriteOpen = new Set([
  'BadTimeout',
  'BadRequestTimeout',
  'BadCommunicationError',
  'BadConnectionClosed',
  'BadRequestInterrupted',
  'BadUnexpectedError',
]);

/** A link with what was learned of the server on it: node ids and data types hold for one session only. */
type Session = {
  readonly link: OpcuaLink;
  readonly nodeIds: ReadonlyMap<number, string>;
  readonly dataTypes: Map<number, UaType>;
};

export class OpcuaDriver implements Driver {
  readonly #settings: DriverSettings;
  readonly #options: OpcuaOptions;
  readonly #addresses: ReadonlyMap<number, OpcuaAddress>;
  readonly #listener: DriverListener;
  readonly #connection: Reconnecting<Session & { ended: Promise<string>; close(): Promise<void> }>;

  constructor(
    settings: DriverSettings,
    options: OpcuaOptions,
    addressOf: (tag: Tag) => OpcuaAddress,
    listener: DriverListener,
  ) {
    this.#settings = settings;
    this.#options = options;
    this.#addresses = new Map(settings.tags.map((tag) => [tag.index, addressOf(tag)]));
    this.#listener = listener;
    this.#connection = new Reconnecting({ open: (signal) => this.#open(signal), state: listener.state });
  }

  async start(): Promise<void> {
    this.#connection.start();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  async read(tag: Tag, timeoutMs: number): Promise<DeviceReading> {
    const session = this.#connection.current;
    if (session === null) return { ok: false, reason: 'connection-lost', detail: 'The server is not connected.' };
    const nodeId = session.nodeIds.get(tag.index);
    if (nodeId === undefined) {
      return { ok: false, reason: 'device-error', detail: `The server does not know ${tag.id}.` };
    }
    const result = await session.link.read([{ nodeId, attributeId: AttributeIds.Value }], timeoutMs);
    const readAtMs = this.#settings.now();
    if (result.kind === 'fault') {
      return { ok: false, reason: 'device-error', detail: `The server refused the reading: ${result.status}.` };
    }
    if (result.kind !== 'answer') {
      return { ok: false, reason: 'no-answer', detail: `The server could not be read: ${result.detail}.` };
    }
    const dataValue = result.value.results?.[0];
    if (dataValue === undefined) {
      return { ok: false, reason: 'device-error', detail: 'The server answered without a value.' };
    }
    return { ok: true, sample: toSample(tag, dataValue, readAtMs), readAtMs };
  }

  async write(write: AuthorisedWrite): Promise<WriteResult> {
    proveWrite(write);
    const tag = write.tag;
    const session = this.#connection.current;
    const notSent = (detail: string): WriteResult => {
      // Whatever was the obstacle: this authorisation is used up.
      write.take(this.#settings.now());
      return { kind: 'not-sent', detail: `Nothing was sent: ${detail}.` };
    };
    if (session === null) return notSent('the server is not connected');
    const nodeId = session.nodeIds.get(tag.index);
    if (nodeId === undefined) return notSent(`the server does not know ${tag.id}`);
    const dataType = session.dataTypes.get(tag.index) ?? (await this.#learnDataType(session, tag, nodeId));
    if (dataType === null) return notSent(`the data type of ${tag.id} could not be read from the server`);
    if (this.#connection.current !== session || !session.link.alive) return notSent('the connection was lost');
    const taken = write.take(this.#settings.now());
    if (taken === null) return notSent('the write had expired or was used before');
    const variant = toVariant(taken.tag, taken.value, dataType);
    if ('refused' in variant) return notSent(variant.refused);
    const request = new WriteRequest({
      // CMD-12: joins the server's own audit events with this gateway's records (Part 4, 7.33).
      requestHeader: { auditEntryId: taken.command },
      nodesToWrite: [{ nodeId, attributeId: AttributeIds.Value, value: { value: variant } }],
    });
    const result = await session.link.exchange(request, WriteResponse);
    switch (result.kind) {
      case 'not-sent':
        return { kind: 'not-sent', detail: `Nothing was sent: ${result.detail}.` };
      case 'no-answer':
        return { kind: 'unknown', detail: `The value was sent and the answer is missing: ${result.detail}.` };
      case 'fault':
        return leavesWriteOpen.has(result.status)
          ? { kind: 'unknown', detail: `The server answered ${result.status}.` }
          : { kind: 'rejected', status: result.status, detail: `The server refused the request: ${result.status}.` };
      case 'answer': {
        const status = result.value.results?.[0];
        if (status === undefined) return { kind: 'unknown', detail: 'The server answered without a result.' };
        if (qualityOf(status) !== 'bad') return { kind: 'written', status: status.name };
        return leavesWriteOpen.has(status.name)
          ? { kind: 'unknown', detail: `The server answered ${status.name}.` }
          : { kind: 'rejected', status: status.name, detail: `The server refused the value: ${status.name}.` };
      }
    }
  }

  async #open(signal: AbortSignal): Promise<Session & { ended: Promise<string>; close(): Promise<void> }> {
    const { connection, dataFolder } = this.#settings;
    const link = await OpcuaLink.open(this.#options, connection.lostAfterMs, dataFolder, signal);
    try {
      const nodeIds = await this.#resolveNodeIds(link);
      const session: Session = { link, nodeIds, dataTypes: new Map() };
      await this.#learnSetpointTypes(session);
      await this.#subscribe(session);
      if (!link.alive) throw new Error(await link.ended);
      return { ...session, ended: link.ended, close: () => link.close() };
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  async #resolveNodeIds(link: OpcuaLink): Promise<ReadonlyMap<number, string>> {
    const result = await link.read([{ nodeId: namespaceArray, attributeId: AttributeIds.Value }]);
    if (result.kind !== 'answer') {
      throw new Error(`no namespaces: ${result.kind === 'fault' ? result.status : result.detail}`);
    }
    const held: unknown = result.value.results?.[0]?.value.value;
    const namespaces = Array.isArray(held) ? held.map(String) : [];
    const nodeIds = new Map<number, string>();
    for (const [index, address] of this.#addresses) {
      const nodeId = resolveNamespace(address.nodeId, namespaces);
      if (nodeId !== null) nodeIds.set(index, nodeId);
    }
    return nodeIds;
  }

  async #subscribe(session: Session): Promise<void> {
    const { now, tags, connection } = this.#settings;
    const items: Item[] = [];
    const missing: { readonly tag: Tag }[] = [];
    for (const tag of tags) {
      const nodeId = session.nodeIds.get(tag.index);
      const samplingIntervalMs = this.#addresses.get(tag.index)?.samplingIntervalMs ?? 0;
      if (nodeId === undefined) missing.push({ tag });
      else items.push({ tag, nodeId, samplingIntervalMs });
    }
    const refused = await OpcuaSubscription.open(session.link, items, {
      publishingIntervalMs: this.#options.publishingIntervalMs,
      silenceMs: connection.lostAfterMs,
      now,
      samples: this.#listener.samples,
      vouched: this.#listener.vouched,
    });
    const bad = [...missing, ...refused].map(({ tag }) => ({
      index: tag.index,
      value: null,
      quality: 'bad' as const,
      reason: 'device-error' as const,
      sourceTimeMs: now(),
    }));
    if (bad.length > 0) this.#listener.samples(bad);
  }

  /** Learns the types of all setpoints at once, so that no question stands between a command's check and its write. */
  async #learnSetpointTypes(session: Session): Promise<void> {
    for (const tag of this.#settings.tags) {
      const nodeId = session.nodeIds.get(tag.index);
      if (tag.setpoint !== null && nodeId !== undefined) await this.#learnDataType(session, tag, nodeId);
    }
  }

  /** The server's own type: its DataType attribute, or, where that is abstract or derived, the type of its present value. */
  async #learnDataType(session: Session, tag: Tag, nodeId: string): Promise<UaType | null> {
    const result = await session.link.read([
      { nodeId, attributeId: AttributeIds.DataType },
      { nodeId, attributeId: AttributeIds.Value },
    ]);
    if (result.kind !== 'answer') return null;
    const [declared, present] = result.value.results ?? [];
    const dataType = builtInType(declared?.value.value) ?? present?.value.dataType ?? UaType.Null;
    if (dataType === UaType.Null) return null;
    session.dataTypes.set(tag.index, dataType);
    return dataType;
  }
}

/** Boolean to String of namespace 0 have their built-in type's number (Part 6, 5.1.2); anything else is not built in. */
function builtInType(declared: unknown): UaType | null {
  const nodeId = declared as NodeId | null | undefined;
  if (nodeId == null || nodeId.namespace !== 0 || typeof nodeId.value !== 'number') return null;
  return nodeId.value >= UaType.Boolean && nodeId.value <= UaType.String ? nodeId.value : null;
}
