// A process screen: the cleaned SVG in the page, bound to live values. Values in; out comes the tag to change.
import { useEffect, useRef, useState } from 'react';
import type { TagId } from '../../gateway/contract/ids.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { useGateway } from '../gateway-context.ts';
import { readingOf } from '../model/reading.ts';
import { bindScreen } from './screen-binding.ts';
import { setpointKeyHeight } from './screen-parts.ts';
import { cleanSvg } from './svg-cleaning.ts';

export function ProcessScreen(props: {
  readonly svgText: string;
  readonly name: string;
  readonly tags: readonly TagView[];
  readonly onChange: (id: TagId) => void;
}) {
  const gateway = useGateway();
  const place = useRef<HTMLDivElement>(null);
  const [broken, setBroken] = useState(false);
  const { svgText, tags, onChange, name } = props;

  useEffect(() => {
    const container = place.current;
    if (container === null) return;
    const drawing = cleanSvg(svgText);
    setBroken(drawing === null);
    if (drawing === null) return;
    drawing.setAttribute('preserveAspectRatio', 'xMidYMid meet');
    drawing.setAttribute('role', 'group');
    drawing.setAttribute('aria-label', `Process screen ${name}`);
    container.style.minHeight = `${fingerHeight(drawing)}px`;
    container.replaceChildren(drawing);
    const bound = bindScreen(drawing, {
      tags: new Map(tags.map((tag) => [tag.id, tag])),
      read: (tag) => {
        const link = gateway.link();
        return readingOf(tag, gateway.values.get(tag.id), gateway.nowMs(), link.kind === 'lost' ? link.sinceMs : null);
      },
      subscribe: gateway.values.subscribe,
      change: onChange,
    });
    const timer = setInterval(bound.renewAll, 1000);
    const releaseLink = gateway.subscribeLink(bound.renewAll);
    return () => {
      clearInterval(timer);
      releaseLink();
      bound.release();
    };
  }, [gateway, svgText, tags, onChange, name]);

  return (
    <>
      {broken && <p role="alert">The screen file of this area is no readable SVG. Its values are on the tags page.</p>}
      <div className="cs-screen" ref={place} />
    </>
  );
}

/**
 * Least height in px of a drawing whose setpoint keys, 48 units high, are still 44 px (HMI-2): strips over the page take from
 * its room, and where too little is left the page scrolls. 0 for a drawing without a viewBox, which is shown in its own size.
 */
function fingerHeight(drawing: SVGSVGElement): number {
  return Math.ceil((drawing.viewBox.baseVal?.height ?? 0) * (fingerPx / setpointKeyHeight));
}
const fingerPx = 44;
