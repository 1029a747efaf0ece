// The thread that writes one export, so that the gateway's own is never held up by it (AUD-6). Started by worker-export.ts with
// the request; sends the file in chunks, each asked for before, and ends. Reads the database over a connection of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { newClient } from '../database/connection.ts';
import { exportChunks } from './postgres-export.ts';
import { type ExportTask, exportConnection, type FromExport } from './postgres-export-task.ts';
import { runOn } from './postgres-lock.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the body of a worker: worker-export.ts starts it');
const { databaseUrl, request } = workerData as ExportTask;

let wanted = 0;
let wake: () => void = () => {};
port.on('message', () => {
  wanted += 1;
  wake();
});

const send = (message: FromExport, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
const client = newClient(databaseUrl, { applicationName: exportConnection });
try {
  await client.connect();
  const connected = await client.query<{ backend: number }>('SELECT pg_backend_pid() AS backend');
  for (const { backend } of connected.rows) send({ kind: 'connected', backend });
  await client.query('SET default_transaction_read_only = on');
  // The server notices by itself that whoever asked is gone, and stops a long question; not every platform's can.
  await client.query('SET client_connection_check_interval = 2000').catch(() => {});
  let written = 0;
  const chunks = exportChunks(runOn(client), request, (count) => {
    written = count;
  });
  for await (const bytes of chunks) {
    while (wanted === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    wanted -= 1;
    send({ kind: 'chunk', bytes, written }, [bytes.buffer]);
  }
  send({ kind: 'done', written });
} catch (fault) {
  send({ kind: 'fault', message: fault instanceof Error ? fault.message : String(fault) });
} finally {
  await client.end();
  port.close();
}
