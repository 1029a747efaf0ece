// Connections for what people ask of the log: pages, reviews, proofs, the extent of an export. Apart from those that
// commands and sign-ins need, and each statement and each question bounded in time, so that no question can hold up anything but others like
// it. Opened by main.ts, used by audit-routes.ts and review.ts.
import type pg from 'pg';
import type { RunQuery } from '../audit/postgres-change.ts';
import { GatewayError } from '../contract/problem.ts';
import { errorCode, newPool } from '../database/connection.ts';

/** Far beyond what the slowest filter takes over ten million records (docs/performance.md). */
const longestQuestionMs = 30_000;
/** Questions at once; further ones wait for a connection, 5 s at most. */
const connections = 4;
/** SQLSTATE query_canceled: what PostgreSQL says of a statement that its time ran out for. */
const canceled = '57014';

export function openReadingPool(
  databaseUrl: string,
  onIdleError: (error: Error) => void,
  statementTimeoutMs = longestQuestionMs,
): pg.Pool {
  return newPool(databaseUrl, {
    applicationName: 'countersign reading',
    size: connections,
    statementTimeoutMs,
    onIdleError,
  });
}

/** Throws GatewayError: `query-too-long` where the pool's time for one statement ran out, else `log-unavailable`. */
export function readingFrom(pool: pg.Pool): RunQuery {
  return async (text, values = [], name) => {
    try {
      return await pool.query({ ...(name === undefined ? {} : { name }), text, values: [...values] });
    } catch (cause) {
      if (errorCode(cause) === canceled) throw tooLong(cause);
      throw new GatewayError('log-unavailable', 'The log cannot be read at present.', { cause });
    }
  };
}

/**
 * For one question that takes several statements (a search by windows over record numbers): as readingFrom, and none begins
 * once the question is `longestMs` old, so that it ends within twice that.
 */
export function questionTo(pool: pg.Pool, longestMs = longestQuestionMs, clockMs = () => performance.now()): RunQuery {
  const run = readingFrom(pool);
  const askedMs = clockMs();
  return async (text, values, name) => {
    if (clockMs() - askedMs >= longestMs) throw tooLong();
    return run(text, values, name);
  };
}

function tooLong(cause?: unknown): GatewayError {
  return new GatewayError(
    'query-too-long',
    'Finding these records took too long and was given up; narrow the question: a shorter time, a person, a tag.',
    { cause },
  );
}
