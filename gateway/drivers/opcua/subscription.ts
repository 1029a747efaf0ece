// One subscription over all tags of a connection, on the raw path: publish requests of our own, notifications straight
// into samples, no object and no event an item (facts.md: 1 µs a change against 3). Made by opcua/driver.ts for one
// link and never outlives it. It only reads.
import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  DataChangeNotification,
  MonitoringMode,
  PublishRequest,
  PublishResponse,
  StatusChangeNotification,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { Sample, SampleBatch } from '../../plant/sample.ts';
import type { Tag } from '../../plant/tag.ts';
import { toSample } from './data-value.ts';
import type { OpcuaLink } from './link.ts';

/** Items a CreateMonitoredItems request; servers with smaller limits than this are rare, with larger ones common. */
const itemsPerRequest = 500;
/** Publish requests kept waiting at the server, so that it can answer while an answer is on its way. */
const publishRequestsWaiting = 3;
const lifetimeMs = 60_000;

export type Item = { readonly tag: Tag; readonly nodeId: string; readonly samplingIntervalMs: number };

export type SubscriptionSettings = {
  readonly publishingIntervalMs: number;
  /** The server must say something within this, or the link is given up. */
  readonly silenceMs: number;
  readonly now: () => number;
  readonly samples: (batch: SampleBatch) => void;
  readonly vouched: (tagIndexes: readonly number[], atMs: number) => void;
};

export class OpcuaSubscription {
  readonly #link: OpcuaLink;
  readonly #settings: SubscriptionSettings;
  readonly #items: readonly Item[];
  #subscriptionId = 0;
  #publishTimeoutMs = lifetimeMs;
  #wanted = publishRequestsWaiting;
  #acknowledge: { readonly subscriptionId: number; readonly sequenceNumber: number }[] = [];
  #nextSequence = 1;
  /** Tags of which this subscription has brought a value: only for these can an answer vouch. */
  #vouchedTags: readonly number[] = [];
  readonly #firstValues: number[] = [];
  readonly #hasValue: Uint8Array;
  #watchdog: NodeJS.Timeout | undefined;

  private constructor(link: OpcuaLink, items: readonly Item[], settings: SubscriptionSettings) {
    this.#link = link;
    this.#items = items;
    this.#settings = settings;
    this.#hasValue = new Uint8Array(items.length);
  }

  /**
   * Creates the subscription and its items and starts publishing; returns the items that the server refused, with its
   * reason. Throws when the subscription as a whole cannot be had.
   */
  static async open(
    link: OpcuaLink,
    items: readonly Item[],
    settings: SubscriptionSettings,
  ): Promise<readonly { readonly tag: Tag; readonly status: string }[]> {
    const subscription = new OpcuaSubscription(link, items, settings);
    await subscription.#create();
    subscription.#rearm();
    void link.ended.then(() => clearTimeout(subscription.#watchdog));
    for (let i = 0; i < subscription.#wanted; i++) void subscription.#publish();
    const refused: { tag: Tag; status: string }[] = [];
    for (let from = 0; from < items.length; from += itemsPerRequest) {
      refused.push(...(await subscription.#createItems(from)));
    }
    return refused;
  }

  async #create(): Promise<void> {
    const { publishingIntervalMs, silenceMs } = this.#settings;
    // Three keep-alives within the time after which silence means loss.
    const keepAliveCount = Math.max(1, Math.floor(silenceMs / 3 / publishingIntervalMs));
    const result = await this.#link.exchange(
      new CreateSubscriptionRequest({
        requestedPublishingInterval: publishingIntervalMs,
        requestedMaxKeepAliveCount: keepAliveCount,
        requestedLifetimeCount: Math.max(3 * keepAliveCount, Math.ceil(lifetimeMs / publishingIntervalMs)),
        maxNotificationsPerPublish: 0,
        publishingEnabled: true,
        priority: 0,
      }),
      CreateSubscriptionResponse,
    );
    if (result.kind !== 'answer') {
      throw new Error(`no subscription: ${result.kind === 'fault' ? result.status : result.detail}`);
    }
    const { subscriptionId, revisedPublishingInterval, revisedMaxKeepAliveCount } = result.value;
    this.#subscriptionId = subscriptionId;
    const keepAliveMs = revisedPublishingInterval * revisedMaxKeepAliveCount;
    this.#publishTimeoutMs = Math.max(lifetimeMs, keepAliveMs * (publishRequestsWaiting + 2));
    if (keepAliveMs > silenceMs) {
      throw new Error(
        `the server vouches for its values only every ${keepAliveMs} ms, the connection's lostAfterMs is ${silenceMs} ms`,
      );
    }
  }

  async #createItems(from: number): Promise<{ tag: Tag; status: string }[]> {
    const chunk = this.#items.slice(from, from + itemsPerRequest);
    const result = await this.#link.exchange(
      new CreateMonitoredItemsRequest({
        subscriptionId: this.#subscriptionId,
        timestampsToReturn: TimestampsToReturn.Both,
        itemsToCreate: chunk.map((item, i) => ({
          itemToMonitor: { nodeId: item.nodeId, attributeId: AttributeIds.Value },
          monitoringMode: MonitoringMode.Reporting,
          requestedParameters: {
            clientHandle: from + i,
            samplingInterval: item.samplingIntervalMs,
            queueSize: 1,
            discardOldest: true,
          },
        })),
      }),
      CreateMonitoredItemsResponse,
    );
    if (result.kind !== 'answer') {
      throw new Error(`no monitored items: ${result.kind === 'fault' ? result.status : result.detail}`);
    }
    const results = result.value.results ?? [];
    return chunk.flatMap((item, i) => {
      const status = results[i]?.statusCode;
      return status?.isGood() === true ? [] : [{ tag: item.tag, status: status?.name ?? 'no result' }];
    });
  }

  /** Keeps one publish request with the server for as long as the link lives. */
  async #publish(): Promise<void> {
    while (this.#link.alive) {
      const subscriptionAcknowledgements = this.#acknowledge;
      this.#acknowledge = [];
      const result = await this.#link.exchange(
        new PublishRequest({ subscriptionAcknowledgements }),
        PublishResponse,
        this.#publishTimeoutMs,
      );
      if (result.kind === 'answer') {
        this.#take(result.value);
      } else if (result.kind === 'fault' && result.status === 'BadTooManyPublishRequests' && this.#wanted > 1) {
        this.#wanted -= 1;
        return;
      } else if (result.kind !== 'fault' || result.status !== 'BadTimeout') {
        this.#link.end(`publishing failed: ${result.kind === 'fault' ? result.status : result.detail}`);
        return;
      }
    }
  }

  #take(response: PublishResponse): void {
    if (!this.#link.alive || response.subscriptionId !== this.#subscriptionId) return;
    this.#rearm();
    const atMs = this.#settings.now();
    const message = response.notificationMessage;
    const data = message.notificationData ?? [];
    // A keep-alive only announces the next number (some servers repeat the last one instead).
    const missed =
      data.length > 0 ? message.sequenceNumber !== this.#nextSequence : message.sequenceNumber > this.#nextSequence;
    if (missed) {
      // Something was lost between the server's queue and here: which values stand still nobody knows.
      this.#link.end(`notification ${this.#nextSequence} is missing`);
      return;
    }
    if (data.length > 0) {
      this.#acknowledge.push({ subscriptionId: this.#subscriptionId, sequenceNumber: message.sequenceNumber });
      // Part 4, 5.14.1.1: sequence numbers start over at 1, never 0.
      this.#nextSequence = message.sequenceNumber === 0xffffffff ? 1 : message.sequenceNumber + 1;
    }
    for (const notification of data) {
      if (notification instanceof DataChangeNotification) this.#takeChanges(notification, atMs);
      else if (notification instanceof StatusChangeNotification) {
        this.#link.end(`the server ended the subscription: ${notification.status.name}`);
        return;
      }
    }
    if (this.#firstValues.length !== this.#vouchedTags.length) this.#vouchedTags = [...this.#firstValues];
    if (this.#vouchedTags.length > 0) this.#settings.vouched(this.#vouchedTags, atMs);
  }

  #takeChanges(notification: DataChangeNotification, atMs: number): void {
    const changes = notification.monitoredItems ?? [];
    const batch: Sample[] = [];
    const hasValue = this.#hasValue;
    let repeated = false;
    for (const change of changes) {
      const handle = change.clientHandle;
      const item = this.#items[handle];
      if (item === undefined) continue;
      const seen = hasValue[handle];
      if (seen === 0) this.#firstValues.push(item.tag.index);
      else if (seen === 2) repeated = true;
      hasValue[handle] = 2;
      batch.push(toSample(item.tag, change.value, atMs));
    }
    for (const change of changes) if (hasValue[change.clientHandle] === 2) hasValue[change.clientHandle] = 1;
    // A server may ignore the queue size of 1: the last one of a tag counts.
    const single = repeated ? [...new Map(batch.map((sample) => [sample.index, sample])).values()] : batch;
    if (single.length > 0) this.#settings.samples(single);
  }

  #rearm(): void {
    clearTimeout(this.#watchdog);
    if (!this.#link.alive) return;
    const { silenceMs } = this.#settings;
    this.#watchdog = setTimeout(() => this.#link.end(`the server was silent for ${silenceMs} ms`), silenceMs);
  }
}
