import pg from 'pg';
import { expect, test } from 'vitest';
import { postgresProjections } from '../../../gateway/identity/postgres-projections.ts';

// Found by the fault run: a signature while PostgreSQL was away was answered as a fault of the gateway.
test('IDN-1: an account that cannot be read while the database is away is log-unavailable, no fault of the gateway', async () => {
  const pool = new pg.Pool({ host: '/nowhere/countersign', connectionTimeoutMillis: 1000 });
  await expect(postgresProjections(pool).read('account:operator')).rejects.toMatchObject({ code: 'log-unavailable' });
  await pool.end();
});

test('IDN-1: rows asked for in one turn come with one question, each for who asked for it; a bad one spoils no other', async () => {
  const asked: unknown[] = [];
  const rows = [
    { subject: 'account:ada', document: '{"id":"ada"}', seq: 7 },
    { subject: 'account:bad', document: null, seq: 8 },
  ];
  const pool = new pg.Pool();
  pool.query = (async (query: { readonly values: readonly [readonly string[]] }) => {
    asked.push([...query.values[0]]);
    return { rows: rows.filter(({ subject }) => query.values[0].includes(subject)) };
  }) as unknown as typeof pool.query;
  const table = postgresProjections(pool);
  const found = await Promise.allSettled(
    ['account:ada', 'account:none', 'account:bad', 'account:ada'].map((subject) => table.read(subject)),
  );
  expect(asked).toEqual([['account:ada', 'account:none', 'account:bad']]);
  expect(found.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual([
    rows[0],
    null,
    'refused',
    rows[0],
  ]);
  expect(await table.read('account:ada')).toEqual(rows[0]);
  expect(asked).toHaveLength(2);
  await pool.end();
});
