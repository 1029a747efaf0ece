// Checks the signatures that records hold (SIG-6): made by the key of the terminal that the log says, over exactly what
// the record says. Keys come from the terminals' own records, walked before. Used by verification.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { type PublicKey, publicKeySchema } from '../contract/session.ts';
import { checkStoredSignature } from '../signing/stored-signature.ts';
import type { ParsedRecord } from './verify.ts';
import { PasskeyWalk } from './verify-passkeys.ts';

/** Takes the records of a log in order; answers why a record's signature does not stand, or null. */
export function signatureChecker(): (record: ParsedRecord) => Promise<string | null> {
  const keys = new Map<string, PublicKey>();
  const passkeys = new PasskeyWalk();
  return async (record) => {
    const learnt = keyOf(record);
    if (learnt !== null) keys.set(learnt.terminal, learnt.key);
    const passkey = await passkeys.take(record);
    if (passkey !== null || record.signature === undefined) return passkey;
    const key = keys.get(record.terminal?.id ?? '');
    if (key === undefined) return `its signature names a terminal that no record before it enrolled`;
    const checked = await checkStoredSignature(record.signature.jws, key);
    if (!checked.ok) return `its signature does not stand: ${checked.why}`;
    return difference(record, checked.payload);
  };
}

function keyOf(record: ParsedRecord): { readonly terminal: string; readonly key: PublicKey } | null {
  if (!record.kind.startsWith('terminal.') || typeof record.new !== 'object' || record.new === null) return null;
  const parsed = publicKeySchema.safeParse((record.new as { readonly publicKey?: unknown }).publicKey);
  const terminal = record.subject.replace(/^terminal:/, '');
  return parsed.success ? { terminal, key: parsed.data } : null;
}

/** What a command's signature record repeats from the statement that was signed. */
function difference(record: ParsedRecord, payload: { readonly [name: string]: Json | undefined }): string | null {
  if (record.kind !== 'command.signed' && record.kind !== 'command.countersigned') return null;
  const observed = payload.observed as { readonly value?: Json } | undefined;
  const pairs: readonly [string, unknown, unknown][] = [
    ['tag', record.subject, payload.tag],
    ['command', record.command, payload.command],
    ['value', record.new, payload.value],
    ['observed value', record.old, observed?.value],
    ['meaning', record.meaning, payload.meaning],
    ['reason', record.reason?.code ?? null, payload.reasonCode || null],
    ['comment', record.reason?.comment ?? null, payload.comment || null],
  ];
  for (const [name, said, signed] of pairs) {
    if (canonicalJson((said ?? null) as Json) !== canonicalJson((signed ?? null) as Json)) {
      return `its ${name} is not the one that was signed`;
    }
  }
  return null;
}
