// Checks the signatures that records hold (SIG-6): made by the key of the terminal that the log says, over exactly what
// the record says. Keys come from the terminals' own records, walked before. Used by verification.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { publicKeySchema } from '../contract/session.ts';
import { type ImportedKey, importedKey } from '../identity/imported-key.ts';
import type { JwsPayload } from '../signing/compact-jws.ts';
import { checkTerminalSignature } from '../signing/stored-signature.ts';
import type { ParsedRecord } from './verify.ts';
import { PasskeyWalk } from './verify-passkeys.ts';

/** Public keys by terminal, from the records that enrolled them; a terminal keeps its key for ever. */
export class TerminalKeys {
  readonly #keys = new Map<string, ImportedKey>();

  learn(record: ParsedRecord): void {
    if (!record.kind.startsWith('terminal.') || typeof record.new !== 'object' || record.new === null) return;
    const parsed = publicKeySchema.safeParse((record.new as { readonly publicKey?: unknown }).publicKey);
    const key = parsed.success ? importedKey(parsed.data) : null;
    if (key !== null) this.#keys.set(record.subject.replace(/^terminal:/, ''), key);
  }

  of(terminal: string): ImportedKey | undefined {
    return this.#keys.get(terminal);
  }
}

/** Takes the records of a log in order; answers why a record's signature does not stand, or null. */
export function signatureChecker(): (record: ParsedRecord) => Promise<string | null> {
  const keys = new TerminalKeys();
  const passkeys = new PasskeyWalk();
  return async (record) => {
    keys.learn(record);
    const passkey = await passkeys.take(record);
    if (passkey !== null || record.signature === undefined) return passkey;
    const key = keys.of(record.terminal?.id ?? '');
    if (key === undefined) return `its signature names a terminal that no record before it enrolled`;
    const checked = checkTerminalSignature(record.signature.jws, key);
    if (!checked.ok) return `its signature does not stand: ${checked.why}`;
    return differenceToSigned(record, checked.payload);
  };
}

/** What a record repeats from the statement that was signed, where it differs; null where all agrees. */
export function differenceToSigned(record: ParsedRecord, payload: JwsPayload): string | null {
  const observed = payload.observed as { readonly value?: Json } | undefined;
  const isCommand = record.kind === 'command.signed' || record.kind === 'command.countersigned';
  const pairs: readonly [string, unknown, unknown][] = isCommand
    ? [
        ['tag', record.subject, payload.tag],
        ['command', record.command, payload.command],
        ['value', record.new, payload.value],
        ['observed value', record.old, observed?.value],
        ['meaning', record.meaning, payload.meaning],
        ['reason', record.reason?.code ?? null, payload.reasonCode || null],
        ['comment', record.reason?.comment ?? null, payload.comment || null],
      ]
    : [];
  const differs = pairs.find(([, said, signed]) => !same(said, signed));
  if (differs !== undefined) return `its ${differs[0]} is not the one that was signed`;
  return payload.about === undefined ? null : differenceOfAction(record, payload);
}

/** A signed action names its subject and the exact change; the record may say more, never something else. */
function differenceOfAction(record: ParsedRecord, payload: JwsPayload): string | null {
  const subjects = [record.subject, record.detail?.about, `command:${record.command}`];
  if (!subjects.includes(payload.about)) return 'its signature is about something else';
  const given = { ...record.reason };
  if (given.comment !== undefined && !same(given.comment, payload.comment || null))
    return 'its comment is not the one that was signed';
  const [done, change] = [record.new, payload.change];
  if (typeof done !== 'object' || done === null || typeof change !== 'object' || change === null) return null;
  for (const [name, signed] of Object.entries(change)) {
    const said = (done as { readonly [name: string]: unknown })[name];
    if (said !== undefined && !same(said, signed)) return `its ${name} is not the one that was signed`;
  }
  return null;
}

function same(left: unknown, right: unknown): boolean {
  return canonicalJson((left ?? null) as Json) === canonicalJson((right ?? null) as Json);
}
