// C2SP tlog-cosignature, "cosignature/v1" with Ed25519: what a witness says of a checkpoint, with the time at which it said
// so (AUD-3). Used by the witness, by the gateway that collects them and by every verifier. Pure. A witness's key is never
// a log's: its type byte is another one, so that neither passes for the other.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  formatVkey,
  isKeyName,
  isSignedBy,
  keyId,
  type NoteSignature,
  type NoteVerifier,
  parseVkey,
  rawPublicKey,
  signatureBytes,
  signatureLine,
  splitNote,
} from './signed-note.ts';

const cosignatureAlgorithm = 4;
const timestampBytes = 8;

export type Cosigner = { readonly name: string; readonly keyId: Buffer; readonly privateKey: KeyObject };
/** A witness's public key, not to be used for a log's own signature. */
export type WitnessKey = NoteVerifier & { readonly cosigns: true };

export function cosigner(name: string, privateKey: KeyObject): Cosigner {
  if (!isKeyName(name)) throw new TypeError(`not a name for a witness's key: ${name}`);
  return { name, keyId: keyId(name, rawPublicKey(createPublicKey(privateKey)), cosignatureAlgorithm), privateKey };
}

export function witnessKeyOf(signer: Cosigner): WitnessKey {
  return { name: signer.name, keyId: signer.keyId, publicKey: createPublicKey(signer.privateKey), cosigns: true };
}

/** `<name>+<key id>+<base64 of 0x04 ‖ public key>`. */
export function formatWitnessKey(key: WitnessKey): string {
  return formatVkey(key, cosignatureAlgorithm);
}

/** Null where the text is no witness's vkey, a log's key for instance. */
export function parseWitnessKey(text: string): WitnessKey | null {
  const key = parseVkey(text, cosignatureAlgorithm);
  return key === null ? null : { ...key, cosigns: true };
}

function cosignedMessage(noteText: string, timestampS: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${timestampS}\n${noteText}`);
}

/** The signature line over a checkpoint's text (without its signature lines); `timeS` in s since the epoch. */
export function cosign(noteText: string, timeS: number, signer: Cosigner): string {
  if (!noteText.endsWith('\n')) throw new TypeError('the text of a checkpoint ends with a newline');
  const timestampS = BigInt(timeS);
  const time = Buffer.alloc(timestampBytes);
  time.writeBigUInt64BE(timestampS);
  const signature = sign(null, cosignedMessage(noteText, timestampS), signer.privateKey);
  return signatureLine(signer, Buffer.concat([time, signature]));
}

/** Time of the cosignature in s since the epoch; null where the line is not this witness's, or its signature is wrong. */
export function verifyCosignature(noteText: string, line: NoteSignature, key: WitnessKey): number | null {
  if (!isSignedBy(line, key) || line.signature.length !== timestampBytes + signatureBytes) return null;
  const timestampS = line.signature.readBigUInt64BE(0);
  // Zero would make no statement about time; beyond 2^53 s it would be no time of ours.
  if (timestampS === 0n || timestampS > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const message = cosignedMessage(noteText, timestampS);
  return verify(null, message, key.publicKey, line.signature.subarray(timestampBytes)) ? Number(timestampS) : null;
}

export type Cosignature = {
  /** The witness key's name. */
  readonly witness: string;
  readonly timeS: number;
  /** With its newline, to be put behind the log's own. */
  readonly line: string;
};

export type Cosignatures = {
  readonly good: readonly Cosignature[];
  /** Witnesses among `keys` whose line is there and wrong: such a note is to be rejected (signed-note, "Signatures"). */
  readonly wrong: readonly string[];
};

/** What the given witnesses say of a note; lines of others are passed over, and a note that is none says nothing. */
export function openCosignatures(note: string, keys: readonly WitnessKey[]): Cosignatures {
  const split = splitNote(note);
  if (typeof split === 'string') return { good: [], wrong: [] };
  const good: Cosignature[] = [];
  const wrong: string[] = [];
  for (const line of split.signatures) {
    const key = keys.find((known) => isSignedBy(line, known));
    if (key === undefined) continue;
    const timeS = verifyCosignature(split.text, line, key);
    if (timeS === null) wrong.push(key.name);
    else good.push({ witness: key.name, timeS, line: line.line });
  }
  return { good, wrong };
}
