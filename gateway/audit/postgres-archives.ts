// The gateway's part in archiving (AUD-7): orders, their bundles as files, how they ended. Used by assembly/archives.ts over
// the gateway's own role, which can order and write, and remove nothing.
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ArchiveView } from '../contract/archive.ts';
import type { StateChange } from '../identity/ports.ts';
import { writeBundle } from './postgres-bundle.ts';
import { rowsOfRange } from './postgres-bundle-selection.ts';
import { postgresChange, type RunQuery } from './postgres-change.ts';

type Row = {
  readonly ordered: number;
  readonly first: number;
  readonly through: number;
  readonly file: string | null;
  readonly sha256: string | null;
  readonly removed: number | null;
  readonly trouble: string | null;
  readonly ended: boolean;
};

/** Newest first. */
export async function readArchives(run: RunQuery): Promise<readonly ArchiveView[]> {
  const found = await run(
    `SELECT o.ordered, o.first, o.through, f.file, f.sha256, e.removed, e.trouble, e.ordered IS NOT NULL AS ended
     FROM archive_order o LEFT JOIN archive_file f USING (ordered) LEFT JOIN archive_end e USING (ordered)
     ORDER BY o.ordered DESC`,
  );
  return (found.rows as readonly Row[]).map(({ ended, ...row }) => ({ ...row, state: stateOf(ended, row) }));
}

function stateOf(ended: boolean, row: Pick<Row, 'file' | 'trouble'>): ArchiveView['state'] {
  if (ended) return row.trouble === null ? 'removed' : 'failed';
  return row.file === null ? 'ordered' : 'written';
}

/** Commits with the order's record, whose number names the archive. */
export function orderChange(range: { readonly first: number; readonly through: number }): StateChange {
  return postgresChange(async (run, { seq }) => {
    await run('INSERT INTO archive_order (ordered, first, through) VALUES ($1, $2, $3)', [
      seq,
      range.first,
      range.through,
    ]);
  });
}

export type WrittenBundle = { readonly file: string; readonly sha256: string; readonly bytes: number };

/** Commits with the record that says so. */
export function writtenChange(ordered: number, bundle: WrittenBundle): StateChange {
  return postgresChange(async (run, { seq }) => {
    await run('INSERT INTO archive_file (ordered, written, file, sha256) VALUES ($1, $2, $3, $4)', [
      ordered,
      seq,
      bundle.file,
      bundle.sha256,
    ]);
  });
}

/** Durable under its name when it resolves. A file of a run that was interrupted is written anew. */
export async function writeArchive(
  run: RunQuery,
  folder: string,
  archive: { readonly ordered: number; readonly first: number; readonly through: number },
  madeAt: string,
): Promise<WrittenBundle> {
  const { ordered, first, through } = archive;
  const file = `records-${first}-${through}-order-${ordered}.bundle`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const half = path.join(folder, `${file}.half`);
  await rm(half, { force: true });
  const handle = await open(half, 'wx', 0o600);
  const digest = createHash('sha256');
  let bytes = 0;
  try {
    const selection = { asked: { first, through }, rows: rowsOfRange(run, first, through + 1) };
    for await (const piece of writeBundle(run, { selection, madeAt })) {
      digest.update(piece);
      bytes += piece.length;
      await handle.write(piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(half, path.join(folder, file));
  const parent = await open(folder, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
  return { file, sha256: digest.digest('hex'), bytes };
}

/** Orders whose end has no record yet. */
export async function unrecordedEnds(run: RunQuery): Promise<readonly ArchiveView[]> {
  const archives = await readArchives(run);
  const ended = archives.filter(({ state }) => state === 'removed' || state === 'failed');
  const found = await run(
    `SELECT (convert_from(body, 'UTF8')::jsonb #>> '{detail,ordered}')::bigint AS ordered FROM log_record
     WHERE kind IN ('archive.dropped', 'archive.failed')`,
  );
  const known = new Set((found.rows as readonly { readonly ordered: number | null }[]).map(({ ordered }) => ordered));
  return ended.filter(({ ordered }) => !known.has(ordered)).toReversed();
}
