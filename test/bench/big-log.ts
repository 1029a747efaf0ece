// A log of as many records as are asked for, in a database of its own, made once a run and shared by the cases that read
// it (prove, audit-page). Written by COPY, as no gateway does; what is read afterwards is what a gateway would have written.
import { once } from 'node:events';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { makePartitionsAhead } from '../../gateway/database/partitions.ts';
import { connectAsOwner } from '../../gateway/database/prepare.ts';
import { type MadeRow, madeRecords, newSigner } from './made-log.ts';
import { type Scratch, scratchDatabase } from './scratch.ts';

export type BigLog = { readonly gatewayUrl: string; readonly records: number };

/** Rows of one COPY: divides a partition's million. */
const rowsACopy = 250_000;
const bytesAWrite = 1 << 20;
const columns = 'seq, time, kind, actor, subject, terminal, command, projection, hashes, body, checkpoint';

/** Takes about a minute per million records. */
export async function makeBigLog(scratch: Scratch, records: number, progress: (line: string) => void): Promise<BigLog> {
  const { ownerUrl, gatewayUrl } = await scratchDatabase(scratch);
  const client = await connectAsOwner(ownerUrl);
  try {
    await client.query('SET synchronous_commit = off');
    const rows = madeRecords(records, newSigner('bench.example/log'));
    for (let done = 0; done < records; done += rowsACopy) {
      await makePartitionsAhead(client);
      await copyRows(client, rows, Math.min(rowsACopy, records - done));
      progress(
        `${Math.min(done + rowsACopy, records).toLocaleString('en')} of ${records.toLocaleString('en')} records`,
      );
    }
    // What autovacuum does in the time that such a log takes to grow.
    await client.query('VACUUM ANALYZE log_record');
  } finally {
    await client.end();
  }
  return { gatewayUrl, records };
}

async function copyRows(client: pg.Client, rows: Iterator<MadeRow>, count: number): Promise<void> {
  const copy = client.query(copyFrom(`COPY log_record (${columns}) FROM STDIN`));
  const done = once(copy, 'finish');
  let text = '';
  for (let made = 0; made < count; made++) {
    const next = rows.next();
    if (next.done === true) break;
    text += lineOf(next.value);
    if (text.length < bytesAWrite) continue;
    if (!copy.write(text)) await once(copy, 'drain');
    text = '';
  }
  copy.end(text);
  await done;
}

/** COPY's text format: tabs between, \N for null; of our columns only a checkpoint holds anything to escape. */
function lineOf({ columns: row, bytes, hashes, note }: MadeRow): string {
  const fields = [row.seq, row.time, row.kind, row.actor, row.subject, row.terminal, row.command, row.projection];
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  const all = [...fields, `\\\\x${hashes.toString('hex')}`, `\\\\x${body}`, note?.replaceAll('\n', '\\n')];
  return `${all.map((field) => field ?? '\\N').join('\t')}\n`;
}
