// What is still missing before a signature can be sent, with the words beside each field. Pure; in the order of the form.
// Called by components/signature-form.tsx. The gateway checks the same and decides.
import type { Meaning, Requires } from '../../gateway/contract/statement.ts';

export type SignatureDraft = {
  readonly reason: string | null;
  readonly comment: string;
  readonly meaning: Meaning | null;
  /** Whether the user name has to be typed (SIG-3, SIG-4). */
  readonly asksName: boolean;
  readonly username: string;
  readonly password: string;
};
export type Missing = Partial<Record<'reason' | 'comment' | 'meaning' | 'username' | 'password', string>>;

export function missingParts(requires: Requires, draft: SignatureDraft): Missing {
  const missing: Missing = {};
  if (requires.reason === 'required' && requires.reasonCodes.length > 0 && draft.reason === null)
    missing.reason = 'Choose a reason.';
  if (requires.comment === 'required' && draft.comment.trim() === '') missing.comment = 'Say in a few words why.';
  if (draft.meaning === null) missing.meaning = 'Choose what the signature means.';
  if (draft.asksName && draft.username.trim() === '') missing.username = 'Enter the user name.';
  if (requires.components.includes('password') && draft.password === '') missing.password = 'Enter the password.';
  return missing;
}
