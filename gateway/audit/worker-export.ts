// Runs an export in a worker thread of its own (AUD-6): the file as chunks that the worker makes as fast as they are taken, and no
// faster. Ends the worker, and with it its database connection, when the reader stops. Called by assembly/audit-exports.ts.
import { Worker } from 'node:worker_threads';
import type { ExportRequest } from './postgres-export.ts';
import type { ExportTask, FromExport } from './postgres-export-worker.ts';

/** Chunks asked for ahead: bounds what lies between the worker and a slow reader, 64 KiB each. */
const chunksAhead = 8;
/** Of the worker's heap: a fault of ours ends the export, not the gateway. */
const mostHeapMb = 768;

/** Throws an Error where the export cannot be finished; what was taken before is not the whole file. */
export async function* exportInWorker(
  databaseUrl: string,
  request: ExportRequest,
  onWritten: (records: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const task: ExportTask = { databaseUrl, request };
  const worker = new Worker(new URL('./postgres-export-worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: mostHeapMb },
  });
  const arrived: (FromExport | Error)[] = [];
  let wake: () => void = () => {};
  const arrive = (message: FromExport | Error): void => {
    arrived.push(message);
    wake();
  };
  worker.on('message', arrive);
  worker.on('error', arrive);
  worker.on('exit', (code) => arrive(new Error(`the export’s worker ended with code ${code}`)));
  try {
    for (let asked = 0; asked < chunksAhead; asked++) worker.postMessage('next');
    for (;;) {
      const message = arrived.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (message instanceof Error) throw message;
      if (message.kind === 'fault') throw new Error(`the export failed: ${message.message}`);
      onWritten(message.written);
      if (message.kind === 'done') return;
      yield message.bytes;
      worker.postMessage('next');
    }
  } finally {
    await worker.terminate();
  }
}
