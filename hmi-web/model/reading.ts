// One reading as it is shown: text, quality, age, and whether the page may present it as present (HMI-2, LIV-3). Pure.
// Called by every place that shows a live value. A value is never shown as live when the page has lost the gateway.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { Quality, QualityReason, TagValue } from '../../gateway/contract/values.ts';
import { qualities, qualityReasons, shortQualityReasons } from '../texts/en.ts';
import { ageText } from './times.ts';
import { fromWire, type Shape, valueText, withUnit } from './values.ts';

export type Wire = {
  readonly value: number | string | null;
  readonly quality: Quality;
  readonly reason: QualityReason;
  readonly sourceTimeMs: number | null;
};
/** `ok` looks like nothing special; everything else has a shape and a word of its own, never a colour alone. */
export type Mark = 'ok' | 'uncertain' | 'bad' | 'stale' | 'none';
export type Reading = {
  readonly value: TagValue;
  readonly text: string;
  readonly mark: Mark;
  /** Short word beside the value; empty when it is good. */
  readonly word: string;
  /** The same where there is room for some twenty letters: `bad: PLC lost`. */
  readonly shortWord: string;
  /** Since the source gave this value: `5 s`; `steady 4 min` where it is good and merely has not changed. */
  readonly age: string;
  /** The same where there is room for one word: `steady`. */
  readonly shortAge: string;
  /** Full sentence for assistive technology and tooltips. */
  readonly sentence: string;
  readonly sourceTimeMs: number | null;
};

/**
 * From here on a good value is called steady rather than old: the gateway turns what its source no longer vouches for
 * bad or uncertain (DRV-5), so a good value is a present one, however long it has not changed.
 */
const steadyAfterMs = 10_000;

/** `staleSinceMs`: when the page lost the gateway, or null. `nowMs`: the gateway's time. */
export function readingOf(
  tag: Shape & Pick<TagView, 'unit' | 'description'>,
  wire: Wire | undefined,
  nowMs: number,
  staleSinceMs: number | null,
): Reading {
  const value = wire === undefined ? null : fromWire(tag.dataType, wire.value);
  const text = valueText(tag, value);
  const ageMs = wire === undefined || wire.sourceTimeMs === null ? null : nowMs - wire.sourceTimeMs;
  const age = ageText(ageMs);
  const mark: Mark =
    wire === undefined ? 'none' : staleSinceMs !== null ? 'stale' : wire.quality === 'good' ? 'ok' : wire.quality;
  const word = wordOf(mark, wire, qualityReasons);
  const shown = withUnit(text, tag.unit);
  const steady = mark === 'ok' && ageMs !== null && ageMs >= steadyAfterMs;
  const spoken = age.replace('\u00a0', ' ');
  return {
    value,
    text,
    mark,
    word,
    shortWord: wordOf(mark, wire, shortQualityReasons),
    age: steady ? `steady ${age}` : age,
    shortAge: steady ? 'steady' : age,
    sentence: `${tag.description}: ${shown}, ${mark === 'ok' ? 'good' : word}, ${steady ? 'steady for' : 'age'} ${spoken}`,
    sourceTimeMs: wire?.sourceTimeMs ?? null,
  };
}

function wordOf(mark: Mark, wire: Wire | undefined, reasons: Readonly<Record<QualityReason, string>>): string {
  if (mark === 'ok') return '';
  if (mark === 'stale') return 'stale';
  if (wire === undefined) return 'no value yet';
  const reason = reasons[wire.reason];
  const quality = qualities[wire.quality].toLowerCase();
  return reason === '' ? quality : `${quality}: ${reason}`;
}
