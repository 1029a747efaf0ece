// C2SP tlog-checkpoint: the signed head of the audit log (AUD-3). Made by the writer for every commit, checked by
// the start check and every verifier. Pure. No extension lines: witnesses' cosignatures do not cover them.
import { type Hash, hashBytes } from './merkle.ts';
import { type NoteSigner, type NoteVerifier, openNote, signNote } from './signed-note.ts';

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Hash };

/** Signed note over origin, size and root; the key's name is the origin. `former`: the key that hands over to it. */
export function signCheckpoint(size: number, root: Hash, signer: NoteSigner, former?: NoteSigner): string {
  const text = `${signer.name}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  return former === undefined ? signNote(text, signer) : signNote(text, signer, former);
}

export type OpenedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly why: string };

/** Parses a checkpoint and checks its signature and that its origin is the key's name. */
export function openCheckpoint(note: string, verifier: NoteVerifier): OpenedCheckpoint {
  const opened = openNote(note, verifier);
  if (!opened.ok) return opened;
  const parsed = parseCheckpointText(opened.text);
  if (parsed === null) return { ok: false, why: 'its text is not a checkpoint' };
  if (parsed.origin !== verifier.name) return { ok: false, why: `it is of another log, ${parsed.origin}` };
  return { ok: true, checkpoint: parsed };
}

/** Without any check of the signature: for a verifier that has no key, and for messages. Null where it is none. */
export function readCheckpoint(note: string): Checkpoint | null {
  const boundary = note.lastIndexOf('\n\n');
  return boundary < 0 ? null : parseCheckpointText(note.slice(0, boundary + 1));
}

/** The text of a note, that is the note without its signature lines. */
export function parseCheckpointText(text: string): Checkpoint | null {
  const [origin, size, root] = text.split('\n');
  if (!origin || size === undefined || root === undefined) return null;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(root)) return null;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.length !== hashBytes || !Number.isSafeInteger(Number(size))) return null;
  return { origin, size: Number(size), root: bytes };
}
