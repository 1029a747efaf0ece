import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReadingPool, questionTo, readingFrom } from '../../../gateway/assembly/reading.ts';
import { readRecords } from '../../../gateway/audit/postgres-records.ts';
import { startTestServer, type TestDatabase, type TestServer } from '../../support/database.ts';

describe('what people ask of the log', () => {
  let server: TestServer;
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    pool = openReadingPool(database.gatewayUrl, () => {}, 100);
  });
  afterAll(async () => {
    await pool?.end();
    await database?.stop();
    await server?.stop();
  });

  it('AUD-6: a question that takes too long is given up with a code of its own, and its connection answers again', async () => {
    const run = readingFrom(pool);
    await database.superuser.query('BEGIN; LOCK TABLE log_record IN ACCESS EXCLUSIVE MODE');
    try {
      // As many as there are connections, and more: none of them is held.
      const asked = Array.from({ length: 6 }, () => readRecords(run, { text: 'anything' }));
      for (const answer of await Promise.allSettled(asked))
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'query-too-long' } });
    } finally {
      await database.superuser.query('ROLLBACK');
    }
    expect(await readRecords(run, { text: 'anything' })).toEqual({ records: [], next: null });
  });

  it('AUD-6: a question of many statements is given up as well, before the next of them', async () => {
    let nowMs = 5;
    const run = questionTo(pool, 30_000, () => nowMs);
    nowMs += 29_999;
    expect((await run('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    nowMs += 1;
    await expect(run('SELECT 1 AS one')).rejects.toMatchObject({ code: 'query-too-long' });
  });

  it('AUD-6: any other trouble of the database is told as such', async () => {
    await expect(readingFrom(pool)('SELECT FROM no_such_table')).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});
