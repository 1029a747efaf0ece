import pg from 'pg';
import { expect, test } from 'vitest';
import { postgresProjections } from '../../../gateway/identity/postgres-projections.ts';

// Found by the fault run: a signature while PostgreSQL was away was answered as a fault of the gateway.
test('IDN-1: an account that cannot be read while the database is away is log-unavailable, no fault of the gateway', async () => {
  const pool = new pg.Pool({ host: '/nowhere/countersign', connectionTimeoutMillis: 1000 });
  await expect(postgresProjections(pool).read('account:operator')).rejects.toMatchObject({ code: 'log-unavailable' });
  await pool.end();
});
