// Holds the records of each command against each other (SIG-5, SIG-6, CMD-4): which statement was signed by whom, in
// which order, and that nothing was accepted or written but on these signatures. It finds signatures that were swapped
// between records by somebody who can sign checkpoints, too. Used by verification, beside verify-signatures.ts, which
// checks each signature by itself. It knows no password and no plant.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { statementType } from '../contract/statement.ts';
import { userIdOf } from '../identity/user-name.ts';
import { type JwsPayload, readCompactJws } from '../signing/compact-jws.ts';
import { signatureDigest } from '../signing/stored-signature.ts';
import type { ParsedRecord } from './parsed-record.ts';

type Told = {
  readonly tag: string;
  readonly value: unknown;
  readonly observed: unknown;
  readonly needed: number;
  readonly breakGlass: boolean;
  readonly signers: string[];
  readonly digests: string[];
  accepted: boolean;
  closed: boolean;
};

const signing = { 'command.signed': 'command', 'command.countersigned': 'countersign', 'command.declined': 'decline' };
const closing = new Set(
  ['confirmed', 'rejected', 'failed', 'unknown', 'refused', 'expired', 'withdrawn', 'declined'].map(
    (end) => `command.${end}`,
  ),
);

/** Takes the records of a whole log in order; answers why a command's record does not stand, or null. */
export function commandChecker(): (record: ParsedRecord) => string | null {
  // Open commands and those whose countersignatures are still due: as many as the gateway itself holds.
  const commands = new Map<string, Told>();
  return (record) => {
    if (record.command === undefined) return null;
    if (record.kind === 'command.asked') {
      if (commands.has(record.command)) return 'its command had been asked for before';
      commands.set(record.command, begun(record));
      return null;
    }
    const told = commands.get(record.command);
    const why = judge(record, told);
    if (told === undefined) return why;
    if (closing.has(record.kind)) told.closed = true;
    const owing = told.breakGlass && told.accepted && told.signers.length < told.needed;
    if (told.closed && !owing) commands.delete(record.command);
    return why;
  };
}

function begun(record: ParsedRecord): Told {
  const { signatures, breakGlass } = record.detail ?? {};
  return {
    tag: record.subject,
    value: record.new ?? null,
    observed: record.old ?? null,
    needed: typeof signatures === 'number' ? signatures : Number.POSITIVE_INFINITY,
    breakGlass: breakGlass === true,
    signers: [],
    digests: [],
    accepted: false,
    closed: false,
  };
}

function judge(record: ParsedRecord, told: Told | undefined): string | null {
  if (record.kind in signing) return judgeSignature(record, told);
  if (record.kind === 'command.accepted') return judgeAccepted(record, told);
  const afterWrite = record.kind === 'command.written' || record.kind === 'command.confirmed';
  return afterWrite && told?.accepted !== true ? 'no accepted intent stands before it' : null;
}

function judgeSignature(record: ParsedRecord, told: Told | undefined): string | null {
  const purpose = signing[record.kind as keyof typeof signing];
  const jws = record.signature?.jws;
  if (jws === undefined) return 'its signature is missing';
  const read = readCompactJws(jws, statementType);
  if (!read.ok) return `its signature does not stand: ${read.detail}`;
  const signer = record.actor?.id ?? '';
  const { payload } = read;
  if (payload.command !== record.command) return 'its signature is that of another command';
  if (payload.purpose !== purpose) return `its statement was not made to ${purpose}`;
  if (typeof payload.signer !== 'string' || userIdOf(payload.signer) !== signer)
    return 'its signature names another person';
  // A proposal may be declined before anybody asked for it.
  if (told === undefined) return purpose === 'decline' ? null : 'its command was never asked for, or has ended before';
  const differs = difference(told, payload);
  if (differs !== null) return differs;
  if ((payload.countersigns ?? null) !== (told.digests.at(-1) ?? null))
    return 'it does not name the signature before it: the chain of signatures is broken';
  if (purpose === 'decline') return null;
  if (told.signers.includes(signer)) return 'the same person had signed this command before';
  if (told.signers.length >= told.needed) return 'it is one signature more than the command needs';
  if (told.accepted && !told.breakGlass) return 'it was given after the command had been accepted';
  told.signers.push(signer);
  told.digests.push(signatureDigest(jws));
  return null;
}

function difference(told: Told, payload: JwsPayload): string | null {
  const observed = payload.observed as { readonly value?: Json } | undefined;
  if (payload.tag !== told.tag) return 'its signature is that of another tag';
  if (!same(payload.value, told.value)) return 'its signature is over another value';
  if (!same(observed?.value, told.observed)) return 'its signature is over another observed value';
  if ((payload.breakGlass ?? false) !== told.breakGlass) return 'its signature is that of another kind of command';
  return null;
}

function judgeAccepted(record: ParsedRecord, told: Told | undefined): string | null {
  if (told === undefined) return 'its command was never asked for, or has ended before';
  if (told.accepted) return 'its command had been accepted before';
  const needed = told.breakGlass ? 1 : told.needed;
  if (told.signers.length < needed) return `${needed - told.signers.length} signatures are missing before it`;
  if (record.subject !== told.tag || !same(record.new, told.value) || !same(record.old, told.observed))
    return 'it is not what was asked for and signed';
  const { signatures } = record.detail ?? {};
  const listed = Array.isArray(signatures) ? signatures : [];
  const wrong =
    listed.length !== told.digests.length ||
    told.digests.some((digest, index) => !lists(listed[index], digest, told.signers[index]));
  if (wrong) return 'the signatures that it carries are not those that were given';
  told.accepted = true;
  return null;
}

function lists(entry: unknown, digest: string, signer: string | undefined): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { jws, signer: named } = entry as { readonly jws?: unknown; readonly signer?: unknown };
  return typeof jws === 'string' && signatureDigest(jws) === digest && named === signer;
}

function same(left: unknown, right: unknown): boolean {
  return canonicalJson((left ?? null) as Json) === canonicalJson((right ?? null) as Json);
}
