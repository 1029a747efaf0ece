// Whether the database itself still holds the log append-only (AUD-4): triggers in force that do what the migrations
// made them for, no rule, and no right for the gateway's role beyond those of the migrations. Used by `countersign audit verify`; reads catalogs only, changes nothing.
import { readdir, readFile } from 'node:fs/promises';
import type { RunQuery } from './postgres-change.ts';

const migrations = new URL('../database/migrations/', import.meta.url);

const unchangeable = (table: string, by: string, refusing: string): readonly TriggerMade[] => [
  { name: `${table}_${by}`, does: `BEFORE DELETE OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${refusing}()` },
  {
    name: `${table}_no_truncate`,
    does: `BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  },
];
/** `does`: as PostgreSQL tells it, with our schema in the search path. */
type TriggerMade = { readonly name: string; readonly does: string };

/** Tables of the schema that carry such triggers, with those that the migrations made for them. */
const protectedBy: { readonly [table: string]: readonly TriggerMade[] } = {
  log_record: unchangeable('log_record', 'append_only', 'refuse_record_change'),
  archived_record: unchangeable('archived_record', 'append_only', 'refuse_change'),
  cosignature: unchangeable('cosignature', 'append_only', 'refuse_change'),
  later_origin: unchangeable('later_origin', 'no_change', 'refuse_change'),
  projection: [
    {
      name: 'projection_no_delete',
      does: 'BEFORE DELETE ON projection FOR EACH ROW EXECUTE FUNCTION refuse_projection_change()',
    },
    {
      name: 'projection_no_rename',
      does: 'BEFORE UPDATE ON projection FOR EACH ROW WHEN (old.subject <> new.subject OR new.seq <= old.seq) EXECUTE FUNCTION refuse_projection_change()',
    },
    {
      name: 'projection_no_truncate',
      does: 'BEFORE TRUNCATE ON projection FOR EACH STATEMENT EXECUTE FUNCTION refuse_projection_change()',
    },
  ],
  installation: unchangeable('installation', 'no_change', 'refuse_change'),
  archive_order: unchangeable('archive_order', 'append_only', 'refuse_change'),
  archive_file: unchangeable('archive_file', 'append_only', 'refuse_change'),
  archive_end: unchangeable('archive_end', 'append_only', 'refuse_change'),
};
const refusing = ['refuse_change', 'refuse_record_change', 'refuse_projection_change'];
/** Tables that the gateway's role may not even insert into: only the owner writes them. */
const ownersAlone = ['installation', 'later_origin', 'archived_record', 'archive_end', 'schema_version'];
const updated = ['projection', 'forward_cursor'];

type TriggerFound = {
  readonly name: string;
  readonly table: string;
  readonly on: boolean;
  readonly definition: string | null;
};

/** Each trouble in one line; empty where the database protects the log as the migrations left it. */
export async function protectionTroubles(run: RunQuery, gatewayRole: string): Promise<readonly string[]> {
  const troubles: string[] = [];
  for (const [table, triggers] of Object.entries(protectedBy)) {
    // A partition has the row's triggers for itself: one can be switched off there alone.
    const found = await run(
      `SELECT wanted.name, t.relid::regclass::text AS table, g.tgname IS NOT NULL AND g.tgenabled IN ('O', 'A') AS on,
         pg_get_triggerdef(g.oid, true) AS definition
       FROM (SELECT $1::regclass AS relid, 'f' AS part
         UNION ALL SELECT inhrelid, 't' FROM pg_inherits WHERE inhparent = $1::regclass) AS t
       CROSS JOIN unnest($2::text[], $3::boolean[]) AS wanted (name, each_row)
       LEFT JOIN pg_trigger g ON g.tgrelid = t.relid AND g.tgname = wanted.name
       WHERE t.part = 'f' OR wanted.each_row ORDER BY 2, 1`,
      [table, triggers.map(({ name }) => name), triggers.map(({ does }) => does.includes('FOR EACH ROW'))],
    );
    for (const row of found.rows as TriggerFound[]) {
      const made = triggers.find(({ name }) => name === row.name);
      if (!row.on) {
        // Switching it off for the table does so for its partitions: said once.
        const told = troubles.includes(off(row.name, table));
        if (!told) troubles.push(off(row.name, row.table));
      } else if (row.table === table && row.definition !== `CREATE TRIGGER ${row.name} ${made?.does}`)
        troubles.push(`the trigger ${row.name} of ${row.table} was made anew and does something else`);
    }
  }
  troubles.push(...(await functionTroubles(run)), ...(await ruleTroubles(run)));
  // Partitions as well: a right on one of them passes the table by.
  const rights = await run(
    `SELECT t.oid::regclass::text AS name, p.privilege
     FROM (SELECT name::regclass AS oid FROM unnest($2::text[]) AS name
       UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = 'log_record'::regclass) AS t
     CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p (privilege)
     WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AND (has_table_privilege($1, t.oid, p.privilege)
         -- A right on one column is one on the table's rows.
         OR p.privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege($1, t.oid, p.privilege))
       AND NOT (p.privilege = 'INSERT' AND t.oid <> ALL ($3::text[]::regclass[]))
       AND NOT (p.privilege = 'UPDATE' AND t.oid = ANY ($4::text[]::regclass[]))
     ORDER BY 1, 2`,
    [gatewayRole, [...Object.keys(protectedBy), 'forward_cursor', 'schema_version'], ownersAlone, updated],
  );
  for (const { name, privilege } of rights.rows as { name: string; privilege: string }[])
    troubles.push(`the role ${gatewayRole} was given the right ${privilege} on ${name}`);
  return troubles;
}

const off = (trigger: string, table: string): string => `the trigger ${trigger} of ${table} is removed or switched off`;

/** The triggers are worth what their functions do: these must stand as a migration of this program wrote them. */
async function functionTroubles(run: RunQuery): Promise<readonly string[]> {
  const found = await run(
    `SELECT wanted.name, p.prosrc AS source FROM unnest($1::text[]) AS wanted (name)
     LEFT JOIN pg_proc p ON p.oid = to_regprocedure(wanted.name || '()')`,
    [refusing],
  );
  const files = (await readdir(migrations)).filter((name) => name.endsWith('.sql'));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, migrations), 'utf8')));
  const written = texts.join('\n').replaceAll('\r\n', '\n');
  return (found.rows as { readonly name: string; readonly source: string | null }[])
    .filter(
      ({ name, source }) =>
        source === null ||
        !written.includes(
          `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$${source.replaceAll('\r\n', '\n')}$$`,
        ),
    )
    .map(({ name }) => `the function ${name}, by which triggers refuse changes, was altered`);
}

/** A rule is carried out instead of what was asked, before any trigger. */
async function ruleTroubles(run: RunQuery): Promise<readonly string[]> {
  const found = await run(
    `SELECT r.rulename AS name, r.ev_class::regclass::text AS table FROM pg_rewrite r
     WHERE r.ev_class IN (SELECT name::regclass FROM unnest($1::text[]) AS name
       UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = 'log_record'::regclass) ORDER BY 2, 1`,
    [Object.keys(protectedBy)],
  );
  return (found.rows as { readonly name: string; readonly table: string }[]).map(
    ({ name, table }) => `the rule ${name} was put on ${table}`,
  );
}
