// Identifiers as they stand on the wire and in the log, branded so that one kind is never taken for another.
// Parsed at the edge by these schemas; inside, a TagId is always a well-formed tag id (not necessarily a known one).
import { z } from 'zod';

/** Dotted plant name, as on the P&ID: `BR101.TIC.SP`. 1 to 128 characters. */
export const tagIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .brand<'TagId'>();
export type TagId = z.infer<typeof tagIdSchema>;

/** Area name, unique in the plant whatever its parent: `upstream`. */
export const areaIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
  .brand<'AreaId'>();
export type AreaId = z.infer<typeof areaIdSchema>;

export const connectionIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
  .brand<'ConnectionId'>();
export type ConnectionId = z.infer<typeof connectionIdSchema>;

/** RFC 7638 SHA-256 thumbprint of the terminal's public key, base64url, 43 characters. */
export const terminalIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .brand<'TerminalId'>();
export type TerminalId = z.infer<typeof terminalIdSchema>;

/** A command's UUID. */
export const commandIdSchema = z.uuid().brand<'CommandId'>();
export type CommandId = z.infer<typeof commandIdSchema>;

/** A person's permanent user id: the normalised user name (identity/user-name.ts), never reused (IDN-1). */
export const userIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .brand<'UserId'>();
export type UserId = z.infer<typeof userIdSchema>;

/** RFC 3339 in UTC, `Z`, any number of fraction digits from 0 to 6. */
export const timeSchema = z.iso.datetime({ offset: false });
/** A time as clients may write it: UTC as `Z` or as `+00:00`, which some languages prefer; comes out with `Z`. */
export const givenTimeSchema = z.iso
  .datetime({ offset: true })
  .regex(/(Z|[+-]00:00)$/, 'must be in UTC')
  .overwrite((time) => time.replace(/[+-]00:00$/, 'Z'));

/**
 * What no log, database or screen holds, or what makes it show something else than it holds: control characters, halves
 * of surrogate pairs, and overrides of the writing direction (UAX #9, 2.1 to 2.4). Marks of direction are text.
 */
const unshowable = /[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/u;
const unshowableText = 'must be text without control characters or overrides of the writing direction';

/** Free text of one line, trimmed. */
export const lineSchema = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((text) => !unshowable.test(text), unshowableText);

/** Free text of several lines, as it was typed; line breaks and tabs are a person's. */
export const textSchema = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((text) => !unshowable.test(text.replaceAll(/[\t\n\r]/g, ' ')), unshowableText);
