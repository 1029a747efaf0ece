// The audit trail as a PDF that one hands to an inspector (AUD-6, SIG-8): A4 across, what it is on the first page, a row a record
// with its signature's printed name, time, meaning and reason, and all that belongs to it in small print. Pages are written as
// they fill. "of m" is one drawing that all pages show and that is written last, so the number of pages need not be known before.
import PDFDocument from 'pdfkit';
import { kindRisks } from '../contract/record-classes.ts';
import { kindWords, meaningWords } from '../contract/record-words.ts';
import {
  asJson,
  digestOf,
  type ExportedRecord,
  inPlant,
  type ReadRecord,
  readForExport,
  signerText,
} from './export-columns.ts';
import { coverFacts, type ExportCover } from './export-cover.ts';
import { changeOf, furtherFacts, reasonOf } from './export-texts.ts';
import { type TextStyle, Typesetter } from './pdfkit-text.ts';

/** Points; A4 across. */
const page = { width: 841.89, height: 595.28, left: 34, right: 34, top: 46, bottom: 40 } as const;
const inner = page.width - page.left - page.right;
const columns = [
  { label: 'No.', width: 44 },
  { label: 'Time (plant, UTC)', width: 122 },
  { label: 'What', width: 126 },
  { label: 'Subject', width: 118 },
  { label: 'Change', width: 112 },
  { label: 'Who and where', width: 122 },
  { label: 'Reason', width: inner - 644 },
] as const;
const gap = 6;

const ink = 0.08;
const soft = 0.38;
const body: TextStyle = { weight: 'regular', sizePt: 7.6, grey: ink };
const strong: TextStyle = { weight: 'bold', sizePt: 7.6, grey: ink };
const quiet: TextStyle = { weight: 'regular', sizePt: 6.6, grey: soft };
const small: TextStyle = { weight: 'regular', sizePt: 5.8, grey: soft };
const evidence: TextStyle = { weight: 'regular', sizePt: 4.8, grey: soft };
const heading: TextStyle = { weight: 'bold', sizePt: 19, grey: ink };
const lineOf = (style: TextStyle): number => style.sizePt * 1.32;

type Line = { readonly text: string; readonly style: TextStyle };
/** What is still needed of pdfkit beneath its documented functions; its version is pinned. */
type Reference = { end(content?: string): void; readonly data: Record<string, unknown> };
type Inside = {
  ref(data: Record<string, unknown>): Reference;
  readonly page: { readonly xobjects: Record<string, unknown> };
  addContent(text: string): void;
};

export async function* asPdf(records: AsyncIterable<ExportedRecord>, cover: ExportCover): AsyncGenerator<Uint8Array> {
  const sheet = new Sheets(cover);
  sheet.begin();
  yield* sheet.finished();
  for await (const exported of records) {
    sheet.record(readForExport(exported, cover.plant.words));
    yield* sheet.finished();
  }
  yield* sheet.end();
}

class Sheets {
  readonly #cover: ExportCover;
  readonly #document: PDFKit.PDFDocument;
  readonly #inside: Inside;
  readonly #type: Typesetter;
  readonly #total: Reference;
  #pages = 0;
  #records = 0;
  #y = 0;

  constructor(cover: ExportCover) {
    this.#cover = cover;
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

  begin(): void {
    this.#newPage(false);
    this.#y = page.top + 8;
    this.#lines([{ text: 'Audit trail', style: heading }], page.left);
    this.#y += 8;
    for (const [label, text] of coverFacts(this.#cover)) this.#fact(label, text);
    if (this.#cover.checkpoint !== null) {
      this.#fact(
        'Checkpoint',
        'The signed head of the log (C2SP tlog-checkpoint): each record’s digest can be proven against it.',
      );
      const lines = this.#cover.checkpoint.trimEnd().split('\n');
      for (const line of lines) this.#lines(this.#wrapped(line, inner - 110, quiet), page.left + 110);
    }
    this.#y += 10;
    this.#tableHead();
  }

  record(read: ReadRecord): void {
    this.#records += 1;
    const { record } = read;
    const { timeZone } = this.#cover.plant;
    const risk = kindRisks[record.kind];
    const who = record.actor === null ? 'the gateway itself' : `${record.actor.printedName} (${record.actor.id})`;
    const where = [record.terminal?.name, record.terminal?.area, record.address].filter(
      (part) => part !== null && part !== undefined,
    );
    const cells: readonly (readonly (readonly [string, TextStyle])[])[] = [
      [[String(record.seq), quiet]],
      [
        [inPlant(record.time, timeZone), body],
        [record.time, quiet],
      ],
      [
        [kindWords[record.kind], strong],
        [read.message ?? '', body],
        [`${record.kind}${risk === 'low' ? '' : ` · risk ${risk}`}`, quiet],
      ],
      [[record.subject, body]],
      [[changeOf(record), body]],
      [
        [who, body],
        [where.join(', '), quiet],
      ],
      [[reasonOf(record), body]],
    ];
    const wrapped = cells.map((cell, at) =>
      cell.flatMap(([text, style]) => (text === '' ? [] : this.#wrapped(text, (columns[at]?.width ?? 0) - gap, style))),
    );
    const height = Math.max(...wrapped.map((lines) => heightOf(lines)));
    this.#need(height + 8 + lineOf(small) * 2);
    this.#rule(0.75);
    this.#y += 3;
    let x: number = page.left;
    for (const [at, lines] of wrapped.entries()) {
      const from = this.#y;
      this.#lines(lines, x);
      this.#y = from;
      x += columns[at]?.width ?? 0;
    }
    this.#y += height + 2;
    this.#signature(read);
    this.#smallPrint(read);
    this.#y += 3;
  }

  async *end(): AsyncGenerator<Uint8Array> {
    this.#need(24);
    this.#rule(0.3);
    this.#y += 8;
    this.#lines(
      [{ text: `End of the export: ${this.#records} records on ${this.#pages} pages.`, style: strong }],
      page.left,
    );
    const { hex, fontId, fontRef } = this.#type.encoded(`of ${this.#pages}`, 'regular');
    this.#total.data.Resources = { Font: { [fontId]: fontRef } };
    this.#total.end(`${soft} g BT /${fontId} 7 Tf 1 0 0 -1 0 0 Tm <${hex}> Tj ET`);
    this.#document.end();
    for await (const chunk of this.#document as AsyncIterable<Uint8Array>) yield chunk;
  }

  /** §11.50(a): printed name, date and time, meaning; and the reason, beside a bar that nothing else has. */
  #signature(read: ReadRecord): void {
    const { record, statement } = read;
    if (statement === null || record.signature === undefined) return;
    const { timeZone } = this.#cover.plant;
    const time = statement.signedAt ?? record.time;
    const clock = statement.signedAt === undefined ? 'recorded' : 'by the terminal’s clock';
    const left = page.left + (columns[0]?.width ?? 0);
    const width = page.width - page.right - left - 12;
    const reason = reasonOf(record);
    const words = [
      `Signed by ${signerText(read) ?? ''}`,
      `on ${inPlant(time, timeZone)} (${time}, ${clock})`,
      ...(record.meaning === undefined ? [] : [`Meaning: ${meaningWords[record.meaning]}`]),
      ...(reason === '' ? [] : [`Reason: ${reason}`]),
    ].join('  ·  ');
    const assertion = asJson(record.signature.assertion);
    const lines = [
      ...this.#wrapped(words, width, strong),
      ...this.#wrapped(`Signature: ${record.signature.jws}`, width, evidence),
      ...(assertion === null ? [] : this.#wrapped(`With a passkey: ${assertion}`, width, evidence)),
    ];
    for (const part of this.#parts(lines, 8, record.seq)) {
      const top = this.#y;
      const height = heightOf(part) + 5;
      this.#document.rect(left, top, page.width - page.right - left, height).fill('#eef0f1');
      this.#document.rect(left, top, 2.2, height).fill('#15191c');
      this.#y = top + 2;
      this.#lines(part, left + 8);
      this.#y = top + height + 2;
    }
  }

  #smallPrint({ record, body: bytes }: ReadRecord): void {
    const left = page.left + (columns[0]?.width ?? 0);
    const text = furtherFacts(record, digestOf(bytes))
      .map(([label, fact]) => `${label}\u00a0${fact}`)
      .join('   ');
    for (const part of this.#parts(this.#wrapped(text, page.width - page.right - left, small), 2, record.seq))
      this.#lines(part, left);
  }

  /** Lines in portions that fit on a page each; turns the page between them. `padding` is what goes around each, points. */
  *#parts(lines: readonly Line[], padding: number, seq: number): Generator<readonly Line[]> {
    let rest = lines;
    while (rest.length > 0) {
      const first = rest[0];
      if (first !== undefined && this.#need(lineOf(first.style) + padding)) {
        // So that nobody takes the rest of one record for part of the next.
        this.#type.set(`${seq}, cont.`, page.left, this.#y + 8, quiet);
      }
      const room = page.height - page.bottom - this.#y - padding;
      let taken = 0;
      let used = 0;
      for (const line of rest) {
        used += lineOf(line.style);
        if (used > room && taken > 0) break;
        taken += 1;
      }
      yield rest.slice(0, taken);
      rest = rest.slice(taken);
    }
  }

  #fact(label: string, text: string): void {
    const from = this.#y;
    this.#lines([{ text: label, style: { ...body, sizePt: 9, grey: soft } }], page.left);
    this.#y = from;
    this.#lines(this.#wrapped(text, inner - 110, { ...body, sizePt: 9 }), page.left + 110);
    this.#y += 2;
  }

  #wrapped(text: string, width: number, style: TextStyle): Line[] {
    return this.#type.linesOf(text, width, style).map((line) => ({ text: line, style }));
  }

  /** From `y` down; leaves `y` below the last. */
  #lines(lines: readonly Line[], x: number): void {
    for (const { text, style } of lines) {
      this.#y += lineOf(style);
      this.#type.set(text, x, this.#y - style.sizePt * 0.28, style);
    }
  }

  /** True where the page had to be turned. */
  #need(height: number): boolean {
    if (this.#y + height <= page.height - page.bottom) return false;
    this.#newPage(true);
    return true;
  }

  #newPage(withHead: boolean): void {
    this.#document.addPage({ size: 'A4', layout: 'landscape', margin: 0 });
    this.#pages += 1;
    this.#running();
    this.#y = page.top;
    if (withHead) this.#tableHead();
  }

  /** Head and foot of each page. */
  #running(): void {
    const { plant, exportedAt, record } = this.#cover;
    const style: TextStyle = { weight: 'regular', sizePt: 7, grey: soft };
    const set = (text: string, x: number, y: number): void => this.#type.set(text, x, y, style);
    set(`${plant.name}  ·  Audit trail`, page.left, 30);
    const number = `Page ${this.#pages} `;
    const width = this.#type.widthOf(number, style);
    // Room for "of 99999".
    const right = page.width - page.right - width - 30;
    const foot = page.height - 22;
    set(
      `Exported ${inPlant(exportedAt, plant.timeZone)} (${exportedAt})${record === null ? '' : `, on record as no. ${record}`}`,
      page.left,
      foot,
    );
    set(number, right, foot);
    this.#inside.page.xobjects.Total = this.#total;
    this.#inside.addContent(`q 1 0 0 1 ${(right + width).toFixed(2)} ${foot.toFixed(2)} cm /Total Do Q`);
  }

  #tableHead(): void {
    this.#need(40);
    this.#document.rect(page.left, this.#y, inner, 15).fill('#e5e8ea');
    let x: number = page.left;
    for (const { label, width } of columns) {
      this.#type.set(label, x + (x === page.left ? 3 : 0), this.#y + 10.5, { ...strong, sizePt: 7.2 });
      x += width;
    }
    this.#y += 16;
  }

  #rule(grey: number): void {
    const part = Math.round(grey * 255);
    this.#document
      .moveTo(page.left, this.#y)
      .lineTo(page.width - page.right, this.#y)
      .lineWidth(0.5)
      .strokeColor([part, part, part])
      .stroke();
  }
}

function heightOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { style }) => sum + lineOf(style), 0);
}
