// Brings changes to the HMIs (LIV-1): collects what changed between two flushes, encodes one frame an area and hands it
// to the broadcast once, however many clients there are. Listens to the tag store; http/live-socket.ts gives it clients.
// A client that cannot keep up leaves the broadcast: nothing more is queued for it until it has taken what it had, then
// it gets a snapshot of the latest values and is told what it missed. It never holds up the store or other clients.

import type { AreaId } from '../contract/ids.ts';
import type { LiveLayout } from '../contract/live-events.ts';
import { encodeFrame } from '../contract/live-frame.ts';
import type { SampleBatch } from '../plant/sample.ts';
import type { Plant } from '../plant/tag.ts';
import { layoutOf, layoutVersion } from './layout.ts';
import type { TagStore } from './tag-store.ts';

export type LiveClient = {
  /** Frames handed over that are not on the wire yet. */
  readonly waiting: () => number;
  readonly send: (frame: Uint8Array) => void;
  /** Enters and leaves the broadcast of an area. */
  readonly enter: (areaIndex: number) => void;
  readonly leave: (areaIndex: number) => void;
  readonly lagged: (droppedFrames: number) => void;
};

export type FanOutSettings = {
  readonly plant: Pick<Plant, 'areas' | 'tags'>;
  readonly store: TagStore;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** Hands one frame to all clients that have entered the area. */
  readonly broadcast: (areaIndex: number, frame: Uint8Array) => void;
  /** Frames that may wait for one client before it leaves the broadcast. */
  readonly maxWaitingFrames?: number;
};

type Member = { areas: readonly number[]; lagging: boolean; dropped: number };

const flushEveryMs = 50;

export class FanOut {
  readonly #settings: FanOutSettings;
  readonly #version: number;
  readonly #areaOf: Int32Array;
  readonly #tagsOf: readonly (readonly number[])[];
  readonly #dirty: Uint8Array;
  /** By area: tags that changed since the last flush, each once. */
  readonly #changed: number[][];
  readonly #members = new Map<LiveClient, Member>();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: FanOutSettings) {
    const { areas, tags } = settings.plant;
    this.#settings = settings;
    this.#version = layoutVersion(settings.plant);
    const indexOf = new Map(areas.map((area, index) => [area.id, index]));
    this.#areaOf = Int32Array.from(tags, (tag) => indexOf.get(tag.area) ?? -1);
    const tagsOf: number[][] = areas.map(() => []);
    for (const tag of tags) tagsOf[this.#areaOf[tag.index] ?? -1]?.push(tag.index);
    this.#tagsOf = tagsOf;
    this.#dirty = new Uint8Array(tags.length);
    this.#changed = areas.map(() => []);
  }

  /** Flushes every 50 ms until `stop`. */
  start(): void {
    this.#timer ??= setInterval(() => this.flush(), flushEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A listener of the tag store: only notes which tags changed. */
  take(batch: SampleBatch): void {
    for (const { index } of batch) {
      if (this.#dirty[index] !== 0) continue;
      this.#dirty[index] = 1;
      this.#changed[this.#areaOf[index] ?? -1]?.push(index);
    }
  }

  layout(areas: readonly AreaId[]): LiveLayout {
    return layoutOf(this.#settings.plant, areas);
  }

  /**
   * The client now follows these areas and no others: a snapshot of each, then changes. The caller has checked rights
   * and told the client the layout, without which it could not read the frames.
   */
  follow(client: LiveClient, areas: readonly AreaId[]): void {
    this.leave(client);
    const member: Member = {
      areas: this.layout(areas).areas.map((area) => area.index),
      lagging: false,
      dropped: 0,
    };
    this.#members.set(client, member);
    this.#snapshot(client, member);
  }

  leave(client: LiveClient): void {
    const member = this.#members.get(client);
    if (member === undefined) return;
    this.#members.delete(client);
    if (!member.lagging) for (const area of member.areas) client.leave(area);
  }

  /** Sends what changed since the last flush; lets slow clients out and drained ones in again. */
  flush(): void {
    this.#partWithSlow();
    const frames = this.#changed.map((changed) => changed.length > 0);
    const followed = new Set<number>();
    for (const member of this.#members.values()) {
      if (!member.lagging) for (const area of member.areas) followed.add(area);
      else member.dropped += member.areas.filter((area) => frames[area] === true).length;
    }
    for (const [area, changed] of this.#changed.entries()) {
      if (changed.length === 0) continue;
      if (followed.has(area)) this.#settings.broadcast(area, this.#encode(area, changed, false));
      for (const index of changed) this.#dirty[index] = 0;
      changed.length = 0;
    }
    this.#takeBackDrained();
  }

  #partWithSlow(): void {
    const bound = this.#settings.maxWaitingFrames ?? 8;
    for (const [client, member] of this.#members) {
      // A snapshot hands over a frame an area at once: that alone is no lag.
      if (member.lagging || client.waiting() <= Math.max(bound, 2 * member.areas.length)) continue;
      member.lagging = true;
      member.dropped = 0;
      for (const area of member.areas) client.leave(area);
    }
  }

  #takeBackDrained(): void {
    for (const [client, member] of this.#members) {
      if (!member.lagging || client.waiting() > 0) continue;
      member.lagging = false;
      client.lagged(member.dropped);
      this.#snapshot(client, member);
    }
  }

  #snapshot(client: LiveClient, member: Member): void {
    for (const area of member.areas) {
      client.send(this.#encode(area, this.#tagsOf[area] ?? [], true));
      client.enter(area);
    }
  }

  #encode(areaIndex: number, tags: readonly number[], snapshot: boolean): Uint8Array {
    const { store, now } = this.#settings;
    return encodeFrame({
      snapshot,
      areaIndex,
      layoutVersion: this.#version,
      timeMs: now(),
      entries: tags.map((index) => store.row(index)),
    });
  }
}
