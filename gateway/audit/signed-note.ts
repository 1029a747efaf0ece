// C2SP signed-note v1.0.0 with Ed25519 keys: the envelope of a checkpoint. Text, a blank line, signature lines.
// Pure; keys are given by file-keys.ts. Unknown keys' signatures are ignored, as the specification says.
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

const ed25519Algorithm = 1;
const keyIdBytes = 4;
const signatureBytes = 64;
const publicKeyBytes = 32;

export type NoteSigner = { readonly name: string; readonly keyId: Buffer; readonly privateKey: KeyObject };
export type NoteVerifier = { readonly name: string; readonly keyId: Buffer; readonly publicKey: KeyObject };

/** Key id: the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
export function keyId(name: string, publicKey: Uint8Array): Buffer {
  return hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519Algorithm), publicKey]),
    'buffer',
  ).subarray(0, keyIdBytes);
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

/** `<name>+<key id, 8 hex digits>+<base64 of 0x01 ‖ public key>`. */
export function formatVkey(verifier: NoteVerifier): string {
  const key = Buffer.concat([Buffer.of(ed25519Algorithm), rawPublicKey(verifier.publicKey)]);
  return `${verifier.name}+${verifier.keyId.toString('hex')}+${key.toString('base64')}`;
}

/** Null where the text is no vkey, is of another algorithm, or its id does not match its key. */
export function parseVkey(text: string): NoteVerifier | null {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text.trim());
  const [, name, id, encoded] = match ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) return null;
  const key = Buffer.from(encoded, 'base64');
  if (key.length !== 1 + publicKeyBytes || key[0] !== ed25519Algorithm) return null;
  const raw = key.subarray(1);
  if (keyId(name, raw).toString('hex') !== id) return null;
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
  });
  return { name, keyId: Buffer.from(id, 'hex'), publicKey };
}

/** Signs `text`, which must end with a newline. */
export function signNote(text: string, signer: NoteSigner): string {
  if (!text.endsWith('\n')) throw new TypeError('the text of a note ends with a newline');
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  return `${text}\n— ${signer.name} ${Buffer.concat([signer.keyId, signature]).toString('base64')}\n`;
}

export type OpenedNote = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** The text of a note that carries a valid signature by `verifier`; another key's lines are passed over. */
export function openNote(note: string, verifier: NoteVerifier): OpenedNote {
  const boundary = note.lastIndexOf('\n\n');
  if (boundary < 0 || !note.endsWith('\n')) return { ok: false, why: 'it is not a signed note' };
  const text = note.slice(0, boundary + 1);
  const lines = note.slice(boundary + 2, -1).split('\n');
  if (lines.length > 100) return { ok: false, why: 'it has more than 100 signature lines' };
  let found = false;
  for (const line of lines) {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
    const [, name, encoded] = match ?? [];
    if (name === undefined || encoded === undefined) return { ok: false, why: 'a signature line is malformed' };
    const blob = Buffer.from(encoded, 'base64');
    if (blob.toString('base64') !== encoded) return { ok: false, why: 'a signature line is malformed' };
    if (name !== verifier.name || !blob.subarray(0, keyIdBytes).equals(verifier.keyId)) continue;
    const signature = blob.subarray(keyIdBytes);
    if (signature.length !== signatureBytes || !verify(null, Buffer.from(text), verifier.publicKey, signature)) {
      return { ok: false, why: `its signature by ${name} is wrong` };
    }
    found = true;
  }
  return found ? { ok: true, text } : { ok: false, why: `it is not signed by ${formatVkey(verifier)}` };
}
