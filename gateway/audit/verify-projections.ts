// Holds the tables of accounts and terminals against the log's own word (IDN-1): a row that was planted, altered, rolled
// back or removed is named. Pure; used by `countersign audit verify` after the log itself was found good.
import { hash } from 'node:crypto';
import type { StandingRecords } from './standing.ts';

/** `document` is the row's canonical JSON text; `seq` the record it claims to stand on. */
export type ProjectedRow = { readonly subject: string; readonly document: string; readonly seq: number };

/** Each trouble in one line, in the order of the rows; empty where tables and log agree. */
export function projectionTroubles(rows: readonly ProjectedRow[], standing: StandingRecords): readonly string[] {
  const troubles: string[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    seen.add(row.subject);
    const word = standing.lookUp(row.subject);
    const digest = hash('sha256', Buffer.from(row.document), 'base64url');
    if (word === undefined) troubles.push(`the row ${row.subject} was planted: no record knows it`);
    else if (word.digest !== digest)
      troubles.push(`the row ${row.subject} was altered: it is not the one of record ${word.seq}`);
    else if (word.seq !== row.seq)
      troubles.push(`the row ${row.subject} names record ${row.seq}, the log says ${word.seq}`);
  }
  for (const subject of standing.subjects) {
    if (!seen.has(subject)) troubles.push(`the row ${subject} of record ${standing.lookUp(subject)?.seq} was removed`);
  }
  return troubles;
}
