// A person's account as its projection holds it (IDN-1): one document a row, its digest in the record that the row
// stands on. Shapes and pure questions only.
import { z } from 'zod';
import type { Actor } from '../contract/audit-record.ts';
import { terminalIdSchema, timeSchema, userIdSchema } from '../contract/ids.ts';
import { accountStates } from '../contract/session.ts';

export const accountDocumentSchema = z.strictObject({
  version: z.literal(1),
  id: userIdSchema,
  /** As first written; the id is its normal form. */
  name: z.string().min(1).max(64),
  printedName: z.string().min(1).max(200),
  groups: z.array(z.string()),
  status: z.enum(accountStates),
  lockedAtTerminals: z.array(terminalIdSchema),
  password: z.strictObject({
    /** PHC string (password-hash.ts). */
    hash: z.string(),
    setAt: timeSchema,
    /** Hashes of former passwords, newest first. */
    history: z.array(z.string()),
  }),
  createdAt: timeSchema,
});
export type AccountDocument = z.infer<typeof accountDocumentSchema>;

export const certificationDocumentSchema = z.strictObject({
  version: z.literal(1),
  account: userIdSchema,
  textVersion: z.int(),
  textDigest: z.string(),
  /** The signed certification itself. */
  jws: z.string(),
  certifiedAt: timeSchema,
});
export type CertificationDocument = z.infer<typeof certificationDocumentSchema>;

export type PasswordPolicy = { readonly shortest: number; readonly history: number; readonly expireAfterDays: number };

const dayMs = 86_400_000;

export function actorOf(account: Pick<AccountDocument, 'id' | 'name' | 'printedName'>): Actor {
  return { id: account.id, name: account.name, printedName: account.printedName };
}

/** Whole days until the password expires, rounded up; 0 or less: it has expired. */
export function passwordDaysLeft(account: AccountDocument, policy: PasswordPolicy, nowMs: number): number {
  return Math.ceil((Date.parse(account.password.setAt) + policy.expireAfterDays * dayMs - nowMs) / dayMs);
}
