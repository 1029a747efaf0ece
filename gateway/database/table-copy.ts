// The tables of our schema as binary COPY streams, for backup and restore (OPS-6): which there are, in which order they
// can be filled again, their rows out of one snapshot and back in. Called by cli/backup.ts and cli/restore.ts.
import type { Readable, Writable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { schemaName } from './schema.ts';
import { DatabaseTrouble } from './trouble.ts';

/** `columns` without generated ones, which the server fills itself; `order`: the primary key. */
export type TableShape = {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly order: readonly string[];
};

/** The note of the applied migrations: not copied, since a restore applies them itself. */
const versionTable = 'schema_version';

/** All tables of the schema, those before others that refer to them. Throws DatabaseTrouble for one that may not be read. */
export async function tablesOf(client: pg.Client): Promise<readonly TableShape[]> {
  const found = await client.query<TableShape & { refersTo: string[]; readable: boolean }>(
    `SELECT c.relname AS name, has_table_privilege(c.oid, 'SELECT') AS readable,
       (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       coalesce((SELECT json_agg(a.attname ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index i
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary), '[]') AS "order",
       coalesce((SELECT json_agg(r.relname) FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
          WHERE k.conrelid = c.oid AND k.contype = 'f' AND r.oid <> c.oid), '[]') AS "refersTo"
     FROM pg_class c
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $2
     ORDER BY c.relname`,
    [schemaName, versionTable],
  );
  const hidden = found.rows.filter((table) => !table.readable).map((table) => table.name);
  if (hidden.length > 0)
    throw new DatabaseTrouble(`this role may not read ${hidden.join(', ')}; give the address of the database's owner`);
  const ordered: TableShape[] = [];
  let left = [...found.rows];
  while (left.length > 0) {
    const ready = left.filter((table) => !table.refersTo.some((name) => left.some((other) => other.name === name)));
    if (ready.length === 0) throw new DatabaseTrouble('the tables refer to each other in a circle');
    ordered.push(...ready.map(({ name, columns, order }) => ({ name, columns, order })));
    left = left.filter((table) => !ready.includes(table));
  }
  return ordered;
}

/** Version of the schema: the number of the newest applied migration. */
export async function schemaVersion(client: pg.Client): Promise<number> {
  const found = await client.query<{ version: number }>(
    `SELECT max(version)::int AS version FROM ${schemaName}.${versionTable}`,
  );
  return found.rows[0]?.version ?? 0;
}

/** All rows by primary key; within the caller's transaction, which makes them those of one moment. */
export function rowsOut(client: pg.Client, table: TableShape): Readable {
  const order = table.order.length > 0 ? ` ORDER BY ${names(table.order)}` : '';
  const columns = names(table.columns.map((column) => column.name));
  // Of a query, not of the table: a hypertable's rows are in its chunks.
  return client.query(copyTo(`COPY (SELECT ${columns} FROM ${qualified(table)}${order}) TO STDOUT (FORMAT binary)`));
}

/** Takes what rowsOut() gave; `rowCount` is right once it has finished. */
export function rowsIn(client: pg.Client, table: TableShape): Writable & { readonly rowCount: number } {
  const columns = names(table.columns.map((column) => column.name));
  return client.query(copyFrom(`COPY ${qualified(table)} (${columns}) FROM STDIN (FORMAT binary)`));
}

/** Serial numbers go on after the rows that were filled in with theirs. */
export async function continueSequences(client: pg.Client): Promise<void> {
  const found = await client.query<{ sequence: string; table: string; column: string }>(
    `SELECT s.oid::regclass::text AS sequence, d.refobjid::regclass::text AS "table", a.attname AS "column"
     FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE s.relkind = 'S' AND s.relnamespace = to_regnamespace($1)`,
    [schemaName],
  );
  for (const { sequence, table, column } of found.rows)
    await client.query(
      `SELECT setval($1::regclass, max(${pg.escapeIdentifier(column)})) FROM ${table} HAVING count(*) > 0`,
      [sequence],
    );
}

function qualified(table: TableShape): string {
  return `${schemaName}.${pg.escapeIdentifier(table.name)}`;
}

function names(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ');
}
