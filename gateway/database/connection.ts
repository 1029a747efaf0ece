// Connections to PostgreSQL through `pg`, with types that lose nothing: bigint as a safe number, times as text in UTC.
// Used by every postgres-* adapter, by main.ts and the command line. Never logs a URL: it carries a password.
import pg from 'pg';

const bigintOid = 20;
const timestamptzOid = 1184;
const dateOid = 1082;

const types: pg.CustomTypesConfig = {
  // The overloads of getTypeParser cannot be written as one function; pg calls it with (oid, format).
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === bigintOid) return parseBigint;
    if (format !== 'binary' && (oid === timestamptzOid || oid === dateOid)) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as pg.CustomTypesConfig['getTypeParser'],
};

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`a number beyond 2^53: ${text}`);
  return value;
}

export type ConnectionOptions = {
  readonly applicationName: string;
  readonly connectTimeoutMs?: number;
  /** The server gives a statement up after so long (SQLSTATE 57014); without it, it may take any time. */
  readonly statementTimeoutMs?: number;
};

function configOf(url: string, options: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    keepAlive: true,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    types,
  };
}

/** Not connected yet. A connection that breaks fails its queries; whoever must know at once listens to 'error' or 'end'. */
export function newClient(url: string, options: ConnectionOptions): pg.Client {
  const client = new pg.Client(configOf(url, options));
  // Without any listener Node would end the process at the first connection that breaks.
  client.on('error', () => {});
  return client;
}

/**
 * `size` connections at most. An idle connection that breaks is dropped by the pool itself and replaced at the next
 * use; `onIdleError` is told, so that it can be logged.
 */
export function newPool(
  url: string,
  options: ConnectionOptions & { readonly size: number; readonly onIdleError: (error: Error) => void },
): pg.Pool {
  const pool = new pg.Pool({ ...configOf(url, options), max: options.size });
  pool.on('error', options.onIdleError);
  return pool;
}

/** Host, port and database of a URL, without user, password and options: for messages. */
export function describeDatabase(url: string): string {
  try {
    const { host, pathname, searchParams } = new URL(url);
    return `${searchParams.get('host') ?? host}${pathname}`;
  } catch {
    return 'the given address, which is not a postgres:// URL';
  }
}

/** SQLSTATE of a PostgreSQL error; system code (ECONNREFUSED) of a socket's; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** One line for a person about why the database cannot be used. */
export function connectionTrouble(url: string, error: unknown): string {
  const where = describeDatabase(url);
  const code = errorCode(error);
  const said = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `database not reachable: nothing listens at ${where} (${code}); start it or correct COUNTERSIGN_DATABASE_URL`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `database not reachable: the host of ${where} is not known (${code}); correct COUNTERSIGN_DATABASE_URL`;
    case '28P01':
    case '28000':
      return `database at ${where} refused the user or password (${code}); correct COUNTERSIGN_DATABASE_URL`;
    case '3D000':
      return `database at ${where} does not exist; create it or correct COUNTERSIGN_DATABASE_URL`;
    default:
      return `database at ${where} cannot be used: ${said || code || 'no reason given'}`;
  }
}
