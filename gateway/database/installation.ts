// The mark that says what a database is for (OPS-8): a demo's never serves production, nor the other way round,
// and neither moves in with strangers' tables. Called by the maintenance process before it changes anything.
import type pg from 'pg';
import { schemaName } from './schema.ts';

export type InstallationMode = 'demo' | 'production';

/** Null where the database may be used, else one line that says why not and what to do. Changes nothing. */
export async function whyUnsuitable(client: pg.Client, mode: InstallationMode): Promise<string | null> {
  const tables = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schemaName],
  );
  const names = new Set(tables.rows.map((row) => row.name));
  if (names.size === 0) {
    const strangers = await strangersTables(client);
    if (strangers.length === 0) return null;
    return `it holds tables that are not Countersign's (${strangers.join(', ')}); use an empty database`;
  }
  if (!names.has('installation') || !names.has('schema_version')) {
    return `its schema ${schemaName} holds tables that are not Countersign's (${[...names].slice(0, 3).join(', ')}); use an empty database`;
  }
  const marked = await client.query<{ mode: string }>(`SELECT mode FROM ${schemaName}.installation`);
  const found = marked.rows[0]?.mode;
  if (found === mode) return null;
  if (mode === 'demo') {
    return `it holds Countersign's tables without the mark of a demo (${found ?? 'no mark at all'}); the demo refuses it, use an empty database`;
  }
  return `it is marked as ${found ?? 'nothing'}, and production refuses that; use an empty database`;
}

/** Up to three tables outside our schema that neither the server nor an extension brought. */
async function strangersTables(client: pg.Client): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1 LIMIT 3`,
  );
  return found.rows.map((row) => row.name);
}

/** Marks an empty database; leaves a marked one as it is. Returns the log's origin. */
export async function markInstallation(client: pg.Client, mode: InstallationMode, newOrigin: string): Promise<string> {
  await client.query(
    'INSERT INTO installation (mode, origin) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM installation)',
    [mode, newOrigin],
  );
  const row = await client.query<{ mode: string; origin: string }>('SELECT mode, origin FROM installation');
  const found = row.rows[0];
  if (found?.mode !== mode) throw new Error('the installation was marked otherwise at the same time');
  return found.origin;
}
