// The audit trail as plain files (AUD-6): CSV for reading in a spreadsheet, and JSON Lines whose lines are the canonical bytes
// that the log hashes. Pure streams with bounded memory; used through export-formats.ts.
import { stringify } from 'csv-stringify/sync';
import type { MessageWords } from '../contract/message-template.ts';
import { type ExportedRecord, exportColumns, inChunks, readForExport } from './export-columns.ts';

/**
 * RFC 4180 with a heading line, CRLF, UTF-8 with a byte order mark. A cell that a spreadsheet would run as a formula is
 * preceded by an apostrophe.
 */
export async function* asCsv(
  records: AsyncIterable<ExportedRecord>,
  timeZone: string,
  words?: MessageWords,
): AsyncGenerator<string> {
  yield `\uFEFF${lines([exportColumns.map(({ name }) => name)])}`;
  for await (const chunk of inChunks(records)) {
    yield lines(
      chunk.map((exported) => {
        const read = readForExport(exported, words);
        return exportColumns.map(({ value }) => value(read, timeZone) ?? '');
      }),
    );
  }
}

/** One record a line, each line the canonical bytes. */
export async function* asJsonLines(records: AsyncIterable<{ readonly body: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const chunk of inChunks(records)) {
    yield Buffer.concat(chunk.flatMap(({ body }) => [body, Buffer.from('\n')]));
  }
}

function lines(rows: readonly (readonly (string | number)[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { escape_formulas: true, record_delimiter: '\r\n' },
  );
}
