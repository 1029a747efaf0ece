// A body that is made while it is read, and whose making ends at once when it is not read any more: the reader went away, or the
// stream was destroyed. Used by prepared-exports.ts and routes/audit-exports.ts.
import { Readable } from 'node:stream';

/**
 * Node asks a generator to stop behind what it waits for just then; `broken` tells it at once. `close` is emitted when it has
 * ended.
 */
export function breakableStream(make: (broken: AbortSignal) => AsyncIterable<Uint8Array>): Readable {
  const breaking = new AbortController();
  const stream = Readable.from(make(breaking.signal), { objectMode: false });
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, done) => {
    breaking.abort();
    destroy(error, done);
  };
  return stream;
}
