// Which records hold a signature, and what its statement was made for (SIG-6): one list for those who check signatures
// (verify-signatures.ts, verify-records.ts) and for the reader that tells which records must be looked at (record-line.ts).

/** What a statement was made for, by the kind of the record that holds it. */
const purposes: ReadonlyMap<string, string> = new Map([
  ['command.signed', 'command'],
  ['command.countersigned', 'countersign'],
  ['command.declined', 'decline'],
  ['command.resolved', 'resolve'],
  ['terminal.approved', 'approve'],
  ['terminal.revoked', 'revoke'],
  ['terminal.code-issued', 'issue-code'],
  ['account.unlocked', 'unlock'],
  ['token.issued', 'issue-token'],
  ['token.revoked', 'revoke-token'],
  ['passkey.removed', 'remove-passkey'],
  ['review.signed', 'review'],
  ['archive.ordered', 'archive'],
  ['log.key-rotated', 'rotate-log-key'],
]);
/** Its statement is of a type of its own, and has no purpose. */
export const certifiedKind = 'account.certified';
/** A person takes his own passkey away with his password. */
const alsoUnsigned: ReadonlySet<string> = new Set(['passkey.removed']);

/** No record of another kind holds a signature. */
export const signedKinds: readonly string[] = [certifiedKind, ...purposes.keys()];

/** Undefined for a certification, and for kinds that hold no signature. */
export function purposeOf(kind: string): string | undefined {
  return purposes.get(kind);
}

/** Whether a record of this kind is nothing without its signature. */
export function mustBeSigned(kind: string): boolean {
  return kind === certifiedKind || (purposes.has(kind) && !alsoUnsigned.has(kind));
}
