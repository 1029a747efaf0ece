// The last step of archiving (AUD-7), by the owner in the maintenance process: looks whether order, records and bundle
// belong together and the bundle proves itself, then moves the range's records out and leaves their hashes. Called by
// cli/maintenance-archives.ts; nothing is removed where anything differs.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { recordsOfBundle } from './bundle-file.ts';
import { type ParsedRecord, parseRecord } from './parsed-record.ts';
import { isCarried } from './postgres-retention.ts';
import type { NoteVerifier } from './signed-note.ts';
import { verifyBundle } from './verify-bundle.ts';

/** In one transaction: short ones, so that nobody waits for them. */
const rowsAtOnce = 2_000;

export type WaitingArchive = {
  readonly ordered: number;
  readonly first: number;
  readonly through: number;
  readonly written: number;
  readonly file: string;
  readonly sha256: string;
};

/** Orders whose bundle is written and that have not ended. */
export async function waitingArchives(client: pg.Client): Promise<readonly WaitingArchive[]> {
  const found = await client.query<WaitingArchive>(
    `SELECT o.ordered, o.first, o.through, f.written, f.file, f.sha256 FROM archive_order o
     JOIN archive_file f USING (ordered) LEFT JOIN archive_end e USING (ordered) WHERE e.ordered IS NULL ORDER BY o.ordered`,
  );
  return found.rows;
}

/** Why the range may not be removed; null where it may. `folder` is the archives' own. */
export async function archiveTrouble(
  client: pg.Client,
  archive: WaitingArchive,
  folder: string,
  verifier: NoteVerifier,
): Promise<string | null> {
  const range = { first: archive.first, through: archive.through };
  const ordered = await recordAt(client, archive.ordered);
  if (ordered?.kind !== 'archive.ordered' || ordered.signature === undefined || !says(ordered, range))
    return `record ${archive.ordered} is no signed order to archive this range`;
  const written = await recordAt(client, archive.written);
  const { file, sha256 } = archive;
  if (written?.kind !== 'archive.written' || !says(written, { ...range, file, sha256 }))
    return `record ${archive.written} does not say that this bundle was written`;
  if (path.basename(file) !== file) return `${file} is not the name of a file in the archives' folder`;
  const full = path.join(folder, file);
  const digest = await digestOf(full).catch((error: NodeJS.ErrnoException) => error);
  if (digest instanceof Error) return `the bundle ${full} cannot be read (${digest.message})`;
  if (digest !== sha256) return `the bundle ${full} is not the one that was written: its SHA-256 is ${digest}`;
  const verified = await verifyBundle(createReadStream(full), {
    log: verifier,
    witnesses: [],
    quorum: 0,
    known: null,
  });
  if (verified.bad !== null) return `the bundle ${full} is wrong at record ${verified.bad.seq}: ${verified.bad.why}`;
  if (!verified.vouched.byLog) return `the log's pinned key does not vouch for the bundle ${full}`;
  const held = await countIn(full, archive);
  const wanted = await client.query<{ count: number }>(
    'SELECT count(*) AS count FROM log_record WHERE seq BETWEEN $1 AND $2',
    [archive.first, archive.through],
  );
  const needed = wanted.rows[0]?.count ?? 0;
  // What was moved out already, by a removal that was interrupted, is in the bundle too.
  return held < needed ? `the bundle ${full} holds ${held} of the range's ${needed} records` : null;
}

/** Moves them out; interrupted, it is finished by being called again. Returns how many hashes of the range are left in place of records. */
export async function removeArchived(client: pg.Client, archive: WaitingArchive): Promise<number> {
  while ((await moveSome(client, archive)) === rowsAtOnce);
  const left = await client.query<{ count: number }>(
    'SELECT count(*) AS count FROM archived_record WHERE seq BETWEEN $1 AND $2',
    [archive.first, archive.through],
  );
  return left.rows[0]?.count ?? 0;
}

/** Both or neither: the trigger lets a record go only where its hashes stand already. */
async function moveSome(client: pg.Client, archive: WaitingArchive): Promise<number> {
  await client.query('BEGIN');
  try {
    const moved = await client.query<{ seq: number }>(
      `INSERT INTO archived_record (seq, hashes) SELECT seq, hashes FROM log_record
       WHERE seq BETWEEN $1 AND $2 AND NOT ${isCarried} ORDER BY seq LIMIT ${rowsAtOnce} RETURNING seq`,
      [archive.first, archive.through],
    );
    await client.query('DELETE FROM log_record WHERE seq = ANY($1::bigint[])', [moved.rows.map(({ seq }) => seq)]);
    await client.query('COMMIT');
    return moved.rows.length;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it.
    });
    throw error;
  }
}

async function recordAt(client: pg.Client, seq: number): Promise<ParsedRecord | null> {
  const found = await client.query<{ body: Buffer }>('SELECT body FROM log_record WHERE seq = $1', [seq]);
  const [row] = found.rows;
  const record = row === undefined ? 'missing' : parseRecord(row.body);
  return typeof record === 'string' ? null : record;
}

function says(record: ParsedRecord, wanted: { readonly [name: string]: unknown }): boolean {
  return Object.entries(wanted).every(([name, value]) => record.detail?.[name] === value);
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

async function countIn(file: string, range: { readonly first: number; readonly through: number }): Promise<number> {
  let count = 0;
  for await (const body of recordsOfBundle(createReadStream(file))) {
    const record = parseRecord(body);
    if (typeof record !== 'string' && record.seq >= range.first && record.seq <= range.through) count += 1;
  }
  return count;
}
