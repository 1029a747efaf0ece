// Text for PDF exports in whatever script a name is written (AUD-6): chooses a font for each character, measures, breaks lines
// and sets them. A character that no font carries is shown by its number, `[U+0E01]`, never left out. Called by pdfkit-export.ts.
// Most text is set glyph by glyph; words whose letters join or stack are shaped by fontkit, through pdfkit.
import { readFileSync } from 'node:fs';

export type Weight = 'regular' | 'bold';
export type TextStyle = { readonly weight: Weight; readonly sizePt: number; readonly grey: number };

/** In the order in which they are asked for a character. East Asian and right-to-left faces have one weight. */
const faces = {
  regular: ['fonts-latin', 'NotoSans-Regular.ttf'],
  bold: ['fonts-latin', 'NotoSans-SemiBold.ttf'],
  arabic: ['fonts-arabic', 'NotoNaskhArabic-Regular.ttf'],
  hebrew: ['fonts-hebrew', 'NotoSansHebrew-Regular.ttf'],
  korean: ['fonts-kr', 'NotoSansKR-Regular.otf'],
  chinese: ['fonts-sc', 'NotoSansHans-Regular.otf'],
} as const;
type FaceName = keyof typeof faces;
const fallbacks: readonly FaceName[] = ['korean', 'chinese', 'arabic', 'hebrew'];

/** Scripts whose letters join, stack or run from right to left. */
const shaped = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Mn}\p{Me}]/u;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;
const plainAscii = /^[\x20-\x7e]*$/;
/** Controls, and directions of writing that a text may want to turn around: shown, not obeyed. */
const unprintable = /[\p{Cc}\p{Cs}\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/u;

/** Characters; more are measured only as far as the line goes. */
const longestMeasured = 400;

/** What is used of pdfkit beneath its documented functions; pdfkit's version is pinned. */
type GlyphPlace = {
  readonly xAdvance: number;
  readonly xOffset: number;
  readonly yOffset: number;
  readonly advanceWidth: number;
};
type EmbeddedFont = {
  readonly id: string;
  readonly font: { hasGlyphForCodePoint(code: number): boolean };
  encode(text: string): readonly [readonly string[], readonly GlyphPlace[]];
  ref(): unknown;
};
type Inside = {
  readonly _font: EmbeddedFont;
  readonly page: { readonly fonts: Record<string, unknown> };
  addContent(text: string): void;
};

/** A glyph of a face: its number in the embedded subset as four hex digits, its width in 1/1000 of the size. */
type Glyph = { readonly hex: string; readonly width: number };
/** A word as its script joins it; offsets in 1/1000 of the size. */
type ShapedWord = {
  readonly glyphs: readonly { readonly hex: string; readonly x: number; readonly y: number }[];
  readonly width: number;
};
type Face = {
  readonly font: EmbeddedFont;
  readonly glyphs: Map<number, Glyph>;
  readonly words: Map<string, ShapedWord>;
};
type Run = { readonly face: FaceName; readonly text: string; readonly isShaped: boolean };
/** What a character needs; `face` null: no font has it. */
type Character = { readonly face: FaceName | null; readonly isShaped: boolean; readonly isMark: boolean };

/** Shaped words kept, a face: names come again and again. Beyond, all are forgotten and shaped anew. */
const mostShapedWords = 2_000;

export class Typesetter {
  readonly #document: PDFKit.PDFDocument;
  readonly #faces = new Map<FaceName, Face>();
  readonly #characters = { regular: new Map<string, Character>(), bold: new Map<string, Character>() };

  constructor(document: PDFKit.PDFDocument) {
    this.#document = document;
  }

  /** Width in points. */
  widthOf(text: string, style: TextStyle): number {
    if (plainAscii.test(text)) return this.#widthOfRun({ face: style.weight, text, isShaped: false }, style.sizePt);
    return this.#runsOf(text, style.weight).reduce((sum, run) => sum + this.#widthOfRun(run, style.sizePt), 0);
  }

  /** Lines no wider than `widthPt`, broken between words, inside a word only where it is longer than a line. */
  linesOf(text: string, widthPt: number, style: TextStyle): string[] {
    return text.split('\n').flatMap((paragraph) => this.#wrap(paragraph, widthPt, style));
  }

  /** One line, its baseline at `y` from the page's top, all in points. */
  set(line: string, x: number, y: number, style: TextStyle): void {
    let at = x;
    for (const run of inVisualOrder(this.#runsOf(line, style.weight))) {
      if (run.text !== '') this.#setRun(run, at, y, style);
      at += this.#widthOfRun(run, style.sizePt);
    }
  }

  #wrap(paragraph: string, widthPt: number, style: TextStyle): string[] {
    const lines: string[] = [];
    const space = this.widthOf(' ', style);
    let line = '';
    let used = 0;
    for (const word of paragraph.split(' ')) {
      const width = this.#widthUpTo(word, widthPt, style);
      if (line !== '' && used + space + width <= widthPt) {
        line = `${line} ${word}`;
        used += space + width;
        continue;
      }
      // A word longer than a line begins where there is room.
      const goesOn = line !== '' && width > widthPt;
      if (line !== '' && !goesOn) lines.push(line);
      line = goesOn ? `${line} ${word}` : word;
      used = goesOn ? Number.POSITIVE_INFINITY : width;
      while (used > widthPt) {
        const taken = this.#fitting(line, widthPt, style);
        lines.push(line.slice(0, taken));
        line = line.slice(taken);
        used = this.#widthUpTo(line, widthPt, style);
      }
    }
    lines.push(line);
    return lines;
  }

  /** Infinity where it is clearly wider: a record's text may be a megabyte without a space. */
  #widthUpTo(text: string, widthPt: number, style: TextStyle): number {
    const isLong = text.length > longestMeasured && this.#fitting(text, widthPt, style) < text.length;
    return isLong ? Number.POSITIVE_INFINITY : this.widthOf(text, style);
  }

  /** How many of the first characters (UTF-16 units, whole characters) fit; one at least. */
  #fitting(word: string, widthPt: number, style: TextStyle): number {
    let taken = 0;
    let used = 0;
    for (const character of word) {
      used += this.widthOf(character, style);
      if (used > widthPt && taken > 0) break;
      taken += character.length;
    }
    return taken;
  }

  #setRun(run: Run, x: number, y: number, style: TextStyle): void {
    const { grey } = style;
    const { font } = this.#face(run.face);
    const inside = this.#inside();
    inside.page.fonts[font.id] ??= font.ref();
    // pdfkit has turned the page upside down, so that y grows downwards: the text is turned back.
    const at = (right: number, down: number): string => `1 0 0 -1 ${right.toFixed(2)} ${down.toFixed(2)} Tm`;
    const em = style.sizePt / 1000;
    const glyphs = run.isShaped
      ? this.#shapedWord(run).glyphs.map((glyph) => `${at(x + glyph.x * em, y - glyph.y * em)} <${glyph.hex}> Tj`)
      : [`${at(x, y)} <${this.#hexOfRun(run)}> Tj`];
    inside.addContent(`${grey.toFixed(2)} g BT /${font.id} ${style.sizePt} Tf ${glyphs.join(' ')} ET`);
  }

  #hexOfRun(run: Run): string {
    let hex = '';
    for (const character of run.text) hex += this.#glyph(run.face, character).hex;
    return hex;
  }

  #shapedWord(run: Run): ShapedWord {
    const { font, words } = this.#face(run.face);
    const known = words.get(run.text);
    if (known !== undefined) return known;
    const [hexes, places] = font.encode(run.text);
    let width = 0;
    const glyphs = hexes.map((hex, index) => {
      const place = places[index];
      const glyph = { hex, x: width + (place?.xOffset ?? 0), y: place?.yOffset ?? 0 };
      width += place?.xAdvance ?? 0;
      return glyph;
    });
    if (words.size >= mostShapedWords) words.clear();
    words.set(run.text, { glyphs, width });
    return { glyphs, width };
  }

  #widthOfRun(run: Run, sizePt: number): number {
    if (run.isShaped)
      return wordsOf(run).reduce((sum, word) => sum + (this.#shapedWord(word).width * sizePt) / 1000, 0);
    let width = 0;
    for (const character of run.text) width += this.#glyph(run.face, character).width;
    return (width * sizePt) / 1000;
  }

  #runsOf(text: string, weight: Weight): Run[] {
    if (plainAscii.test(text)) return [{ face: weight, text, isShaped: false }];
    const runs: Run[] = [];
    for (const character of text) {
      const { face, isShaped, isMark } = this.#character(character, weight);
      const part = face === null ? `[U+${hexOf(character)}]` : character;
      const last = runs.at(-1);
      // A mark stands on the letter before it, and is set with it.
      const joins = last !== undefined && last.face === (face ?? weight) && (last.isShaped === isShaped || isMark);
      if (joins) runs[runs.length - 1] = { ...last, text: last.text + part, isShaped: last.isShaped || isShaped };
      else runs.push({ face: face ?? weight, text: part, isShaped });
    }
    return runs;
  }

  #character(character: string, weight: Weight): Character {
    const known = this.#characters[weight].get(character);
    if (known !== undefined) return known;
    const code = character.codePointAt(0) ?? 0;
    const has = (face: FaceName): boolean => this.#face(face).font.font.hasGlyphForCodePoint(code);
    const face = unprintable.test(character) ? null : ([weight, ...fallbacks].find(has) ?? null);
    const found = { face, isShaped: face !== null && shaped.test(character), isMark: /\p{M}/u.test(character) };
    this.#characters[weight].set(character, found);
    return found;
  }

  #glyph(name: FaceName, character: string): Glyph {
    const { font, glyphs } = this.#face(name);
    const code = character.codePointAt(0) ?? 0;
    const known = glyphs.get(code);
    if (known !== undefined) return known;
    const [hex, positions] = font.encode(character);
    const glyph = { hex: hex.join(''), width: positions.reduce((sum, { advanceWidth }) => sum + advanceWidth, 0) };
    glyphs.set(code, glyph);
    return glyph;
  }

  #face(name: FaceName): Face {
    const known = this.#faces.get(name);
    if (known !== undefined) return known;
    const [family, file] = faces[name];
    const path = new URL(`../fonts/${file}`, import.meta.resolve(`@embedpdf/${family}`));
    this.#document.registerFont(name, readFileSync(path)).font(name);
    const face = { font: this.#inside()._font, glyphs: new Map<number, Glyph>(), words: new Map<string, ShapedWord>() };
    this.#faces.set(name, face);
    return face;
  }

  /** For text that is set later than its page, such as the number of all pages. */
  encoded(text: string, weight: Weight): { readonly hex: string; readonly fontId: string; readonly fontRef: unknown } {
    const { font } = this.#face(weight);
    return {
      hex: [...text].map((character) => this.#glyph(weight, character).hex).join(''),
      fontId: font.id,
      fontRef: font.ref(),
    };
  }

  #inside(): Inside {
    return this.#document as unknown as Inside;
  }
}

/**
 * Runs as they stand on paper: a stretch of right-to-left words, with the spaces between them, is turned around. Enough for
 * names and sentences inside a left-to-right document (UAX #9 with one level of embedding).
 */
function inVisualOrder(runs: readonly Run[]): Run[] {
  const words = runs.flatMap(wordsOf);
  const isRight = (run: Run | undefined): boolean => run !== undefined && rightToLeft.test(run.text);
  const out: Run[] = [];
  for (let at = 0; at < words.length; ) {
    let end = at;
    if (isRight(words[at])) {
      let last = at;
      for (let next = at + 1; next < words.length && (isRight(words[next]) || isSpace(words[next])); next++)
        if (isRight(words[next])) last = next;
      end = last;
      out.push(...words.slice(at, end + 1).reverse());
    } else out.push(...words.slice(at, at + 1));
    at = end + 1;
  }
  return out;
}

/** A run that is shaped is measured and set word by word. */
function wordsOf(run: Run): Run[] {
  if (!run.isShaped) return [run];
  return run.text.split(/(\s+)/).flatMap((text) => (text === '' ? [] : [{ ...run, text }]));
}

function isSpace(run: Run | undefined): boolean {
  return run !== undefined && run.text.trim() === '';
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
