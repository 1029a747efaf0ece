// Runs an export in a worker thread of its own (AUD-6): the file as chunks that the worker makes as fast as they are taken, and no
// faster. Ends the worker and its database connection, whatever they wait for, when the reader stops. Called by assembly/audit-routes.ts.
import { Worker } from 'node:worker_threads';
import type { ExportRequest } from './postgres-export.ts';
import { type ExportTask, endConnection, type FromExport } from './postgres-export-task.ts';

/** Chunks asked for ahead: bounds what lies between the worker and a slow reader, 64 KiB each. */
const chunksAhead = 8;
/** Of the worker's heap: a fault of ours ends the export, not the gateway. */
const mostHeapMb = 768;

type Arrived = Exclude<FromExport, { readonly kind: 'connected' }>;

/**
 * Throws an Error where the export cannot be finished; what was taken before is not the whole file. With `broken` it ends at
 * once, also while it waits for the database; when it has ended, thread and connection are gone.
 */
export async function* exportInWorker(
  databaseUrl: string,
  request: ExportRequest,
  onWritten: (records: number) => void,
  broken: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  broken.throwIfAborted();
  const task: ExportTask = { databaseUrl, request };
  const worker = new Worker(new URL('./postgres-export-worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: mostHeapMb },
  });
  const arrived: (Arrived | Error)[] = [];
  let wake: () => void = () => {};
  const arrive = (message: Arrived | Error): void => {
    arrived.push(message);
    wake();
  };
  let backend: number | null = null;
  worker.on('message', (message: FromExport) => {
    if (message.kind === 'connected') backend = message.backend;
    else arrive(message);
  });
  worker.on('error', arrive);
  worker.on('exit', (code) => arrive(new Error(`the export’s worker ended with code ${code}`)));
  const breakOff = (): void => arrive(new Error('the export was broken off'));
  broken.addEventListener('abort', breakOff);
  let done = false;
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
      if (message.kind === 'done') {
        done = true;
        return;
      }
      yield message.bytes;
      worker.postMessage('next');
    }
  } finally {
    broken.removeEventListener('abort', breakOff);
    await worker.terminate();
    if (!done && backend !== null) await endConnection(databaseUrl, backend);
  }
}
