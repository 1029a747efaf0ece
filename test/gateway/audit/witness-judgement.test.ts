import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import {
  appendLeaf,
  consistencyRanges,
  emptyRoot,
  emptyTree,
  type Hash,
  leafHash,
  nodePlace,
  proofHashes,
  rootOf,
  type Tree,
} from '../../../gateway/audit/merkle.ts';
import { noteSigner, noteVerifier } from '../../../gateway/audit/signed-note.ts';
import { judge, type WitnessedLog } from '../../../gateway/audit/witness-judgement.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from '../../../gateway/audit/witness-request.ts';

const signer = noteSigner('example.com/log', generateKeyPairSync('ed25519').privateKey);
const stranger = noteSigner('example.com/log', generateKeyPairSync('ed25519').privateKey);

/** A log of records `<story> 0`, `<story> 1` …: stories differ from the record of that number on. */
function logOf(story: (index: number) => string, size: number) {
  const trees: Tree[] = [emptyTree];
  const rows: (readonly Hash[])[] = [];
  for (let index = 0; index < size; index++) {
    const grown = appendLeaf(trees[index] ?? emptyTree, leafHash(Buffer.from(story(index))));
    rows.push(grown.completed);
    trees.push(grown.tree);
  }
  const rootAt = (at: number) => rootOf(trees[at] ?? emptyTree);
  const prove = (from: number, to: number) =>
    proofHashes(consistencyRanges(from, to), (node) => {
      const place = nodePlace(node);
      return rows[place.seq]?.[place.level] ?? Buffer.of();
    });
  return { rootAt, prove, note: (at: number, by = signer) => signCheckpoint(at, rootAt(at), by) };
}
const real = logOf((index) => `record ${index}`, 20);
const rewritten = logOf((index) => (index === 3 ? 'another' : `record ${index}`), 20);

const watched = (size: number): WitnessedLog => ({
  keys: [noteVerifier(signer)],
  seen: size === 0 ? null : { size, root: real.rootAt(size) },
});
const ask = (
  body: { readonly oldSize: number; readonly proof: readonly Hash[]; readonly note: string } | string,
  log: WitnessedLog | undefined,
) => judge(typeof body === 'string' ? body : formatAddCheckpoint(body), () => log);

describe('what a witness makes of a checkpoint', () => {
  it('AUD-3: cosigns the first it sees, what continues it, and the same again', () => {
    expect(ask({ oldSize: 0, proof: [], note: real.note(7) }, watched(0))).toMatchObject({ answer: 200 });
    const next = ask({ oldSize: 7, proof: real.prove(7, 20), note: real.note(20) }, watched(7));
    expect(next).toMatchObject({ answer: 200, head: { size: 20, root: real.rootAt(20) } });
    expect(ask({ oldSize: 7, proof: [], note: real.note(7) }, watched(7))).toMatchObject({ answer: 200 });
    const none = { oldSize: 0, proof: [], note: signCheckpoint(0, emptyRoot, signer) };
    expect(ask(none, watched(0))).toMatchObject({ answer: 200 });
  });

  it('AUD-3: keeps the log’s own signatures only, whatever else stands on the note', () => {
    const note = `${real.note(7)}— somebody.else AAAAAAAA\n`;
    expect(ask({ oldSize: 0, proof: [], note }, watched(0))).toMatchObject({ answer: 200, note: real.note(7) });
  });

  it('AUD-3: 409 names the size to prove from, whoever is behind; going back is an alarm', () => {
    expect(ask({ oldSize: 0, proof: [], note: real.note(20) }, watched(7))).toEqual({
      answer: 409,
      origin: 'example.com/log',
      size: 7,
      alarm: null,
    });
    expect(ask({ oldSize: 5, proof: [], note: real.note(5) }, watched(7))).toMatchObject({
      answer: 409,
      size: 7,
      alarm: 'went-back',
    });
    expect(ask({ oldSize: 0, proof: [], note: rewritten.note(7) }, watched(7))).toMatchObject({
      answer: 409,
      alarm: 'forked',
    });
  });

  it('AUD-3: 422 and an alarm for a log that was rewritten, whatever proof it brings', () => {
    for (const proof of [rewritten.prove(7, 20), real.prove(7, 20), [], [real.rootAt(7)]]) {
      const asked = ask({ oldSize: 7, proof, note: rewritten.note(20) }, watched(7));
      expect(asked).toMatchObject({ answer: 422, alarm: 'forked' });
    }
    expect(ask({ oldSize: 7, proof: [], note: rewritten.note(7) }, watched(7))).toMatchObject({
      answer: 422,
      alarm: 'forked',
    });
    expect(ask({ oldSize: 0, proof: real.prove(7, 20), note: real.note(20) }, watched(0))).toMatchObject({
      answer: 422,
    });
    const impossible = { oldSize: 0, proof: [], note: signCheckpoint(0, real.rootAt(1), signer) };
    expect(ask(impossible, watched(0))).toMatchObject({ answer: 422 });
  });

  it('AUD-3: 404 for a log that it does not know, 403 for one that another key signed, or nobody', () => {
    const proof = real.prove(7, 20);
    expect(ask({ oldSize: 7, proof, note: real.note(20) }, undefined)).toMatchObject({ answer: 404, alarm: null });
    const forged = { oldSize: 7, proof: rewritten.prove(7, 20), note: rewritten.note(20, stranger) };
    expect(ask(forged, watched(7))).toMatchObject({ answer: 403, alarm: null });
    const broken = real.note(20).replace(/.{8}=\n$/, 'AAAAAAAA=\n');
    expect(broken).not.toBe(real.note(20));
    expect(ask({ oldSize: 7, proof, note: broken }, watched(7))).toMatchObject({ answer: 403 });
  });

  it('AUD-3: 400 for what is no request', () => {
    const note = real.note(7);
    const bad = [
      '',
      note,
      `old 7\n\n`,
      `old -1\n\n${note}`,
      `old 07\n\n${note}`,
      `old 0x7\n\n${note}`,
      `old 7\nAAAA\n\n${note}`,
      `size 7\n\n${note}`,
      `old 7\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${note}`,
      `old 7\n\n${note.slice(0, -1)}`,
    ];
    for (const body of bad) expect(ask(body, watched(7)), body.slice(0, 20)).toMatchObject({ answer: 400 });
    expect(ask({ oldSize: 9, proof: [], note }, watched(7))).toMatchObject({ answer: 400 });
  });

  it('AUD-3: a request reads back as it was written', () => {
    const request = { oldSize: 7, proof: real.prove(7, 20), note: real.note(20) };
    const again = parseAddCheckpoint(formatAddCheckpoint(request));
    expect({ ...again, proof: again?.proof.map((hash) => Buffer.from(hash)) }).toEqual({
      ...request,
      proof: request.proof.map((hash) => Buffer.from(hash)),
    });
  });
});
