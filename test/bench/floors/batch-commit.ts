// Floor: many records durable at once. A prepared INSERT of a batch by unnest into a bare table, its own transaction,
// synchronous_commit on; then 300 bytes written over the same place of a file that is open with O_DSYNC.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

const recordBytes = 600;
const noteBytes = 300;

export type BatchCommit = {
  /** Resolves when the batch and the file are on disk. */
  readonly commit: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openBatchCommit(ownerUrl: string, folder: string, rows: number): Promise<BatchCommit> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query('CREATE SCHEMA IF NOT EXISTS bench_floor');
  await client.query('CREATE TABLE bench_floor.batch (seq bigint PRIMARY KEY, bytes bytea NOT NULL)');
  const { O_CREAT, O_DSYNC, O_WRONLY } = constants;
  const file = await open(join(folder, 'floor-batch'), O_CREAT | O_WRONLY | O_DSYNC, 0o600);
  const bytes = Array.from({ length: rows }, () => randomBytes(recordBytes));
  const note = randomBytes(noteBytes);
  let seq = 0;
  return {
    commit: async () => {
      const numbers = bytes.map(() => seq++);
      await client.query({
        name: 'floor-batch',
        text: 'INSERT INTO bench_floor.batch (seq, bytes) SELECT * FROM unnest($1::bigint[], $2::bytea[])',
        values: [numbers, bytes],
      });
      await file.write(note, 0, noteBytes, 0);
    },
    close: async () => {
      await file.close();
      await client.end();
    },
  };
}
