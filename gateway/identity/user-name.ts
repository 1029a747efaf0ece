// User names as people type them, and the permanent user id behind each (IDN-1). Pure; used wherever a name comes in.
import { type UserId, userIdSchema } from '../contract/ids.ts';

/**
 * NFKC, white space trimmed, case folded, so that `Ada`, ` ada ` and a full-width `ａｄａ` are one person for ever.
 * Null for what no account can be called: then the name is unknown, and not worth a different answer.
 */
export function userIdOf(typed: string): UserId | null {
  const folded = typed.normalize('NFKC').trim().toLowerCase();
  const parsed = userIdSchema.safeParse(folded);
  return parsed.success ? parsed.data : null;
}
