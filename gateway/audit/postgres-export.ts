// One export of the audit trail, from the database to the bytes of the file (AUD-6): the same in the gateway's worker
// (postgres-export-worker.ts) and at the command line. Reads in steps; its memory does not grow with the log.
import type { ExportFormat } from '../contract/audit-filter.ts';
import type { Json } from '../contract/canonical.ts';
import type { ExportedRecord } from './export-columns.ts';
import type { ExportCover } from './export-cover.ts';
import { asHtml } from './export-html.ts';
import { asCsv, asJsonLines } from './export-tables.ts';
import { asXlsx } from './export-xlsx.ts';
import { asPdf } from './pdfkit-export.ts';
import { writeBundle } from './postgres-bundle.ts';
import { bundleSelection } from './postgres-bundle-selection.ts';
import type { RunQuery } from './postgres-change.ts';
import { type RecordFilter, streamRecords } from './postgres-records.ts';

/** `cover` says what was asked for in the asker's words; `filter` is the same for this database. Can be sent to a worker. */
export type ExportRequest = {
  readonly format: ExportFormat;
  readonly filter: RecordFilter;
  readonly cover: ExportCover;
};

/** Bytes handed on at once, at least: a call for each row would cost more than the row. */
const chunkBytes = 64 * 1024;

/** `onRecords` is told how many records have gone in so far; not for a bundle, which has records of its own choice. */
export async function* exportChunks(
  run: RunQuery,
  request: ExportRequest,
  onRecords: (written: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { cover, filter, format } = request;
  if (format === 'bundle') {
    const selection = bundleSelection(run, filter, { ...cover.filter } as Json);
    yield* joined(writeBundle(run, { selection, madeAt: cover.exportedAt }));
    return;
  }
  const records = counted(streamRecords(run, { ...filter, upTo: cover.upTo }), onRecords);
  yield* joined(written(format, records, cover));
}

function written(
  format: Exclude<ExportFormat, 'bundle'>,
  records: AsyncIterable<ExportedRecord>,
  cover: ExportCover,
): AsyncIterable<string | Uint8Array> {
  switch (format) {
    case 'csv':
      return asCsv(records, cover.plant.timeZone, cover.plant.words);
    case 'jsonl':
      return asJsonLines(records);
    case 'xlsx':
      return asXlsx(records, cover);
    case 'html':
      return asHtml(records, cover);
    case 'pdf':
      return asPdf(records, cover);
  }
}

async function* counted(
  records: AsyncIterable<ExportedRecord>,
  onRecords: (written: number) => void,
): AsyncGenerator<ExportedRecord> {
  let count = 0;
  for await (const record of records) {
    yield record;
    count += 1;
    onRecords(count);
  }
}

/** Each in memory of its own, so that it can be handed to another thread without a copy. */
async function* joined(parts: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const take = (): Uint8Array<ArrayBuffer> => {
    const chunk = new Uint8Array(bytes);
    let at = 0;
    for (const part of waiting) {
      chunk.set(part, at);
      at += part.length;
    }
    waiting = [];
    bytes = 0;
    return chunk;
  };
  for await (const part of parts) {
    const encoded = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    waiting.push(encoded);
    bytes += encoded.length;
    if (bytes >= chunkBytes) yield take();
  }
  if (bytes > 0) yield take();
}
