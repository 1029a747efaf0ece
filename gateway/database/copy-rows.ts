// Reads the rows of a binary COPY stream (PostgreSQL documentation, "COPY", "Binary Format"): to count what a backup
// writes, and to verify one without a database. Pure; called by cli/backup.ts and cli/restore-check.ts.

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerBytes = signature.length + 4 + 4;
/** Of one field: what PostgreSQL itself can hold. */
const longestField = 1024 * 1024 * 1024;

/** A field is null, or its bytes as the type's binary output gives them. */
export type CopyRow = readonly (Buffer | null)[];

/** Takes the stream in chunks of any size; keeps an unfinished row until the rest of it comes. */
export class CopyRows {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  #ended = false;

  /** The rows that this chunk completed. Throws RangeError where it is no such stream. */
  take(chunk: Buffer): readonly CopyRow[] {
    if (this.#ended && chunk.length > 0) throw new RangeError('bytes after the end of a COPY stream');
    if (chunk.length === 0) return [];
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const rows: CopyRow[] = [];
    let at = 0;
    if (!this.#begun) {
      if (bytes.length < headerBytes) return this.#keep(bytes, 0, rows);
      if (!bytes.subarray(0, signature.length).equals(signature)) throw new RangeError('not a binary COPY stream');
      const start = headerBytes + bytes.readUInt32BE(headerBytes - 4);
      if (bytes.length < start) return this.#keep(bytes, 0, rows);
      at = start;
      this.#begun = true;
    }
    for (;;) {
      const row = rowAt(bytes, at);
      if (row === 'more') return this.#keep(bytes, at, rows);
      if (row === 'end') {
        if (bytes.length !== at + 2) throw new RangeError('bytes after the end of a COPY stream');
        this.#ended = true;
        this.#rest = Buffer.alloc(0);
        return rows;
      }
      rows.push(row.fields);
      at = row.next;
    }
  }

  /** Whether the stream came to its end. */
  get ended(): boolean {
    return this.#ended;
  }

  #keep(bytes: Buffer, from: number, rows: readonly CopyRow[]): readonly CopyRow[] {
    this.#rest = bytes.subarray(from);
    return rows;
  }
}

function rowAt(bytes: Buffer, start: number): { readonly fields: CopyRow; readonly next: number } | 'more' | 'end' {
  if (bytes.length < start + 2) return 'more';
  const count = bytes.readInt16BE(start);
  if (count === -1) return 'end';
  if (count < 0) throw new RangeError('a row of a COPY stream with a negative number of fields');
  const fields: (Buffer | null)[] = [];
  let at = start + 2;
  for (let field = 0; field < count; field++) {
    if (bytes.length < at + 4) return 'more';
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === -1) {
      fields.push(null);
      continue;
    }
    if (length < 0 || length > longestField) throw new RangeError('a field of a COPY stream with an impossible length');
    if (bytes.length < at + length) return 'more';
    fields.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { fields, next: at };
}
