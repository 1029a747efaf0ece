// Checks the signatures that records hold (SIG-6): made by the key of the terminal that the log says, over exactly what
// the record says. Keys come from the terminals' own records, walked before. Used by verification.
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { publicKeySchema } from '../contract/session.ts';
import { type ImportedKey, importedKey } from '../identity/imported-key.ts';
import type { JwsPayload } from '../signing/compact-jws.ts';
import { checkTerminalSignature } from '../signing/stored-signature.ts';
import type { ParsedRecord } from './parsed-record.ts';
import { certifiedKind, purposeOf } from './signed-kinds.ts';
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

type Pair = readonly [what: string, said: unknown, signed: unknown];

/** What a record repeats from the statement that was signed, where it differs; null where all agrees. */
export function differenceToSigned(record: ParsedRecord, payload: JwsPayload): string | null {
  const differs = pairsOf(record, payload).find(([, said, signed]) => !same(said, signed));
  if (differs !== undefined) return `its ${differs[0]} is not the one that was signed`;
  if (record.kind === certifiedKind) return null;
  const purpose = purposeOf(record.kind);
  if (purpose === undefined || payload.purpose !== purpose) return 'its statement was made for something else';
  return payload.about === undefined ? null : differenceOfAction(record, payload);
}

function pairsOf(record: ParsedRecord, payload: JwsPayload): readonly Pair[] {
  const signedAt: readonly Pair[] =
    record.detail?.signedAt === undefined ? [] : [['time of signing', record.detail.signedAt, payload.signedAt]];
  if (record.kind === certifiedKind) {
    const { version, text } = (record.new ?? {}) as { readonly version?: unknown; readonly text?: unknown };
    const digest = typeof text === 'string' ? createHash('sha256').update(text, 'utf8').digest('base64url') : null;
    return [...signedAt, ['text', digest, payload.textDigest], ['version', version, payload.version]];
  }
  const part: readonly Pair[] = [
    ...signedAt,
    ['meaning', record.meaning, payload.meaning],
    ['reason', record.reason?.code ?? null, payload.reasonCode || null],
    ['comment', record.reason?.comment ?? null, payload.comment || null],
  ];
  if (payload.about !== undefined) return part;
  const observed = payload.observed as { readonly value?: Json } | undefined;
  return [
    ['tag', record.subject, payload.tag],
    ['command', record.command, payload.command],
    ['value', record.new, payload.value],
    ['observed value', record.old, observed?.value],
    ...part,
  ];
}

/** A signed action names its subject and the exact change; the record may say more, never something else. */
function differenceOfAction(record: ParsedRecord, payload: JwsPayload): string | null {
  const subjects = [record.subject, record.detail?.about, `command:${record.command}`];
  if (!subjects.includes(payload.about)) return 'its signature is about something else';
  const { change } = payload;
  if (typeof change !== 'object' || change === null) return null;
  const { new: done, detail } = record;
  const said: { readonly [name: string]: unknown } =
    record.kind === 'command.resolved'
      ? { found: detail?.code, tag: record.subject, value: done ?? null }
      : { ...(record.kind === 'log.key-rotated' ? { replaces: record.old } : {}), ...membersOf(done) };
  const differs = Object.entries(change).find(([name, one]) => said[name] !== undefined && !same(said[name], one));
  return differs === undefined ? null : `its ${differs[0]} is not the one that was signed`;
}

function membersOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function same(left: unknown, right: unknown): boolean {
  return canonicalJson((left ?? null) as Json) === canonicalJson((right ?? null) as Json);
}
