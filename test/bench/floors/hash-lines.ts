// Floor: SHA-256 over the same bytes. Every line of the file that is a record, hashed by itself, and nothing else: no tree,
// no JSON, no signature.
import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { bundleLines, isRecordLine } from '../../../gateway/audit/bundle-file.ts';

/** How many were hashed. */
export async function hashLines(file: string): Promise<number> {
  let records = 0;
  for await (const lines of bundleLines(createReadStream(file))) {
    for (const line of lines) {
      if (line === null || !isRecordLine(line)) continue;
      hash('sha256', line, 'buffer');
      records += 1;
    }
  }
  return records;
}
