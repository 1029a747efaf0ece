// Brings a database's schema up to date: plain SQL files in migrations/, applied by postgrator, each in a transaction
// together with the note that it was applied. Called by the maintenance process with the owner's connection.
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import Postgrator from 'postgrator';
import { schemaName } from './schema.ts';

const migrations = fileURLToPath(new URL('./migrations/*.sql', import.meta.url));

/**
 * Applies what is missing and returns how many were applied. Throws where an applied migration's text has changed since,
 * or the database is newer than this program.
 */
export async function migrate(client: pg.Client): Promise<number> {
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
  if (has > available) {
    throw new Error(
      `the database's schema has version ${has}, this program knows ${available}: it was used by a newer Countersign; run that one`,
    );
  }
  await client.query('BEGIN');
  try {
    const applied = await postgrator.migrate();
    await client.query(`REVOKE ALL ON ${schemaName}.schema_version FROM PUBLIC`);
    await client.query('COMMIT');
    return applied.length;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
