// Reads the tables beside the log for verify-beside.ts (AUD-4): after the log itself was found good, over the same connection.
// Used by `countersign audit verify`, the background check and a restore. Reads only; its memory is one page of cosignatures.
import { type AppliedMigration, migrationTroubles } from '../database/migrate.ts';
import type { RunQuery } from './postgres-change.ts';
import type {
  ArchiveEndRow,
  ArchiveFileRow,
  ArchiveOrderRow,
  BesideWalk,
  CosignatureRow,
  CursorRow,
  InstallationRow,
  OriginRow,
} from './verify-beside.ts';

const cosignaturesAtOnce = 1_000;
/** Beyond, no more are named: one is enough to look into it. */
const mostNamed = 20;

/** Each trouble in one line; empty where rows and records agree. */
export async function besideTroubles(run: RunQuery, walk: BesideWalk): Promise<readonly string[]> {
  const rows = async <Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
    (await run(text, values)).rows as readonly Row[];
  const cursors = await rows<CursorRow>('SELECT receiver, seq FROM forward_cursor ORDER BY receiver');
  const orders = await rows<ArchiveOrderRow>('SELECT ordered, first, through FROM archive_order ORDER BY ordered');
  const ends = await rows<ArchiveEndRow>('SELECT ordered, removed, trouble FROM archive_end ORDER BY ordered');
  const files = await rows<ArchiveFileRow>('SELECT ordered, written, file, sha256 FROM archive_file ORDER BY ordered');
  // Last of these: whatever the rows tell of stands in the log by then.
  const [{ size } = { size: 0 }] = await rows<{ readonly size: number }>(
    'SELECT coalesce(max(seq) + 1, 0) AS size FROM log_record',
  );
  const troubles = [
    ...walk.origins(
      await rows<InstallationRow>('SELECT only_row, mode, origin FROM installation'),
      await rows<OriginRow>('SELECT since, origin FROM later_origin'),
    ),
    ...walk.archives(orders, files, ends, size),
    ...walk.cursors(cursors, size),
    ...(await migrationTroubles(await rows<AppliedMigration>('SELECT version, name, md5 FROM schema_version'))),
  ];
  let after: { readonly size: number; readonly witness: string } = { size: 0, witness: '' };
  for (;;) {
    const page = await rows<CosignatureRow & { readonly archived: boolean; readonly newest: number }>(
      `SELECT c.size, c.witness, c.line, r.checkpoint AS note, a.seq IS NOT NULL AS archived,
         (SELECT max(seq) + 1 FROM log_record) AS newest
       FROM cosignature c LEFT JOIN log_record r ON r.seq = c.size - 1 LEFT JOIN archived_record a ON a.seq = c.size - 1
       WHERE (c.size, c.witness) > ($1, $2) ORDER BY c.size, c.witness LIMIT ${cosignaturesAtOnce}`,
      [after.size, after.witness],
    );
    for (const { archived, newest, ...row } of page) {
      // The checkpoint went with its record: nobody here can tell any more.
      const why = archived ? null : walk.cosignature(row, newest);
      if (why !== null) troubles.push(why);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < cosignaturesAtOnce || troubles.length > mostNamed) break;
    after = last;
  }
  return troubles.length > mostNamed ? [...troubles.slice(0, mostNamed), 'and more'] : troubles;
}
