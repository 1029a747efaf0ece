import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { emptyRoot } from '../../../gateway/audit/merkle.ts';
import {
  formatVkey,
  noteSigner,
  noteVerifier,
  openNote,
  parseVkey,
  signNote,
} from '../../../gateway/audit/signed-note.ts';

type Vector = { name: string; vkey: string; skeySeedBase64: string; text: string; signature: string };
const vector = JSON.parse(readFileSync(new URL('../../vectors/signed-note.json', import.meta.url), 'utf8')) as Vector;
const note = `${vector.text}\n— ${vector.name} ${vector.signature}\n`;

function vectorSigner() {
  const seed = Buffer.from(vector.skeySeedBase64, 'base64').subarray(1);
  // RFC 8410 §7: the PKCS #8 prefix of an Ed25519 seed.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return noteSigner(vector.name, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function verifierOf(vkey: string) {
  const verifier = parseVkey(vkey);
  if (verifier === null) throw new Error('not a vkey');
  return verifier;
}

describe('signed notes and checkpoints', () => {
  it('AUD-3: signs as golang.org/x/mod/sumdb/note does, byte for byte', () => {
    expect(signNote(vector.text, vectorSigner())).toBe(note);
    expect(formatVkey(noteVerifier(vectorSigner()))).toBe(vector.vkey);
  });

  it('AUD-3: opens a foreign implementation’s note, and none that was changed anywhere', () => {
    const verifier = verifierOf(vector.vkey);
    expect(openNote(note, verifier)).toEqual({ ok: true, text: vector.text });
    for (let place = 0; place < note.length; place++) {
      const code = note.charCodeAt(place);
      const changed = note.slice(0, place) + String.fromCharCode(code === 65 ? 66 : 65) + note.slice(place + 1);
      expect(openNote(changed, verifier).ok, `changed at ${place}`).toBe(false);
    }
    expect(openNote(note.slice(0, -1), verifier).ok).toBe(false);
    expect(openNote(vector.text, verifier).ok).toBe(false);
  });

  it('AUD-3: passes over signatures by unknown keys, and never takes one for the known key’s', () => {
    const verifier = verifierOf(vector.vkey);
    const other = noteSigner('other.example/log', generateKeyPairSync('ed25519').privateKey);
    const both = `${note}— ${signNote(vector.text, other).split('\n— ')[1] ?? ''}`;
    expect(openNote(both, verifier).ok).toBe(true);
    expect(openNote(signNote(vector.text, other), verifier).ok).toBe(false);
    const impostor = noteSigner(vector.name, generateKeyPairSync('ed25519').privateKey);
    expect(openNote(signNote(vector.text, impostor), verifier).ok).toBe(false);
  });

  it('AUD-5: refuses a vkey whose id is not its key’s, or of another algorithm', () => {
    expect(parseVkey(vector.vkey.replace('c74f20a3', 'c74f20a4'))).toBeNull();
    expect(parseVkey(vector.vkey.replace('+ARpc', '+BRpc'))).toBeNull();
    expect(parseVkey('PeterNeumann+c74f20a3')).toBeNull();
    expect(() => noteSigner('with blank', generateKeyPairSync('ed25519').privateKey)).toThrow(TypeError);
  });

  it('AUD-3: a checkpoint is origin, size and root, and nothing that merely resembles one', () => {
    const signer = noteSigner('example.com/log', generateKeyPairSync('ed25519').privateKey);
    const verifier = noteVerifier(signer);
    const opened = openCheckpoint(signCheckpoint(7, emptyRoot, signer), verifier);
    expect(opened).toMatchObject({ ok: true, checkpoint: { origin: 'example.com/log', size: 7 } });
    const root = Buffer.from(emptyRoot).toString('base64');
    const texts = [
      `example.com/log\n07\n${root}\n`,
      `example.com/log\n-7\n${root}\n`,
      `example.com/log\n7\n${root.slice(4)}\n`,
      `example.com/log\n7\n`,
      `example.com/other\n7\n${root}\n`,
    ];
    for (const text of texts) expect(openCheckpoint(signNote(text, signer), verifier).ok, text).toBe(false);
  });
});
