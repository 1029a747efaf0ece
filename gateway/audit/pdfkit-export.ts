// The audit trail as a PDF that one hands to an inspector (AUD-6, SIG-8): what it is on the first page, a row a record with
// its signature's printed name, time, meaning and reason, and all that belongs to it in small print. Used through
// postgres-export.ts; the pages themselves are pdfkit-pages.ts's.
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
import { fitting, heightOf, inner, type Line, lineOf, Pages, page, styles } from './pdfkit-pages.ts';
import type { TextStyle } from './pdfkit-text.ts';

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
/** Where what belongs to a record stands below its row. */
const below = page.left + columns[0].width;
const factLeft = page.left + 110;
const factWidth = inner - 110;
/** Points that a row higher than a page begins with, at least. */
const leastOfTallRow = 80;

export async function* asPdf(records: AsyncIterable<ExportedRecord>, cover: ExportCover): AsyncGenerator<Uint8Array> {
  const trail = new Trail(cover);
  trail.begin();
  yield* trail.pages.finished();
  for await (const exported of records) {
    trail.record(readForExport(exported, cover.plant.words));
    yield* trail.pages.finished();
  }
  trail.close();
  yield* trail.pages.end();
}

class Trail {
  readonly #cover: ExportCover;
  readonly pages: Pages;
  #records = 0;

  constructor(cover: ExportCover) {
    this.#cover = cover;
    this.pages = new Pages(cover, columns);
  }

  begin(): void {
    const { pages } = this;
    pages.turn(false);
    pages.y += 8;
    pages.lines([{ text: 'Audit trail', style: styles.heading }], page.left);
    pages.y += 8;
    for (const [label, text] of coverFacts(this.#cover)) this.#fact(label, text);
    if (this.#cover.checkpoint !== null) {
      this.#fact(
        'Checkpoint',
        'The signed head of the log (C2SP tlog-checkpoint): each record’s digest can be proven against it.',
      );
      const lines = this.#cover.checkpoint.trimEnd().split('\n');
      for (const line of lines) this.#flowing(pages.wrapped(line, factWidth, styles.quiet), factLeft);
    }
    pages.y += 10;
    if (!pages.need(40)) pages.tableHead();
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
    const { body, quiet, strong } = styles;
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
    this.#row(
      cells.map((cell, at) =>
        cell.flatMap(([text, style]) =>
          text === '' ? [] : this.pages.wrapped(text, (columns[at]?.width ?? 0) - gap, style),
        ),
      ),
      record.seq,
    );
    this.#signature(read);
    this.#smallPrint(read);
    this.pages.y += 3;
  }

  close(): void {
    const { pages } = this;
    pages.need(24);
    pages.rule(0.3);
    pages.y += 8;
    const records = this.#records === 1 ? '1 record' : `${this.#records} records`;
    const sheets = pages.count === 1 ? '1 page' : `${pages.count} pages`;
    pages.lines([{ text: `End of the export: ${records} on ${sheets}.`, style: styles.strong }], page.left);
  }

  /** Kept together on a page; one that is higher than a page goes on on the next, each cell where it stopped. */
  #row(cells: readonly (readonly Line[])[], seq: number): void {
    const { pages } = this;
    const height = Math.max(...cells.map(heightOf));
    const whole = height + 8 + lineOf(styles.small) * 2;
    pages.need(whole <= pages.wholeRoom ? whole : leastOfTallRow);
    pages.rule(0.75);
    pages.y += 3;
    let rest = cells;
    for (;;) {
      const room = pages.room - 2;
      const taken = rest.map((lines) => fitting(lines, room));
      const from = pages.y;
      let x: number = page.left;
      for (const [at, lines] of rest.entries()) {
        pages.y = from;
        pages.lines(lines.slice(0, taken[at]), x);
        x += columns[at]?.width ?? 0;
      }
      pages.y = from + Math.min(room, Math.max(...rest.map(heightOf))) + 2;
      rest = rest.map((lines, at) => lines.slice(taken[at]));
      if (rest.every((lines) => lines.length === 0)) return;
      pages.turn();
      pages.goesOn(seq);
    }
  }

  /** §11.50(a): printed name, date and time, meaning; and the reason, beside a bar that nothing else has. */
  #signature(read: ReadRecord): void {
    const { pages } = this;
    const { record, statement } = read;
    if (statement === null || record.signature === undefined) return;
    const { timeZone } = this.#cover.plant;
    const time = statement.signedAt ?? record.time;
    const clock = statement.signedAt === undefined ? 'recorded' : 'by the terminal’s clock';
    const width = page.width - page.right - below - 12;
    const reason = reasonOf(record);
    const words = [
      `Signed by ${signerText(read) ?? ''}`,
      `on ${inPlant(time, timeZone)} (${time}, ${clock})`,
      ...(record.meaning === undefined ? [] : [`Meaning: ${meaningWords[record.meaning]}`]),
      ...(reason === '' ? [] : [`Reason: ${reason}`]),
    ].join('  ·  ');
    const assertion = asJson(record.signature.assertion);
    const lines = [
      ...pages.wrapped(words, width, styles.strong),
      ...pages.wrapped(`Signature: ${record.signature.jws}`, width, styles.evidence),
      ...(assertion === null ? [] : pages.wrapped(`With a passkey: ${assertion}`, width, styles.evidence)),
    ];
    for (const part of this.#parts(lines, 8, record.seq)) {
      const top = pages.y;
      const height = heightOf(part) + 5;
      pages.panel(below, height);
      pages.y = top + 2;
      pages.lines(part, below + 8);
      pages.y = top + height + 2;
    }
  }

  #smallPrint({ record, body: bytes }: ReadRecord): void {
    const text = furtherFacts(record, digestOf(bytes))
      .map(([label, fact]) => `${label}\u00a0${fact}`)
      .join('   ');
    const lines = this.pages.wrapped(text, page.width - page.right - below, styles.small);
    for (const part of this.#parts(lines, 2, record.seq)) this.pages.lines(part, below);
  }

  /** Lines in portions that fit on a page each; turns the page between them. `padding` is what goes around each, points. */
  *#parts(lines: readonly Line[], padding: number, seq: number): Generator<readonly Line[]> {
    let rest = lines;
    while (rest.length > 0) {
      const first = rest[0];
      if (first !== undefined && this.pages.need(lineOf(first.style) + padding)) this.pages.goesOn(seq);
      const taken = Math.max(1, fitting(rest, this.pages.room - padding));
      yield rest.slice(0, taken);
      rest = rest.slice(taken);
    }
  }

  #fact(label: string, text: string): void {
    const { pages } = this;
    const lines = pages.wrapped(text, factWidth, styles.fact);
    if (lineOf(styles.fact) > pages.room) pages.turn(false);
    const from = pages.y;
    pages.lines([{ text: label, style: styles.factLabel }], page.left);
    pages.y = from;
    this.#flowing(lines, factLeft);
    pages.y += 2;
  }

  /** Of the first page, on as many as it takes. */
  #flowing(lines: readonly Line[], x: number): void {
    for (const line of lines) {
      if (lineOf(line.style) > this.pages.room) this.pages.turn(false);
      this.pages.lines([line], x);
    }
  }
}
