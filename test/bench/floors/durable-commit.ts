// Floor: one durable one-row commit, and one flush of a small file. What any log must do before it answers, and no more:
// a prepared single-row INSERT of a record's size in a bare table, its own transaction, synchronous_commit on; then 300
// bytes written over the same place of a file that is open with O_DSYNC, so that one call writes and flushes.
import { randomBytes } from 'node:crypto';
import { constants, write } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

const recordBytes = 600;
const noteBytes = 300;

export type DurableCommit = {
  /** Resolves when row and file are on disk. */
  readonly commit: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openDurableCommit(ownerUrl: string, folder: string): Promise<DurableCommit> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query('CREATE SCHEMA IF NOT EXISTS bench_floor');
  await client.query('CREATE TABLE IF NOT EXISTS bench_floor.row (seq bigint PRIMARY KEY, bytes bytea NOT NULL)');
  const setting = await client.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
  if (setting.rows[0]?.synchronous_commit !== 'on') throw new Error('the floor is durable, and this server is not');
  const found = await client.query<{ next: string }>('SELECT coalesce(max(seq) + 1, 0) AS next FROM bench_floor.row');
  let seq = Number(found.rows[0]?.next ?? 0);
  const { O_CREAT, O_DSYNC, O_WRONLY } = constants;
  const file = await open(join(folder, `floor-${process.pid}-${seq}`), O_CREAT | O_WRONLY | O_DSYNC, 0o600);
  const bytes = randomBytes(recordBytes);
  const note = randomBytes(noteBytes);
  return {
    commit: async () => {
      await client.query({
        name: 'floor',
        text: 'INSERT INTO bench_floor.row (seq, bytes) VALUES ($1, $2)',
        values: [seq++, bytes],
      });
      await new Promise<void>((resolve, reject) => {
        write(file.fd, note, 0, noteBytes, 0, (fault) => (fault === null ? resolve() : reject(fault)));
      });
    },
    close: async () => {
      await file.close();
      await client.end();
    },
  };
}
