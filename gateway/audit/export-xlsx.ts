// The audit trail as an Excel workbook (AUD-6): a sheet that says what it is, and sheets of records with the columns of
// export-columns.ts. Written as it is read, with bounded memory. Only the parts of ECMA-376 that a table needs; text is inline,
// so nothing has to be collected until the end, and a text is never a formula. Used through export-formats.ts.
import { strToU8, Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { type Cell, type ExportedRecord, exportColumns, inChunks, readForExport } from './export-columns.ts';
import { coverFacts, type ExportCover } from './export-cover.ts';

/** Excel takes 1,048,576 rows a sheet; fewer keep each part of the file well below the 4 GiB that a zip without extensions holds. */
const rowsPerSheet = 500_000;
/** Excel's bound for the text of a cell; the rest is in the other formats, and the cell says so. */
const longestCell = 32_767;
const cutNote = ' … cut here: Excel holds 32,767 characters a cell. JSON Lines has all of it.';
const compression = 5;
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';
/** Characters: the numbers, times and names are read at a glance, evidence is narrow. */
const widths = [
  9, 27, 28, 24, 26, 8, 22, 12, 12, 7, 14, 14, 22, 18, 16, 14, 14, 20, 16, 36, 14, 28, 24, 16, 16, 40, 20,
];

export async function* asXlsx(
  records: AsyncIterable<ExportedRecord>,
  cover: ExportCover,
  limits = { rowsPerSheet },
): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  const zip = new Zip((fault, chunk) => {
    if (fault !== null) throw fault;
    out.push(chunk);
  });
  function* flush(): Generator<Uint8Array> {
    yield* out.splice(0);
  }
  const part = (name: string): ZipDeflate => {
    const file = new ZipDeflate(name, { level: compression });
    zip.add(file);
    return file;
  };
  const whole = (name: string, text: string): void => {
    const file = new ZipPassThrough(name);
    zip.add(file);
    file.push(strToU8(text), true);
  };

  whole('xl/worksheets/sheet1.xml', aboutSheet(cover));
  yield* flush();
  let sheets = 1;
  let sheet: ZipDeflate | null = null;
  let row = 0;
  const open = (): ZipDeflate => {
    sheets += 1;
    row = 1;
    const file = part(`xl/worksheets/sheet${sheets}.xml`);
    file.push(strToU8(sheetHead()));
    return file;
  };
  const close = (file: ZipDeflate): void => file.push(strToU8(sheetEnd(row)), true);
  for await (const chunk of inChunks(records)) {
    sheet ??= open();
    let text = '';
    for (const exported of chunk) {
      if (row > limits.rowsPerSheet) {
        sheet.push(strToU8(text));
        text = '';
        close(sheet);
        sheet = open();
      }
      row += 1;
      const read = readForExport(exported, cover.plant.words);
      text += rowText(
        row,
        exportColumns.map(({ value }) => value(read, cover.plant.timeZone)),
      );
    }
    sheet.push(strToU8(text));
    yield* flush();
  }
  sheet ??= open();
  close(sheet);
  whole('xl/workbook.xml', workbook(sheets));
  whole('xl/_rels/workbook.xml.rels', workbookRelations(sheets));
  whole('xl/styles.xml', styles);
  whole('_rels/.rels', packageRoot);
  whole('[Content_Types].xml', contentTypes(sheets));
  zip.end();
  yield* flush();
}

function sheetHead(): string {
  const columns = widths.map((width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`);
  return `${head}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${columns.join('')}</cols><sheetData>${rowText(
    1,
    exportColumns.map(({ name }) => name),
    1,
  )}`;
}

function sheetEnd(rows: number): string {
  return `</sheetData><autoFilter ref="A1:${columnName(exportColumns.length - 1)}${rows}"/></worksheet>`;
}

function aboutSheet(cover: ExportCover): string {
  const facts = [
    ...coverFacts(cover),
    ...(cover.checkpoint === null ? [] : [['Checkpoint', cover.checkpoint] as const]),
  ];
  const rows = [rowText(1, ['Audit trail'], 1), ...facts.map((fact, at) => rowText(at + 3, fact, 2))];
  return `${head}<worksheet xmlns="${main}"><cols><col min="1" max="1" width="20" customWidth="1"/><col min="2" max="2" width="110" customWidth="1"/></cols><sheetData>${rows.join('')}</sheetData></worksheet>`;
}

function rowText(row: number, cells: readonly Cell[], style = 0): string {
  const parts = cells.map((value, at) => cellText(`${columnName(at)}${row}`, value, style));
  return `<row r="${row}">${parts.join('')}</row>`;
}

function cellText(place: string, value: Cell, style: number): string {
  if (value === null || value === undefined || value === '') return '';
  const styled = style === 0 ? '' : ` s="${style}"`;
  if (typeof value === 'number') return `<c r="${place}"${styled}><v>${value}</v></c>`;
  return `<c r="${place}"${styled} t="inlineStr"><is><t xml:space="preserve">${xmlText(value)}</t></is></c>`;
}

/** What XML cannot hold is written as Excel does it, `_x0007_`; a text that looks so already is kept apart from it. */
function xmlText(text: string): string {
  const short =
    text.length > longestCell ? `${text.slice(0, longestCell - cutNote.length).toWellFormed()}${cutNote}` : text;
  return short
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, (character) =>
      character === '\n' || character === '\t'
        ? character
        : `_x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}_`,
    );
}

/** A, …, Z, AA, … */
function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}

function sheetName(number: number): string {
  if (number === 1) return 'About';
  return number === 2 ? 'Records' : `Records ${number - 1}`;
}

function numbersTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function workbook(sheets: number): string {
  const named = numbersTo(sheets).map(
    (number) => `<sheet name="${sheetName(number)}" sheetId="${number}" r:id="rId${number}"/>`,
  );
  return `${head}<workbook xmlns="${main}" xmlns:r="${relations}"><bookViews><workbookView activeTab="1"/></bookViews><sheets>${named.join('')}</sheets></workbook>`;
}

function workbookRelations(sheets: number): string {
  const all = numbersTo(sheets).map(
    (number) =>
      `<Relationship Id="rId${number}" Type="${relations}/worksheet" Target="worksheets/sheet${number}.xml"/>`,
  );
  return `${head}<Relationships xmlns="${packageRelations}">${all.join('')}<Relationship Id="rId${sheets + 1}" Type="${relations}/styles" Target="styles.xml"/></Relationships>`;
}

const packageRoot = `${head}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

function contentTypes(sheets: number): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const all = numbersTo(sheets).map(
    (number) => `<Override PartName="/xl/worksheets/sheet${number}.xml" ContentType="${type}.worksheet+xml"/>`,
  );
  return `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/>${all.join('')}</Types>`;
}

/** 0 plain, 1 bold on grey, 2 wrapped. */
const styles = `${head}<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE5E8EA"/></patternFill></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1" fillId="2" applyFill="1"/><xf xfId="0" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
