// Whether the database itself still holds the log append-only (AUD-4): triggers in force, and no right for the gateway's
// role beyond those of the migrations. Used by `countersign audit verify`; reads catalogs only, changes nothing.
import type { RunQuery } from './postgres-change.ts';

/** Tables of the schema that carry such triggers, with those that the migrations made for them. */
const protectedBy: { readonly [table: string]: readonly string[] } = {
  log_record: ['log_record_append_only', 'log_record_no_truncate'],
  archived_record: ['archived_record_append_only', 'archived_record_no_truncate'],
  cosignature: ['cosignature_append_only', 'cosignature_no_truncate'],
  later_origin: ['later_origin_no_change', 'later_origin_no_truncate'],
  projection: ['projection_no_delete', 'projection_no_rename', 'projection_no_truncate'],
  installation: ['installation_no_change', 'installation_no_truncate'],
  archive_order: ['archive_order_append_only', 'archive_order_no_truncate'],
  archive_file: ['archive_file_append_only', 'archive_file_no_truncate'],
  archive_end: ['archive_end_append_only', 'archive_end_no_truncate'],
};
/** Tables that the gateway's role may not even insert into: only the owner writes them. */
const ownersAlone = ['installation', 'later_origin', 'archived_record', 'archive_end'];

/** Each trouble in one line; empty where the database protects the log as the migrations left it. */
export async function protectionTroubles(run: RunQuery, gatewayRole: string): Promise<readonly string[]> {
  const troubles: string[] = [];
  for (const [table, triggers] of Object.entries(protectedBy)) {
    const found = await run(
      `SELECT wanted.name FROM unnest($2::text[]) AS wanted (name) WHERE NOT EXISTS (
         SELECT FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = wanted.name AND tgenabled IN ('O', 'A'))`,
      [table, triggers],
    );
    for (const { name } of found.rows as { name: string }[])
      troubles.push(`the trigger ${name} of ${table} is removed or switched off`);
  }
  // Partitions as well: a right on one of them passes the table by.
  const rights = await run(
    `SELECT t.oid::regclass::text AS name, p.privilege
     FROM (SELECT name::regclass AS oid FROM unnest($2::text[]) AS name
       UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = 'log_record'::regclass) AS t
     CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p (privilege)
     WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AND has_table_privilege($1, t.oid, p.privilege)
       AND NOT (p.privilege = 'INSERT' AND t.oid <> ALL ($3::text[]::regclass[]))
       AND NOT (p.privilege = 'UPDATE' AND t.oid = 'projection'::regclass)
     ORDER BY 1, 2`,
    [gatewayRole, Object.keys(protectedBy), ownersAlone],
  );
  for (const { name, privilege } of rights.rows as { name: string; privilege: string }[])
    troubles.push(`the role ${gatewayRole} was given the right ${privilege} on ${name}`);
  return troubles;
}
