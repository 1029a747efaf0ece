// Values of PostgreSQL's binary output (its `…send` functions): what a verifier of a backup needs of a row without a
// database. Pure; called by cli/restore-check.ts.

/** PostgreSQL counts time from 2000-01-01, in µs. */
const epochUs = Date.UTC(2000, 0, 1) * 1000;

export function textOf(field: Buffer | null): string | null {
  return field === null ? null : field.toString('utf8');
}

/** bigint, as a number. Throws RangeError beyond 2^53. */
export function bigintOf(field: Buffer | null): number | null {
  if (field === null) return null;
  const value = Number(field.readBigInt64BE(0));
  if (!Number.isSafeInteger(value)) throw new RangeError('a number beyond 2^53');
  return value;
}

/** timestamptz in µs since 1970; null for `infinity` and what else no clock says. */
export function timestampUs(field: Buffer | null): number | null {
  if (field === null) return null;
  const value = Number(field.readBigInt64BE(0)) + epochUs;
  return Number.isSafeInteger(value) ? value : null;
}
