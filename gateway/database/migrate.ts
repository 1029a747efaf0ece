// Brings a database's schema up to date: plain SQL files in migrations/, applied by postgrator, each in a transaction
// together with the note that it was applied. Called by the maintenance process with the owner's connection.
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import Postgrator from 'postgrator';
import { gatewayRole, schemaName } from './schema.ts';

const migrations = fileURLToPath(new URL('./migrations/*.sql', import.meta.url));

/**
 * Applies what is missing and returns how many were applied. Throws where an applied migration's text has changed since,
 * or the database is newer than this program.
 */
export async function migrate(client: pg.Client): Promise<number> {
  await client.query('BEGIN');
  try {
    const applied = await migrateWithin(client);
    await client.query('COMMIT');
    return applied;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The same in the caller's transaction, up to the version `target` where it is given: a restore fills that one first. */
export async function migrateWithin(client: pg.Client, target?: number): Promise<number> {
  await client.query(`SET search_path = ${schemaName}, public`);
  const postgrator = new Postgrator({
    driver: 'pg',
    schemaTable: `${schemaName}.schema_version`,
    migrationPattern: migrations,
    newline: 'LF',
    execQuery: (query) => client.query(query),
    execSqlScript: async (script) => {
      await client.query(script);
    },
  });
  const [has, available] = [await postgrator.getDatabaseVersion(), await postgrator.getMaxVersion()];
  if (Math.max(has, target ?? 0) > available) {
    throw new Error(
      `the database's schema has version ${Math.max(has, target ?? 0)}, this program knows ${available}: it was used by a newer Countersign; run that one`,
    );
  }
  const applied = await postgrator.migrate(target === undefined ? '' : String(target));
  // The gateway's role reads the version for a backup; nobody but the owner writes it.
  await client.query(`REVOKE ALL ON ${schemaName}.schema_version FROM PUBLIC`);
  await client.query(`GRANT SELECT ON ${schemaName}.schema_version TO ${gatewayRole}`);
  return applied.length;
}

export type AppliedMigration = { readonly version: number; readonly name: string | null; readonly md5: string | null };

/** Where the note of the migrations that were applied is not what this program's are; each trouble in one line. */
export async function migrationTroubles(applied: readonly AppliedMigration[]): Promise<readonly string[]> {
  const known = new Map(
    (await new Postgrator({ driver: 'pg', migrationPattern: migrations, newline: 'LF' }).getMigrations())
      .filter(({ action }) => action === 'do')
      .map(({ version, name, md5 }) => [version, { name, md5 }] as const),
  );
  const noted = new Set(applied.map(({ version }) => Number(version)));
  const newest = Math.max(0, ...noted);
  const troubles: string[] = [];
  for (const { version, name, md5 } of applied) {
    const own = known.get(Number(version));
    // Postgrator's own mark of an empty schema.
    if (Number(version) === 0) continue;
    if (own === undefined || own.name !== name || own.md5 !== md5)
      troubles.push(`the row of the schema's migration ${version} is not what this program applies`);
  }
  for (const version of known.keys())
    if (version <= newest && !noted.has(version))
      troubles.push(`the row of the schema's migration ${version} was removed`);
  return troubles;
}
