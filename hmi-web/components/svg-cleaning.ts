// Takes a screen file apart and keeps only drawing: no script, no handler, no style sheet, no foreign content, no outside
// reference. Called by process-screen.tsx before anything of the file reaches the page.

const allowedElements = new Set([
  'svg',
  'g',
  'path',
  'rect',
  'circle',
  'ellipse',
  'line',
  'polyline',
  'polygon',
  'text',
  'tspan',
  'title',
  'desc',
  'defs',
  'clipPath',
  'linearGradient',
  'radialGradient',
  'stop',
  'marker',
  'symbol',
  'use',
  'mask',
  'pattern',
]);
const svgNamespace = 'http://www.w3.org/2000/svg';

/** The cleaned drawing, or null when the text is no SVG. */
export function cleanSvg(text: string): SVGSVGElement | null {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
  const root = parsed.documentElement;
  if (parsed.querySelector('parsererror') !== null || root.namespaceURI !== svgNamespace || root.localName !== 'svg')
    return null;
  for (const element of [...root.querySelectorAll('*')]) {
    if (element.namespaceURI !== svgNamespace || !allowedElements.has(element.localName)) element.remove();
  }
  for (const element of [root, ...root.querySelectorAll('*')]) {
    for (const attribute of [...element.attributes]) {
      if (!mayStay(attribute.localName, attribute.value)) element.removeAttributeNode(attribute);
    }
  }
  const imported = document.importNode(root, true);
  return imported instanceof SVGSVGElement ? imported : null;
}

function mayStay(name: string, value: string): boolean {
  const lower = name.toLowerCase();
  if (lower.startsWith('on') || lower === 'style' || lower === 'base') return false;
  if (lower === 'href') return value.startsWith('#');
  // Paint servers, masks and markers of the same file only.
  return [...value.matchAll(/url\(\s*['"]?([^'")]*)/gi)].every((match) => match[1]?.startsWith('#') === true);
}
