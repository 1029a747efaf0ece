// The latest value of every tag that this page may see (LIV-1), fed by live-link.ts, read by components and screens.
// Listeners are told at most once a display frame, whatever the rate of change; nothing queues up.
import type { TagId } from '../../gateway/contract/ids.ts';
import type { LiveLayout } from '../../gateway/contract/live-events.ts';
import { type Frame, qualityOf, reasonOf } from '../../gateway/contract/live-frame.ts';
import type { Quality, QualityReason } from '../../gateway/contract/values.ts';

/** As it travels: booleans are 0 or 1 (model/values.ts turns them into what the tag's type says). */
export type LiveValue = {
  readonly value: number | string | null;
  readonly quality: Quality;
  readonly reason: QualityReason;
  readonly sourceTimeMs: number | null;
};
export type LiveValues = {
  readonly get: (id: TagId) => LiveValue | undefined;
  /** Calls back after a change of that tag; returns the way to stop. */
  readonly subscribe: (id: TagId, listener: () => void) => () => void;
  /** Returns false for a frame of another layout: the caller joins again. */
  readonly apply: (frame: Frame) => boolean;
  readonly takeLayout: (layout: LiveLayout) => void;
  readonly clear: () => void;
};

export function createLiveValues(schedule: (task: () => void) => void): LiveValues {
  const values = new Map<TagId, LiveValue>();
  const listeners = new Map<TagId, Set<() => void>>();
  const changed = new Set<TagId>();
  let ids: (TagId | undefined)[] = [];
  let version = -1;
  let scheduled = false;

  const flush = () => {
    scheduled = false;
    const told = [...changed];
    changed.clear();
    for (const id of told) for (const listener of listeners.get(id) ?? []) listener();
  };
  const touch = (id: TagId) => {
    if (!listeners.has(id)) return;
    changed.add(id);
    if (scheduled) return;
    scheduled = true;
    schedule(flush);
  };

  return {
    get: (id) => values.get(id),
    subscribe: (id, listener) => {
      const own = listeners.get(id) ?? new Set();
      own.add(listener);
      listeners.set(id, own);
      return () => {
        own.delete(listener);
        if (own.size === 0 && listeners.get(id) === own) listeners.delete(id);
      };
    },
    apply: (frame) => {
      if (frame.layoutVersion !== version) return false;
      for (const entry of frame.entries) {
        const id = ids[entry.tagIndex];
        if (id === undefined) continue;
        values.set(id, {
          value: entry.value,
          quality: qualityOf(entry.quality),
          reason: reasonOf(entry.reason),
          sourceTimeMs: entry.sourceTimeMs,
        });
        touch(id);
      }
      return true;
    },
    takeLayout: (layout) => {
      version = layout.version;
      ids = [];
      for (const tag of layout.tags) ids[tag.index] = tag.id;
    },
    clear: () => {
      const had = [...values.keys()];
      values.clear();
      version = -1;
      for (const id of had) touch(id);
    },
  };
}
