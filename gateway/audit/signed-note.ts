// C2SP signed-note v1.0.0 with Ed25519 keys: the envelope of a checkpoint. Text, a blank line, signature lines.
// Pure; keys are given by file-keys.ts. Unknown keys' signatures are ignored, as the specification says. The witnesses'
// kind of line, with a time in it, is cosignature.ts's.
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/** Signature type identifiers (signed-note, "Signature types"): a log's own, and a witness's timestamped one. */
export type NoteAlgorithm = 1 | 4;
const ed25519Algorithm = 1;
const keyIdBytes = 4;
export const signatureBytes = 64;
const publicKeyBytes = 32;
/** Signature lines that a note may have: 16 must be taken, more than this is somebody's attempt to keep us busy. */
const mostSignatures = 100;

export type NoteSigner = { readonly name: string; readonly keyId: Buffer; readonly privateKey: KeyObject };
export type NoteVerifier = { readonly name: string; readonly keyId: Buffer; readonly publicKey: KeyObject };

/** Key id: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key). */
export function keyId(name: string, publicKey: Uint8Array, algorithm: NoteAlgorithm = ed25519Algorithm): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(algorithm), publicKey]), 'buffer').subarray(
    0,
    keyIdBytes,
  );
}

/** A name may hold neither white space nor a plus (signed-note, "Format"); 1 to 128 characters, so that a slot holds it. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Z}\p{Cc}]{1,128}$/u.test(name) && name.isWellFormed();
}

export function rawPublicKey(key: KeyObject): Buffer {
  const x = key.export({ format: 'jwk' }).x;
  if (key.asymmetricKeyType !== 'ed25519' || x === undefined) throw new TypeError('not an Ed25519 key');
  return Buffer.from(x, 'base64url');
}

export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  if (!isKeyName(name)) throw new TypeError(`not a name for a note's key: ${name}`);
  return { name, keyId: keyId(name, rawPublicKey(createPublicKey(privateKey))), privateKey };
}

export function noteVerifier(signer: NoteSigner): NoteVerifier {
  return { name: signer.name, keyId: signer.keyId, publicKey: createPublicKey(signer.privateKey) };
}

/** `<name>+<key id, 8 hex digits>+<base64 of algorithm ‖ public key>`. */
export function formatVkey(verifier: NoteVerifier, algorithm: NoteAlgorithm = ed25519Algorithm): string {
  const key = Buffer.concat([Buffer.of(algorithm), rawPublicKey(verifier.publicKey)]);
  return `${verifier.name}+${verifier.keyId.toString('hex')}+${key.toString('base64')}`;
}

/** Null where the text is no vkey, is of another algorithm, or its id does not match its key. */
export function parseVkey(text: string, algorithm: NoteAlgorithm = ed25519Algorithm): NoteVerifier | null {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text.trim());
  const [, name, id, encoded] = match ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) return null;
  const key = Buffer.from(encoded, 'base64');
  if (key.length !== 1 + publicKeyBytes || key[0] !== algorithm) return null;
  const raw = key.subarray(1);
  if (keyId(name, raw, algorithm).toString('hex') !== id) return null;
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
  });
  return { name, keyId: Buffer.from(id, 'hex'), publicKey };
}

/** Signs `text`, which must end with a newline; one line for each signer, in their order. */
export function signNote(text: string, ...signers: readonly NoteSigner[]): string {
  if (!text.endsWith('\n')) throw new TypeError('the text of a note ends with a newline');
  const lines = signers.map((signer) => signatureLine(signer, sign(null, Buffer.from(text), signer.privateKey)));
  return `${text}\n${lines.join('')}`;
}

/** `— <name> <base64 of key id ‖ signature>`, with its newline. */
export function signatureLine(key: { readonly name: string; readonly keyId: Buffer }, signature: Uint8Array): string {
  return `— ${key.name} ${Buffer.concat([key.keyId, signature]).toString('base64')}\n`;
}

export type NoteSignature = {
  readonly name: string;
  readonly keyId: Buffer;
  /** What follows the key id: algorithm and length are the key's. */
  readonly signature: Buffer;
  /** As it stands in the note, with its newline. */
  readonly line: string;
};
export type SplitNote = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** Text and signature lines, nothing verified; a string says why it is no signed note. */
export function splitNote(note: string): SplitNote | string {
  const boundary = note.lastIndexOf('\n\n');
  if (boundary < 0 || !note.endsWith('\n')) return 'it is not a signed note';
  const signatures = parseSignatureLines(note.slice(boundary + 2));
  return typeof signatures === 'string' ? signatures : { text: note.slice(0, boundary + 1), signatures };
}

/** Lines as a witness answers them, each with its newline; a string says what is wrong with them. */
export function parseSignatureLines(text: string): readonly NoteSignature[] | string {
  if (!text.endsWith('\n')) return 'a signature line is malformed';
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > mostSignatures) return `it has more than ${mostSignatures} signature lines`;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
    const [, name, encoded] = match ?? [];
    if (name === undefined || encoded === undefined) return 'a signature line is malformed';
    const blob = Buffer.from(encoded, 'base64');
    if (blob.toString('base64') !== encoded || blob.length < keyIdBytes) return 'a signature line is malformed';
    signatures.push({
      name,
      keyId: blob.subarray(0, keyIdBytes),
      signature: blob.subarray(keyIdBytes),
      line: `${line}\n`,
    });
  }
  return signatures;
}

export function isSignedBy(signature: NoteSignature, key: { readonly name: string; readonly keyId: Buffer }): boolean {
  return signature.name === key.name && signature.keyId.equals(key.keyId);
}

export type OpenedNote = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** The text of a note that carries a valid signature by `verifier`; another key's lines are passed over. */
export function openNote(note: string, verifier: NoteVerifier): OpenedNote {
  const split = splitNote(note);
  if (typeof split === 'string') return { ok: false, why: split };
  const { text, signatures } = split;
  let found = false;
  for (const line of signatures) {
    if (!isSignedBy(line, verifier)) continue;
    const { signature } = line;
    if (signature.length !== signatureBytes || !verify(null, Buffer.from(text), verifier.publicKey, signature)) {
      return { ok: false, why: `its signature by ${line.name} is wrong` };
    }
    found = true;
  }
  return found ? { ok: true, text } : { ok: false, why: `it is not signed by ${formatVkey(verifier)}` };
}
