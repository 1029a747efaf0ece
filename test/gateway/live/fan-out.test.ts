import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AreaId } from '../../../gateway/contract/ids.ts';
import { decodeFrame, type Frame } from '../../../gateway/contract/live-frame.ts';
import { FanOut, type LiveClient } from '../../../gateway/live/fan-out.ts';
import { layoutOf, layoutVersion } from '../../../gateway/live/layout.ts';
import { TagStore } from '../../../gateway/live/tag-store.ts';
import { batch, good, plant, pressure, pump, site, temperature, upstream, utilities } from './live-plant.ts';

function decoded(bytes: Uint8Array): Frame {
  const frame = decodeFrame(bytes);
  if (frame === null) throw new Error('not a frame');
  return frame;
}

/** An HMI that takes frames when the test lets it, and shows what it last got of each tag. */
class Screen implements LiveClient {
  readonly areas = new Set<number>();
  readonly queue: Frame[] = [];
  readonly shown = new Map<number, number | string | null>();
  readonly notices: number[] = [];
  frames = 0;
  slow = false;
  mostWaiting = 0;

  readonly waiting = (): number => this.queue.length;
  readonly enter = (area: number): void => void this.areas.add(area);
  readonly leave = (area: number): void => void this.areas.delete(area);
  readonly lagged = (dropped: number): void => void this.notices.push(dropped);
  readonly send = (bytes: Uint8Array): void => {
    this.queue.push(decoded(bytes));
    this.mostWaiting = Math.max(this.mostWaiting, this.queue.length);
    if (!this.slow) this.drain();
  };
  drain(): void {
    for (const frame of this.queue.splice(0)) {
      this.frames += 1;
      for (const entry of frame.entries) this.shown.set(entry.tagIndex, entry.value);
    }
  }
}

function world() {
  const nowMs = 1_800_000_000_000;
  const store = new TagStore(plant, () => nowMs);
  const screens: Screen[] = [];
  let encoded = 0;
  const fanOut = new FanOut({
    plant,
    store,
    now: () => nowMs,
    broadcast: (area, frame) => {
      encoded += 1;
      for (const screen of screens) if (screen.areas.has(area)) screen.send(frame);
    },
    maxWaitingFrames: 4,
  });
  store.onBatch((samples) => fanOut.take(samples));
  store.vouched([0, 1, 2, 3, 4], nowMs);
  const open = (...areas: AreaId[]): Screen => {
    const screen = new Screen();
    screens.push(screen);
    fanOut.follow(screen, areas);
    return screen;
  };
  return { store, fanOut, open, now: nowMs, encoded: () => encoded };
}

describe('the fan-out', () => {
  it('LIV-1: a change reaches all who follow its area in one frame, encoded once', () => {
    const { store, fanOut, open, now, encoded } = world();
    const screens = [open(upstream.id), open(upstream.id), open(utilities.id)];
    store.apply([good(temperature, 36, now), good(batch, 'B-1', now)]);
    store.apply([good(temperature, 37, now)]);
    expect(encoded()).toBe(0);
    fanOut.flush();
    expect(encoded()).toBe(1);
    expect(screens.map((screen) => screen.shown.get(temperature.index))).toEqual([37, 37, undefined]);
    expect(screens[0]?.shown.get(batch.index)).toBe('B-1');
    fanOut.flush();
    expect(encoded()).toBe(1);
  });

  it('LIV-1: what nobody follows is not encoded, and is in the snapshot of whoever comes later', () => {
    const { store, fanOut, open, now, encoded } = world();
    store.apply([good(pump, true, now)]);
    fanOut.flush();
    expect(encoded()).toBe(0);
    expect(open(utilities.id).shown.get(pump.index)).toBe(1);
  });

  it('LIV-3: following sends a snapshot of every tag of the areas, marked as such, in the layout’s version', () => {
    const { fanOut, store, now } = world();
    store.apply([good(temperature, 36, now)]);
    const screen = new Screen();
    screen.slow = true;
    fanOut.follow(screen, [upstream.id, utilities.id]);
    expect(screen.queue.map((frame) => [frame.snapshot, frame.areaIndex, frame.entries.length])).toEqual([
      [true, 1, 2],
      [true, 2, 2],
    ]);
    expect(new Set(screen.queue.map((frame) => frame.layoutVersion))).toEqual(new Set([layoutVersion(plant)]));
    expect(fanOut.layout([upstream.id]).version).toBe(layoutVersion(plant));
  });

  it('LIV-2: the layout names nothing of other areas', () => {
    const layout = layoutOf(plant, [utilities.id]);
    expect(layout.areas).toEqual([{ index: 2, id: utilities.id }]);
    expect(layout.tags.map((tag) => tag.index)).toEqual([2, 3]);
    const other = { ...plant, tags: [...plant.tags].reverse() };
    expect(layoutVersion(other)).not.toBe(layoutVersion(plant));
  });

  it('LIV-1: who leaves, or follows other areas, gets no more of the former', () => {
    const { store, fanOut, open, now } = world();
    const screen = open(upstream.id);
    fanOut.follow(screen, [site.id]);
    expect([...screen.areas]).toEqual([0]);
    store.apply([good(temperature, 36, now), good(pressure, 2, now)]);
    fanOut.flush();
    expect(screen.shown.get(temperature.index)).not.toBe(36);
    expect(screen.shown.get(pressure.index)).toBe(2);
    fanOut.leave(screen);
    expect(screen.areas.size).toBe(0);
  });

  it('LIV-1: a client that does not take its frames leaves the broadcast, is told, and comes back to the latest values', () => {
    const { store, fanOut, open, now } = world();
    const quick = open(upstream.id);
    const slow = open(upstream.id);
    slow.slow = true;
    for (let value = 1; value <= 100; value++) {
      store.apply([good(temperature, value, now)]);
      fanOut.flush();
      expect(quick.shown.get(temperature.index)).toBe(value);
    }
    expect(slow.mostWaiting).toBeLessThanOrEqual(5);
    expect(slow.areas.size).toBe(0);
    slow.slow = false;
    slow.drain();
    expect(slow.shown.get(temperature.index)).toBe(5);
    fanOut.flush();
    expect(slow.shown.get(temperature.index)).toBe(100);
    expect(slow.notices).toEqual([95]);
    store.apply([good(temperature, 101, now)]);
    fanOut.flush();
    expect(slow.shown.get(temperature.index)).toBe(101);
  });

  it('LIV-1: whoever takes frames at whatever pace ends with the latest values, and never has more than the bound waiting', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('change' as const), tag: fc.constantFrom(0, 2, 4), value: fc.nat(1000) }),
            fc.record({ kind: fc.constantFrom('flush' as const, 'drain' as const) }),
          ),
          { maxLength: 200 },
        ),
        (steps) => {
          const { store, fanOut, open, now } = world();
          const screen = open(site.id, upstream.id, utilities.id);
          screen.slow = true;
          const truth = new Map<number, number>();
          for (const step of steps) {
            if (step.kind === 'flush') fanOut.flush();
            else if (step.kind === 'drain') screen.drain();
            else if ('tag' in step) {
              truth.set(step.tag, step.value);
              store.apply([{ index: step.tag, value: step.value, quality: 'good', reason: 'none', sourceTimeMs: now }]);
            }
          }
          // The bound of 4 or twice its three areas, and the frames of one flush.
          expect(screen.mostWaiting).toBeLessThanOrEqual(6 + 3);
          screen.drain();
          fanOut.flush();
          screen.drain();
          fanOut.flush();
          screen.drain();
          for (const [tag, value] of truth) expect(screen.shown.get(tag)).toBe(value);
        },
      ),
    );
  });
});
