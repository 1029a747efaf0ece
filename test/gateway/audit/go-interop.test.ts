// Held against another implementation: what golang.org/x/mod/sumdb/tlog and note made (test/vectors/go/make-tlog-vectors.go).
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import {
  cosign,
  cosigner,
  formatWitnessKey,
  openCosignatures,
  parseWitnessKey,
  witnessKeyOf,
} from '../../../gateway/audit/cosignature.ts';
import {
  appendLeaf,
  consistencyRanges,
  emptyTree,
  type Hash,
  inclusionRanges,
  leafHash,
  nodePlace,
  proofHashes,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../gateway/audit/merkle.ts';
import { formatVkey, noteSigner, noteVerifier, openNote, parseVkey } from '../../../gateway/audit/signed-note.ts';

type Vectors = {
  roots: string[];
  inclusion: { Seq: number; Size: number; Hashes: string[] }[];
  consistency: { From: number; To: number; Hashes: string[] }[];
  logSeed: string;
  logVkey: string;
  witnessSeed: string;
  witnessTimeS: number;
  witnessVkey: string;
  checkpoint: string;
};
const go = JSON.parse(readFileSync(new URL('../../vectors/go-tlog.json', import.meta.url), 'utf8')) as Vectors;

const base64 = (hash: Hash) => Buffer.from(hash).toString('base64');
const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
const leaf = (seq: number) => leafHash(Buffer.from(`record ${seq}`));

/** RFC 8410 §7: the PKCS #8 prefix of an Ed25519 seed. */
function privateKey(seed: string) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes(seed)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
const signer = noteSigner('example.com/countersign/log', privateKey(go.logSeed));
const witness = cosigner('witness.example/w1', privateKey(go.witnessSeed));

describe('against Go’s sumdb/tlog and note', () => {
  it('AUD-3: has the same roots, makes the same proofs, and takes Go’s', () => {
    const rows: (readonly Hash[])[] = [];
    let tree = emptyTree;
    go.roots.forEach((root, index) => {
      const grown = appendLeaf(tree, leaf(index));
      rows.push(grown.completed);
      tree = grown.tree;
      expect(base64(rootOf(tree))).toBe(root);
    });
    const nodeAt = (node: Parameters<typeof nodePlace>[0]): Hash => {
      const { seq, level } = nodePlace(node);
      return rows[seq]?.[level] ?? Buffer.of();
    };
    const rootAt = (size: number) => bytes(go.roots[size - 1]);
    expect([go.inclusion.length, go.consistency.length]).toEqual([17, 24]);
    for (const { Seq, Size, Hashes } of go.inclusion) {
      expect(proofHashes(inclusionRanges(Seq, Size), nodeAt).map(base64)).toEqual(Hashes);
      expect(verifyInclusion(Seq, Size, leaf(Seq), Hashes.map(bytes), rootAt(Size))).toBe(true);
    }
    for (const { From, To, Hashes } of go.consistency) {
      expect(proofHashes(consistencyRanges(From, To), nodeAt).map(base64)).toEqual(Hashes);
      expect(verifyConsistency(From, To, rootAt(From), rootAt(To), Hashes.map(bytes))).toBe(true);
    }
  });

  it('AUD-3: signs and cosigns a checkpoint byte for byte as Go does, and opens Go’s', () => {
    expect(formatVkey(noteVerifier(signer))).toBe(go.logVkey);
    expect(formatWitnessKey(witnessKeyOf(witness))).toBe(go.witnessVkey);
    const size = go.roots.length;
    const note = signCheckpoint(size, bytes(go.roots[size - 1]), signer);
    const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
    expect(note + cosign(text, go.witnessTimeS, witness)).toBe(go.checkpoint);
    expect(openCheckpoint(go.checkpoint, noteVerifier(signer))).toMatchObject({ ok: true, checkpoint: { size } });
    expect(openCosignatures(go.checkpoint, [witnessKeyOf(witness)])).toMatchObject({
      good: [{ witness: 'witness.example/w1', timeS: 1679315147 }],
      wrong: [],
    });
  });

  it('AUD-5: a cosignature changed anywhere, of another time, text or key, is wrong, and a log’s key is no witness’s', () => {
    const key = parseWitnessKey(go.witnessVkey);
    if (key === null) throw new Error('no key');
    const start = go.checkpoint.lastIndexOf(' ') + 1;
    for (let place = start; place < go.checkpoint.length - 3; place++) {
      const letter = go.checkpoint[place] === 'A' ? 'B' : 'A';
      const changed = go.checkpoint.slice(0, place) + letter + go.checkpoint.slice(place + 1);
      expect(openCosignatures(changed, [key]).good, `changed at ${place}`).toEqual([]);
    }
    const other = go.checkpoint.replace('\n21\n', '\n22\n');
    expect(openCosignatures(other, [key])).toEqual({ good: [], wrong: ['witness.example/w1'] });
    expect([parseWitnessKey(go.logVkey), parseVkey(go.witnessVkey)]).toEqual([null, null]);
    // A witness's line never counts as the log's, even where both have one key and one name.
    const both = cosigner(signer.name, signer.privateKey);
    const text = go.checkpoint.slice(0, go.checkpoint.lastIndexOf('\n\n') + 1);
    expect(openNote(`${text}\n${cosign(text, 1, both)}`, noteVerifier(signer)).ok).toBe(false);
    expect(() => cosign('no newline', 1, witness)).toThrow(TypeError);
  });
});
