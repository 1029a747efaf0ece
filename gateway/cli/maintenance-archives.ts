// The maintenance process's part in archiving (AUD-7): it alone may take records out of the log. Looks for bundles that the
// gateway has written to order, checks each with the log's pinned key, removes its range, and notes how it ended.
import { join } from 'node:path';
import type pg from 'pg';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import {
  archiveTrouble,
  removeArchived,
  type WaitingArchive,
  waitingArchives,
} from '../audit/postgres-archive-removal.ts';

/** Those that wait, one after the other. `folder`: null for that of the data folder. */
export async function settleArchives(
  owner: pg.Client,
  dataFolder: string,
  folder = join(dataFolder, 'archives'),
): Promise<void> {
  for (const archive of await waitingArchives(owner)) {
    const trouble = await troubleOf(owner, archive, folder, dataFolder);
    const removed = trouble === null ? await removeArchived(owner, archive) : 0;
    await owner.query('INSERT INTO archive_end (ordered, removed, trouble) VALUES ($1, $2, $3)', [
      archive.ordered,
      removed,
      trouble,
    ]);
  }
}

async function troubleOf(
  owner: pg.Client,
  archive: WaitingArchive,
  folder: string,
  dataFolder: string,
): Promise<string | null> {
  const verifier = await readPinnedKey(vkeyFile(dataFolder));
  return verifier === null
    ? `no pinned key of the log is at hand (${vkeyFile(dataFolder)}), so the bundle cannot be checked`
    : archiveTrouble(owner, archive, folder, verifier);
}
