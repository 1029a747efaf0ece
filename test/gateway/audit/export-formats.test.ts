// The formats that people read, without a database (AUD-6): what a hostile text cannot do, how they divide, and that the PDF's type
// keeps every character.
import { constants, inflateSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import PDFDocument from 'pdfkit';
import { describe, expect, it } from 'vitest';
import type { ExportCover } from '../../../gateway/audit/export-cover.ts';
import { asHtml } from '../../../gateway/audit/export-html.ts';
import { asXlsx } from '../../../gateway/audit/export-xlsx.ts';
import { asPdf } from '../../../gateway/audit/pdfkit-export.ts';
import { Typesetter } from '../../../gateway/audit/pdfkit-text.ts';
import { formatTime, makeRecord } from '../../../gateway/audit/record.ts';
import { type AuditRecord, auditRecordSchema } from '../../../gateway/contract/audit-record.ts';
import { sampleDraft } from './sample-drafts.ts';

const cover: ExportCover = {
  plant: { name: 'Plant <1>', timeZone: 'Europe/Berlin' },
  filter: { text: '<script>' },
  count: 3,
  upTo: 2,
  exportedAt: '2026-01-31T08:00:00.000000Z',
  exportedBy: { id: 'qa', name: 'qa', printedName: 'Quentin Abreu' },
  terminal: 'Office',
  record: 3,
  checkpoint: null,
  version: '0',
};

async function* records(count: number, comment: string) {
  for (let seq = 0; seq < count; seq++) {
    const draft = sampleDraft('BR101.TIC.SP', { reason: { code: null, comment } });
    const timeUs = Date.UTC(2026, 0, 31, 7) * 1000 + seq;
    const place = { seq, timeUs, salt: 'A'.repeat(22), chain: { commit: 0, standing: null }, clockBehindUs: 0 };
    const { bytes } = makeRecord(draft, place);
    const record: AuditRecord = auditRecordSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    expect(record.time).toBe(formatTime(timeUs));
    yield { record, body: bytes };
  }
}

async function bytesOf(chunks: AsyncIterable<string | Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

/** A content stream's text; empty for what is no deflated stream. */
function inflated(bytes: Buffer): string {
  try {
    return inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
  } catch {
    return '';
  }
}

describe('formats for people', () => {
  it('AUD-6: a text in XLSX is a text, never a formula, and a control character is kept as Excel writes it', async () => {
    const file = unzipSync(await bytesOf(asXlsx(records(3, '=cmd|x\u0007 <b> _x0041_'), cover)));
    const sheet = strFromU8(file['xl/worksheets/sheet2.xml'] ?? new Uint8Array());
    expect(sheet).toContain('t="inlineStr"><is><t xml:space="preserve">=cmd|x_x0007_ &lt;b&gt; _x005F_x0041_</t>');
    expect(sheet).not.toContain('<f>');
  });

  it('AUD-6: XLSX goes on in another sheet where one is full, with its headings again', async () => {
    const file = unzipSync(await bytesOf(asXlsx(records(5, 'x'), cover, { rowsPerSheet: 2 })));
    const rows = Object.entries(file)
      .filter(([name]) => /sheet[2-9]\.xml$/.test(name))
      .map(([, bytes]) => strFromU8(bytes).match(/<row /g)?.length);
    expect(rows).toEqual([3, 3, 2]);
    expect(strFromU8(file['xl/workbook.xml'] ?? new Uint8Array())).toContain('name="Records 3"');
  });

  it('AUD-6: HTML runs nothing, obeys no turned direction of writing, and counts what it holds', async () => {
    const html = (await bytesOf(asHtml(records(2, '<img src=x onerror=alert(1)> \u202Etxt'), cover))).toString('utf8');
    expect(html).not.toMatch(/<img|<script/);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; [U+202E]txt');
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('End of the export: 2 records');
  });

  it('AUD-6: a PDF has as many pages as it takes, each with the one drawing of their number', async () => {
    const pdf = (await bytesOf(asPdf(records(60, 'culture grows slowly'), cover))).toString('latin1');
    const pages = Number(/\/Type \/Pages\n\/Count (\d+)/.exec(pdf)?.[1] ?? /\/Count (\d+)/.exec(pdf)?.[1]);
    expect(pages).toBeGreaterThan(2);
    expect(pdf.match(/\/Total \d+ 0 R/g)).toHaveLength(pages);
  });

  it('AUD-6: a record higher than a page goes on on the next one: nothing of it stands beyond the paper', async () => {
    const rows = Array.from({ length: 150 }, (_, at) => `line ${at}`);
    const pdf = await bytesOf(asPdf(records(2, rows.join('\n')), cover));
    const baselines: number[][] = [];
    for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 1)) {
      const content = inflated(pdf.subarray(at + 'stream\n'.length));
      const set = [...content.matchAll(/1 0 0 -1 ([\d.]+) ([\d.]+) Tm/g)];
      // The reason has the column furthest to the right.
      baselines.push(set.filter(([, x]) => Number(x) > 670).map(([, , y]) => Number(y)));
      // A4 across, less the lower margin; the foot stands in it by itself.
      expect(set.filter(([, , y]) => Number(y) > 595.28 - 40 && Number(y) !== 573.28)).toEqual([]);
    }
    // Of each record every line, besides the column's heading and the page's number on each page.
    const pages = baselines.filter(({ length }) => length > 0);
    expect(pages.length).toBeGreaterThan(4);
    expect(pages.flat().length).toBeGreaterThanOrEqual(2 * rows.length);
  });

  it('AUD-6: lines of the PDF fit and keep every character, in any script; what no font has is shown by its number', () => {
    const document = new PDFDocument({ fontLayoutCache: false });
    const type = new Typesetter(document);
    const style = { weight: 'regular', sizePt: 8, grey: 0 } as const;
    const text = `Ἀλέξανδρος Παπαδόπουλος, Мария, 王小明 김철수 あおい, محمد بن علي, דוד, राम ${'x'.repeat(900)} end`;
    const lines = type.linesOf(text, 120, style);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    for (const line of lines) {
      expect(type.widthOf(line, style)).toBeLessThanOrEqual(120.01);
      type.set(line, 10, 10, style);
    }
    const known = type.widthOf('[U+0E01]', style);
    expect(type.widthOf('\u0E01', style)).toBeCloseTo(known, 5);
    expect(type.widthOf('\u202E', style)).toBeCloseTo(type.widthOf('[U+202E]', style), 5);
    document.end();
  });
});
