// What the gateway's thread and the one that writes an export (AUD-6) say to each other, and the end of the latter's connection.
// Used by worker-export.ts and postgres-export-worker.ts.
import { newClient } from '../database/connection.ts';
import type { ExportRequest } from './postgres-export.ts';

export type ExportTask = { readonly databaseUrl: string; readonly request: ExportRequest };

export type FromExport =
  /** `backend`: the process id that the database's server gave the connection. */
  | { readonly kind: 'connected'; readonly backend: number }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer>; readonly written: number }
  | { readonly kind: 'done'; readonly written: number }
  | { readonly kind: 'fault'; readonly message: string };

/** Name of the connection in the server's list of those that are open. */
export const exportConnection = 'countersign export';

/** For a server to end a connection of ours; it notices by itself where it cannot be reached now. */
const endPatienceMs = 10_000;

/** A server that is busy for a connection notices late that nobody is at its other end. Resolves when the connection is gone. */
export async function endConnection(databaseUrl: string, backend: number): Promise<void> {
  const client = newClient(databaseUrl, { applicationName: 'countersign', statementTimeoutMs: endPatienceMs });
  try {
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid, $3) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 AND usename = current_user',
      [backend, exportConnection, endPatienceMs / 2],
    );
  } catch {
    // The database is away, or has no connection left to give: the worker's own connection checks for its other end.
  } finally {
    await client.end().catch(() => {});
  }
}
