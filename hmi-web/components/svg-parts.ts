// Makes SVG elements for the parts that a screen leaves to the HMI: values, setpoints, bars. Called by screen-parts.ts.

const svgNamespace = 'http://www.w3.org/2000/svg';

export function svg(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly (SVGElement | string)[] = [],
): SVGElement {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Sets only what differs, so that a steady screen costs nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export const pencil = 'M2 10.500V13h2.500L12 5.500 9.500 3zM8 4.500 10.500 7';
export const padlock = 'M4 7V5.200a3 3 0 0 1 6 0V7M3 7h8v6H3z';
