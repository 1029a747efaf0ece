// No two writable tags may share a place in a device (CMD-7): each such pair becomes a mistake with its remedy. Called by
// build-plant.ts.
import { meetings, unclear, type WritePlace } from '../plant/write-place.ts';
import type { ConfigurationMistake } from './mistake.ts';
import type { TagsFile } from './schemas.ts';
import type { LoadedFile } from './yaml-file.ts';

/** A writable tag: its place in the file, its name, where it writes. */
export type Writer = { readonly order: number; readonly id: string; readonly place: WritePlace };

/** CMD-7: one command at a time per place needs that no two writable tags share one, wholly or in part. */
export function checkSharedPlaces(
  file: LoadedFile<TagsFile>,
  writers: readonly Writer[],
  mistakes: ConfigurationMistake[],
): void {
  for (const { item, met } of meetings(writers)) {
    const whole = item.place.first === met.place.first && item.place.last === met.place.last;
    mistakes.push(
      file.mistakeAt(
        ['tags', item.order, 'address'],
        whole
          ? `"${item.id}" would write the same place in the device as "${met.id}".`
          : `"${item.id}" would write into "${met.id}": their addresses overlap in the device.`,
        whole ? 'Make one of them read-only (CMD-7).' : 'Correct address or type of one, or make it read-only (CMD-7).',
      ),
    );
  }
  for (const { item, met } of unclear(writers))
    mistakes.push(
      file.mistakeAt(
        ['tags', item.order, 'address'],
        `"${item.id}" and "${met.id}" may be the same place in the device: one is named by namespace URI, the other by index.`,
        'Name both by URI (nsu=…;), so that it can be told (CMD-7).',
      ),
    );
}
