// The pages of a PDF export (AUD-6): A4 across with running head and foot, the table's headings on each, and where on the page
// the next line goes. Pages are written as they fill. "of m" is one drawing that all pages show and that is written last, so the
// number of pages need not be known before. Used by pdfkit-export.ts, which knows what a record looks like.
import PDFDocument from 'pdfkit';
import { inPlant } from './export-columns.ts';
import type { ExportCover } from './export-cover.ts';
import { type TextStyle, Typesetter } from './pdfkit-text.ts';

/** Points; A4 across. */
export const page = { width: 841.89, height: 595.28, left: 34, right: 34, top: 46, bottom: 40 } as const;
export const inner = page.width - page.left - page.right;
const headHeight = 16;

const ink = 0.08;
const soft = 0.38;
export const styles = {
  body: { weight: 'regular', sizePt: 7.6, grey: ink },
  strong: { weight: 'bold', sizePt: 7.6, grey: ink },
  quiet: { weight: 'regular', sizePt: 6.6, grey: soft },
  small: { weight: 'regular', sizePt: 5.8, grey: soft },
  evidence: { weight: 'regular', sizePt: 4.8, grey: soft },
  heading: { weight: 'bold', sizePt: 19, grey: ink },
  fact: { weight: 'regular', sizePt: 9, grey: ink },
  factLabel: { weight: 'regular', sizePt: 9, grey: soft },
} as const satisfies Record<string, TextStyle>;

export type Line = { readonly text: string; readonly style: TextStyle };
export type PageColumn = { readonly label: string; readonly width: number };

export function lineOf(style: TextStyle): number {
  return style.sizePt * 1.32;
}

export function heightOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { style }) => sum + lineOf(style), 0);
}

/** How many of the first lines are no higher than `room` points. */
export function fitting(lines: readonly Line[], room: number): number {
  let used = 0;
  for (const [at, { style }] of lines.entries()) {
    used += lineOf(style);
    if (used > room) return at;
  }
  return lines.length;
}

/** What is still needed of pdfkit beneath its documented functions; its version is pinned. */
type Reference = { end(content?: string): void; readonly data: Record<string, unknown> };
type Inside = {
  ref(data: Record<string, unknown>): Reference;
  readonly page: { readonly xobjects: Record<string, unknown> };
  addContent(text: string): void;
};

export class Pages {
  readonly #cover: ExportCover;
  readonly #columns: readonly PageColumn[];
  readonly #document: PDFKit.PDFDocument;
  readonly #inside: Inside;
  readonly #type: Typesetter;
  readonly #total: Reference;
  count = 0;
  /** Where the next line goes, from the page's top. */
  y = 0;

  constructor(cover: ExportCover, columns: readonly PageColumn[]) {
    this.#cover = cover;
    this.#columns = columns;
    const options = {
      autoFirstPage: false,
      pdfVersion: '1.7',
      lang: 'en',
      displayTitle: true,
      // A cache of every word that ever stood in a record would grow with the log.
      fontLayoutCache: false,
      info: {
        Title: `Audit trail, ${cover.plant.name}`,
        Author: cover.exportedBy?.printedName ?? 'Countersign',
        Creator: `Countersign ${cover.version}`,
        CreationDate: new Date(cover.exportedAt),
      },
    } as const;
    this.#document = new PDFDocument(options);
    this.#inside = this.#document as unknown as Inside;
    this.#type = new Typesetter(this.#document);
    this.#total = this.#inside.ref({ Type: 'XObject', Subtype: 'Form', BBox: [0, -12, 90, 4] });
  }

  /** What of the file is ready. */
  *finished(): Generator<Uint8Array> {
    for (;;) {
      const chunk: unknown = this.#document.read();
      if (!(chunk instanceof Uint8Array)) return;
      yield chunk;
    }
  }

  /** The rest of the file; nothing may be set any more. */
  async *end(): AsyncGenerator<Uint8Array> {
    const { hex, fontId, fontRef } = this.#type.encoded(`of ${this.count}`, 'regular');
    this.#total.data.Resources = { Font: { [fontId]: fontRef } };
    this.#total.end(`${soft} g BT /${fontId} 7 Tf 1 0 0 -1 0 0 Tm <${hex}> Tj ET`);
    this.#document.end();
    for await (const chunk of this.#document as AsyncIterable<Uint8Array>) yield chunk;
  }

  /** Points left on this page. */
  get room(): number {
    return page.height - page.bottom - this.y;
  }

  /** Points that a page has below the table's headings. */
  get wholeRoom(): number {
    return page.height - page.bottom - page.top - headHeight;
  }

  /** True where the page had to be turned. */
  need(height: number): boolean {
    if (height <= this.room) return false;
    this.turn();
    return true;
  }

  /** A new page; `withHead` puts the table's headings on it. */
  turn(withHead = true): void {
    this.#document.addPage({ size: 'A4', layout: 'landscape', margin: 0 });
    this.count += 1;
    this.#running();
    this.y = page.top;
    if (withHead) this.tableHead();
  }

  wrapped(text: string, width: number, style: TextStyle): Line[] {
    return this.#type.linesOf(text, width, style).map((line) => ({ text: line, style }));
  }

  /** From `y` down; leaves `y` below the last. */
  lines(lines: readonly Line[], x: number): void {
    for (const { text, style } of lines) {
      this.y += lineOf(style);
      this.#type.set(text, x, this.y - style.sizePt * 0.28, style);
    }
  }

  /** So that nobody takes the rest of one record for part of the next; does not move `y`. */
  goesOn(seq: number): void {
    this.#type.set(`${seq}, cont.`, page.left, this.y + 8, styles.quiet);
  }

  /** A grey panel from `left` to the right margin, with a bar that nothing else has. */
  panel(left: number, height: number): void {
    this.#document.rect(left, this.y, page.width - page.right - left, height).fill('#eef0f1');
    this.#document.rect(left, this.y, 2.2, height).fill('#15191c');
  }

  rule(grey: number): void {
    const part = Math.round(grey * 255);
    this.#document
      .moveTo(page.left, this.y)
      .lineTo(page.width - page.right, this.y)
      .lineWidth(0.5)
      .strokeColor([part, part, part])
      .stroke();
  }

  tableHead(): void {
    this.#document.rect(page.left, this.y, inner, 15).fill('#e5e8ea');
    let x: number = page.left;
    for (const { label, width } of this.#columns) {
      this.#type.set(label, x + (x === page.left ? 3 : 0), this.y + 10.5, { ...styles.strong, sizePt: 7.2 });
      x += width;
    }
    this.y += headHeight;
  }

  /** Head and foot of each page. */
  #running(): void {
    const { plant, exportedAt, record } = this.#cover;
    const style: TextStyle = { weight: 'regular', sizePt: 7, grey: soft };
    const set = (text: string, x: number, y: number): void => this.#type.set(text, x, y, style);
    set(`${plant.name}  ·  Audit trail`, page.left, 30);
    const number = `Page ${this.count} `;
    const width = this.#type.widthOf(number, style);
    // Room for "of 99999".
    const right = page.width - page.right - width - 30;
    const foot = page.height - 22;
    set(
      `Exported ${inPlant(exportedAt, plant.timeZone)} (${exportedAt})${typeof record === 'number' ? `, on record as no. ${record}` : `, export ${record.note}`}`,
      page.left,
      foot,
    );
    set(number, right, foot);
    this.#inside.page.xobjects.Total = this.#total;
    this.#inside.addContent(`q 1 0 0 1 ${(right + width).toFixed(2)} ${foot.toFixed(2)} cm /Total Do Q`);
  }
}
