// What drivers hand to the tag store: samples, in batches (architecture.md, "The way of a reading").
import type { Quality, QualityReason, TagValue } from '../contract/values.ts';

export type Sample = {
  /** Tag index (Tag.index). */
  readonly index: number;
  /** Scaled to engineering units; 64-bit integers as decimal strings; null when bad or not a number. */
  readonly value: TagValue;
  readonly quality: Quality;
  readonly reason: QualityReason;
  /** The source's time, or the arrival time where the source has none or an absurd one. */
  readonly sourceTimeMs: number;
};

/** One batch: what one publish response or one poll brought. Listeners are called once for each. */
export type SampleBatch = readonly Sample[];

/** Result of a direct read of the device, never from the tag store. `readAtMs` is when the answer arrived. */
export type DeviceReading =
  | { readonly ok: true; readonly sample: Sample; readonly readAtMs: number }
  | { readonly ok: false; readonly reason: QualityReason; readonly detail: string };
