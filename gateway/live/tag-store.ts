// The one place that knows every tag's latest value (architecture.md, "The way of a reading"). Drivers' batches come in
// through main.ts; fan-out, trends and history listen, once per batch. Columns by tag index: numbers and booleans in
// typed arrays, texts and 64-bit integers beside them. It never asks a device and never waits for a listener.
import type { Latest } from '../contract/tag.ts';
import { type QualityReason, qualities, qualityReasons, type TagValue } from '../contract/values.ts';
import type { SampleBatch } from '../plant/sample.ts';
import type { Plant, Tag } from '../plant/tag.ts';
import { isSilent, Vouching } from '../plant/vouching.ts';

const kindNull = 0;
const kindNumber = 1;
const kindBoolean = 2;
const kindText = 3;
const bad = qualities.indexOf('bad');
const none = qualityReasons.indexOf('none');
const neverRead = qualityReasons.indexOf('never-read');
const notVouchedFor = qualityReasons.indexOf('not-vouched-for');

/** A tag's row as frames carry it: value as number (booleans 0 or 1), text or null; codes for quality and reason. */
export type Row = {
  readonly tagIndex: number;
  readonly value: number | string | null;
  readonly quality: number;
  readonly reason: number;
  readonly sourceTimeMs: number | null;
};

export type BatchListener = (batch: SampleBatch) => void;

export class TagStore {
  readonly #now: () => number;
  readonly #numbers: Float64Array;
  readonly #kinds: Uint8Array;
  readonly #texts = new Map<number, string>();
  readonly #qualities: Uint8Array;
  readonly #reasons: Uint8Array;
  readonly #sourceTimes: Float64Array;
  readonly #lostAfterMs: Float64Array;
  readonly #vouching: Vouching;
  readonly #listeners = new Set<BatchListener>();

  constructor(plant: Pick<Plant, 'tags' | 'connections'>, now: () => number) {
    const count = plant.tags.length;
    this.#now = now;
    this.#numbers = new Float64Array(count);
    this.#kinds = new Uint8Array(count);
    this.#qualities = new Uint8Array(count).fill(bad);
    this.#reasons = new Uint8Array(count).fill(neverRead);
    this.#sourceTimes = new Float64Array(count).fill(Number.NaN);
    this.#vouching = new Vouching(count);
    const limits = new Map(plant.connections.map((connection) => [connection.id, connection.lostAfterMs]));
    this.#lostAfterMs = Float64Array.from(plant.tags, (tag) => limits.get(tag.connection) ?? 0);
  }

  /** Takes one batch and tells each listener once. A listener that throws does not keep the others from it. */
  apply(batch: SampleBatch): void {
    for (const sample of batch) this.#put(sample.index, sample.value, sample);
    let fault: { readonly error: unknown } | null = null;
    for (const listener of this.#listeners) {
      try {
        listener(batch);
      } catch (error) {
        fault ??= { error };
      }
    }
    if (fault !== null) throw fault.error;
  }

  /** The source vouched for these tags' values at `atMs`, changed or not. */
  vouched(tagIndexes: readonly number[], atMs: number): void {
    this.#vouching.vouch(tagIndexes, atMs);
  }

  /** Adds a listener; the answer removes it. */
  onBatch(listener: BatchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Latest value; bad `never-read` before the first, bad `not-vouched-for` when the source has been silent too long. */
  latest(tag: Pick<Tag, 'index'>): Latest {
    const { index } = tag;
    const stale = this.#isStale(index);
    const sourceTimeMs = this.#sourceTimes[index] ?? Number.NaN;
    const vouchedAtMs = this.#vouching.atMs(index);
    return {
      value: this.#value(index),
      quality: stale ? 'bad' : (qualities[this.#qualities[index] ?? bad] ?? 'bad'),
      reason: stale ? 'not-vouched-for' : this.#reason(index),
      sourceTime: Number.isNaN(sourceTimeMs) ? null : new Date(sourceTimeMs).toISOString(),
      vouchedAt: vouchedAtMs === null ? null : new Date(vouchedAtMs).toISOString(),
    };
  }

  row(index: number): Row {
    const stale = this.#isStale(index);
    const kind = this.#kinds[index] ?? kindNull;
    const sourceTimeMs = this.#sourceTimes[index] ?? Number.NaN;
    return {
      tagIndex: index,
      value:
        kind === kindNull
          ? null
          : kind === kindText
            ? (this.#texts.get(index) ?? null)
            : (this.#numbers[index] ?? null),
      quality: stale ? bad : (this.#qualities[index] ?? bad),
      reason: stale ? notVouchedFor : (this.#reasons[index] ?? neverRead),
      sourceTimeMs: Number.isNaN(sourceTimeMs) ? null : sourceTimeMs,
    };
  }

  #put(index: number, value: TagValue, sample: SampleBatch[number]): void {
    if (index < 0 || index >= this.#kinds.length) throw new RangeError(`no tag ${index}`);
    switch (typeof value) {
      case 'number':
        this.#kinds[index] = kindNumber;
        this.#numbers[index] = value;
        break;
      case 'boolean':
        this.#kinds[index] = kindBoolean;
        this.#numbers[index] = value ? 1 : 0;
        break;
      case 'string':
        this.#kinds[index] = kindText;
        this.#texts.set(index, value);
        break;
      default:
        this.#kinds[index] = kindNull;
    }
    this.#qualities[index] = qualities.indexOf(sample.quality);
    this.#reasons[index] = qualityReasons.indexOf(sample.reason);
    this.#sourceTimes[index] = sample.sourceTimeMs;
  }

  #value(index: number): TagValue {
    switch (this.#kinds[index]) {
      case kindNumber:
        return this.#numbers[index] ?? null;
      case kindBoolean:
        return this.#numbers[index] === 1;
      case kindText:
        return this.#texts.get(index) ?? null;
      default:
        return null;
    }
  }

  #reason(index: number): QualityReason {
    return qualityReasons[this.#reasons[index] ?? none] ?? 'source-bad';
  }

  /** Only what would pass as usable can be stale: a bad value keeps the reason it has. */
  #isStale(index: number): boolean {
    return (
      this.#qualities[index] !== bad && isSilent(this.#vouching.atMs(index), this.#now(), this.#lostAfterMs[index] ?? 0)
    );
  }
}
