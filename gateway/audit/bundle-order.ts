// The order of a bundle's records (AUD-5): times never go back, each names the commit that it came in and the record that
// the newest projection before it stands on. Right behind a gap either may be one that was left out. Used by
// verify-bundle.ts. Pure.
import { noStanding } from './record-line.ts';

/** Numbers as record-line.ts reads them: NaN where the record names none. */
export type OrderedRecord = {
  readonly seq: number;
  readonly timeUs: number;
  readonly commit: number;
  readonly standing: number;
};

export class BundleOrder {
  /** Of the newest record in the bundle, µs; its number, −1 before the first; its commit. */
  #timeUs = 0;
  #seq = -1;
  #commit = noStanding;
  /** What the next record must name, the one before it being in the bundle. */
  #standing = noStanding;
  #afterGap = false;

  gap(): void {
    this.#afterGap = true;
  }

  /** Why the record does not follow those before it; null where it does. */
  check({ seq, timeUs, commit, standing }: OrderedRecord): string | null {
    if (Number.isNaN(timeUs)) return 'its time is none';
    if (timeUs < this.#timeUs) return 'its time is before that of the record before it';
    this.#timeUs = timeUs;
    if (!(commit <= seq)) return 'it does not name the commit it belongs to';
    // Behind a gap a record may name one that was left out, and no other than what the record before the gap tells.
    const leftOut = (named: number): boolean => this.#afterGap && named > this.#seq && named < seq;
    if (commit !== seq && commit !== this.#commit && !leftOut(commit))
      return `it names ${commit} as the first record of its commit, which is ${this.#seq < 0 ? seq : this.#commit}`;
    return standing === this.#standing || leftOut(standing)
      ? null
      : 'it names another record as the last that an account or terminal stands on';
  }

  /** After a record that was found good. */
  learn({ seq, commit, standing }: OrderedRecord, isProjection: boolean): void {
    this.#seq = seq;
    this.#commit = commit;
    this.#standing = isProjection ? seq : standing;
    this.#afterGap = false;
  }
}
