// The parts of a process screen that show live data; each takes its place element and returns how to renew itself.
// Called by screen-binding.ts. Shape and word carry every abnormal state; colour only underlines it (HMI-2).
import type { TagView } from '../../gateway/contract/tag.ts';
import type { Reading } from '../model/reading.ts';
import { noValue } from '../model/values.ts';
import { padlock, pencil, setAttribute, setText, svg } from './svg-parts.ts';

export type Renew = (reading: Reading) => void;

/** `<g data-tag data-show="value">`: caption, value with unit, age, and a frame with a word when it is not good. */
export function valuePart(place: Element, tag: TagView): Renew {
  const width = Number(place.getAttribute('data-width') ?? 132);
  const caption = place.getAttribute('data-caption') ?? tag.id;
  const number = svg('tspan', { class: 'cs-number' });
  const unit = svg('tspan', { class: 'cs-unit', dx: 4 }, [tag.unit]);
  const age = svg('text', { class: 'cs-age', x: width, y: 11, 'text-anchor': 'end' });
  const word = svg('text', { class: 'cs-word', x: 0, y: 51 });
  const title = svg('title', {});
  place.replaceChildren(
    title,
    svg('rect', { class: 'cs-quality-frame', x: -7, y: -5, width: width + 14, height: 62, rx: 4 }),
    svg('text', { class: 'cs-caption', x: 0, y: 11 }, [caption]),
    age,
    svg('text', { class: 'cs-figure', x: 0, y: 34 }, [number, unit]),
    word,
  );
  place.setAttribute('class', 'cs-value');
  place.setAttribute('role', 'img');
  return (reading) => {
    setAttribute(place, 'data-mark', reading.mark);
    setAttribute(place, 'aria-label', reading.sentence);
    setText(title, `${tag.id}. ${reading.sentence}`);
    setText(number, reading.mark === 'bad' || reading.mark === 'none' ? `? ${reading.text}` : reading.text);
    setText(unit, reading.text === noValue ? '' : tag.unit);
    setText(age, reading.shortAge);
    setText(word, reading.shortWord);
  };
}

/** Of a setpoint's button, in the drawing's units. */
export const setpointKeyHeight = 48;

/** `<g data-tag data-show="setpoint">`: a button of at least 44 px that opens the change dialog. */
export function setpointPart(place: Element, tag: TagView, open: () => void): Renew {
  const width = Math.max(96, Number(place.getAttribute('data-width') ?? 116));
  const allowed = tag.setpoint?.allowed === true;
  const number = svg('tspan', { class: 'cs-number' });
  const title = svg('title', {});
  const age = svg('text', { class: 'cs-age', x: width - 26, y: 16, 'text-anchor': 'end' });
  place.replaceChildren(
    title,
    svg('rect', { class: 'cs-focus-frame', x: -4, y: -4, width: width + 8, height: 56, rx: 7 }),
    svg('rect', { class: 'cs-key', x: 0, y: 0, width, height: setpointKeyHeight, rx: 5 }),
    svg('text', { class: 'cs-caption', x: 9, y: 16 }, [place.getAttribute('data-caption') ?? 'SP']),
    age,
    svg('path', { class: 'cs-glyph', d: allowed ? pencil : padlock, transform: `translate(${width - 22} 6)` }),
    svg('text', { class: 'cs-figure', x: 9, y: 39 }, [number, svg('tspan', { class: 'cs-unit', dx: 3 }, [tag.unit])]),
  );
  place.setAttribute('class', 'cs-setpoint');
  place.setAttribute('role', 'button');
  place.setAttribute('tabindex', '0');
  place.setAttribute('data-allowed', String(allowed));
  const openIfLive = () => {
    if (place.getAttribute('data-mark') !== 'stale') open();
  };
  place.addEventListener('click', openIfLive);
  place.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || (event.key !== 'Enter' && event.key !== ' ')) return;
    event.preventDefault();
    openIfLive();
  });
  return (reading) => {
    setAttribute(place, 'data-mark', reading.mark);
    setAttribute(place, 'aria-disabled', String(reading.mark === 'stale' || !allowed));
    const doing = allowed ? 'Change' : `Cannot be changed: ${tag.setpoint?.refusal ?? 'not permitted'}`;
    setAttribute(place, 'aria-label', `${reading.sentence}. ${doing}`);
    setText(title, `${tag.id}. ${reading.sentence}. ${doing}`);
    setText(number, reading.mark === 'bad' || reading.mark === 'none' ? `? ${reading.text}` : reading.text);
    setText(age, reading.mark === 'ok' ? '' : reading.mark);
  };
}

/** `<g data-tag data-show="bar" data-setpoint>`: the instrument's range, the value as a wedge, the setpoint as a line. */
export function barPart(
  place: Element,
  tag: TagView,
  setpoint: TagView | undefined,
): { value: Renew; setpoint: Renew } {
  const width = Number(place.getAttribute('data-width') ?? 200);
  const range = tag.range ?? { min: 0, max: 100 };
  const at = (value: unknown): number | null =>
    typeof value === 'number' ? Math.min(1, Math.max(0, (value - range.min) / (range.max - range.min))) * width : null;
  const limits = setpoint?.setpoint ?? null;
  const lowest = at(limits?.min) ?? 0;
  const highest = at(limits?.max) ?? width;
  const wedge = svg('path', { class: 'cs-wedge', d: 'M0 0l6 -9h-12z' });
  const line = svg('path', { class: 'cs-target', d: 'M0 -2v14' });
  place.replaceChildren(
    svg('rect', { class: 'cs-range', x: 0, y: 0, width, height: 10, rx: 2 }),
    svg('rect', { class: 'cs-permitted', x: lowest, y: 0, width: Math.max(0, highest - lowest), height: 10 }),
    svg('text', { class: 'cs-tick', x: 0, y: 23 }, [String(range.min)]),
    svg('text', { class: 'cs-tick', x: width, y: 23, 'text-anchor': 'end' }, [String(range.max)]),
    line,
    wedge,
  );
  place.setAttribute('aria-hidden', 'true');
  const move = (element: Element, reading: Reading) => {
    const x = reading.mark === 'none' ? null : at(reading.value);
    setAttribute(element, 'visibility', x === null ? 'hidden' : 'visible');
    setAttribute(element, 'data-mark', reading.mark);
    if (x !== null) setAttribute(element, 'transform', `translate(${x.toFixed(1)} 0)`);
  };
  return { value: (reading) => move(wedge, reading), setpoint: (reading) => move(line, reading) };
}

/** `<text data-tag>`: value and unit as running text. */
export function textPart(place: Element, tag: TagView): Renew {
  return (reading) => {
    const shown = reading.mark === 'ok' ? reading.text : `? ${reading.text}`;
    setText(place, tag.unit === '' || reading.text === noValue ? shown : `${shown}\u00a0${tag.unit}`);
    setAttribute(place, 'data-mark', reading.mark);
    setAttribute(place, 'aria-label', reading.sentence);
  };
}

/** `data-tag-state`: the element tells its state by `data-state`, which the style sheet draws by shape and fill. */
export function statePart(place: Element): Renew {
  return (reading) => {
    setAttribute(place, 'data-state', reading.value === null ? 'unknown' : String(reading.value));
    setAttribute(place, 'data-mark', reading.mark);
  };
}

/** `<rect data-tag-level>`: drawn full in the file; its height follows the value within the instrument's range. */
export function levelPart(place: Element, tag: TagView): Renew {
  const top = Number(place.getAttribute('y') ?? 0);
  const full = Number(place.getAttribute('height') ?? 0);
  const range = tag.range ?? { min: 0, max: 100 };
  return (reading) => {
    const share = typeof reading.value === 'number' ? (reading.value - range.min) / (range.max - range.min) : 0;
    const height = Math.min(1, Math.max(0, share)) * full;
    setAttribute(place, 'y', (top + full - height).toFixed(1));
    setAttribute(place, 'height', height.toFixed(1));
    setAttribute(place, 'data-mark', reading.mark);
  };
}
