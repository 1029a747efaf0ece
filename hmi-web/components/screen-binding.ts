// Binds the elements of a cleaned screen to tags by their data attributes (interfaces.md, "Configuration"), and renews
// them when values change. Called by process-screen.tsx; asks for readings, never for values of its own.
import type { TagId } from '../../gateway/contract/ids.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { Reading } from '../model/reading.ts';
import { barPart, levelPart, type Renew, setpointPart, statePart, textPart, valuePart } from './screen-parts.ts';

export type ScreenSource = {
  readonly tags: ReadonlyMap<string, TagView>;
  readonly read: (tag: TagView) => Reading;
  readonly subscribe: (id: TagId, listener: () => void) => () => void;
  readonly change: (id: TagId) => void;
};
export type BoundScreen = {
  /** Renews ages and marks of everything: every second, and when the link's state changes. */
  readonly renewAll: () => void;
  readonly release: () => void;
};

export function bindScreen(drawing: SVGSVGElement, source: ScreenSource): BoundScreen {
  const parts = new Map<TagId, { readonly tag: TagView; readonly renew: Renew[] }>();
  const add = (tag: TagView, renew: Renew) => {
    const entry = parts.get(tag.id) ?? { tag, renew: [] };
    entry.renew.push(renew);
    parts.set(tag.id, entry);
  };

  for (const place of drawing.querySelectorAll('[data-tag]')) {
    const tag = source.tags.get(place.getAttribute('data-tag') ?? '');
    if (tag === undefined) {
      missing(place, place.getAttribute('data-tag') ?? '');
      continue;
    }
    switch (place.getAttribute('data-show')) {
      case 'value':
        add(tag, valuePart(place, tag));
        break;
      case 'setpoint':
        add(
          tag,
          setpointPart(place, tag, () => source.change(tag.id)),
        );
        break;
      case 'bar': {
        const setpoint = source.tags.get(place.getAttribute('data-setpoint') ?? '');
        const bar = barPart(place, tag, setpoint);
        add(tag, bar.value);
        if (setpoint !== undefined) add(setpoint, bar.setpoint);
        break;
      }
      default:
        add(tag, textPart(place, tag));
    }
  }
  for (const place of drawing.querySelectorAll('[data-tag-state]')) {
    const tag = source.tags.get(place.getAttribute('data-tag-state') ?? '');
    if (tag === undefined) place.setAttribute('data-state', 'unknown');
    else add(tag, statePart(place));
  }
  for (const place of drawing.querySelectorAll('[data-tag-level]')) {
    const tag = source.tags.get(place.getAttribute('data-tag-level') ?? '');
    if (tag === undefined) place.setAttribute('height', '0');
    else add(tag, levelPart(place, tag));
  }

  const renew = (entry: { readonly tag: TagView; readonly renew: readonly Renew[] }) => {
    const reading = source.read(entry.tag);
    for (const part of entry.renew) part(reading);
  };
  const releases = [...parts.values()].map((entry) => source.subscribe(entry.tag.id, () => renew(entry)));
  const renewAll = () => {
    for (const entry of parts.values()) renew(entry);
  };
  renewAll();
  return {
    renewAll,
    release: () => {
      for (const release of releases) release();
    },
  };
}

/** A tag that does not exist, or that this session may not see, is said so on the screen. */
function missing(place: Element, id: string): void {
  place.setAttribute('data-mark', 'none');
  if (place.localName === 'text') place.textContent = `? ${id}`;
  else {
    const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    text.setAttribute('y', '20');
    text.textContent = `? ${id}`;
    place.replaceChildren(text);
  }
}
