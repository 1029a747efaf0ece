// A small audit bundle for the tests of its verification, made without a database: made records, one stretch left out, a
// checkpoint on the way and one at the end, both cosigned. As docs/audit-format.md says it.
import { generateKeyPairSync } from 'node:crypto';
import { checkpointLine, gapLine, headerLine, leavesLine } from '../../../gateway/audit/bundle-lines.ts';
import { BundleTree, coveringNodes } from '../../../gateway/audit/bundle-tree.ts';
import type { TrustedKeys } from '../../../gateway/audit/bundle-trust.ts';
import { signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { cosign, cosigner, witnessKeyOf } from '../../../gateway/audit/cosignature.ts';
import { type Hash, leafHash } from '../../../gateway/audit/merkle.ts';
import { noteSigner, noteVerifier } from '../../../gateway/audit/signed-note.ts';
import { madeRecords } from '../../bench/made-log.ts';

const ed25519 = () => generateKeyPairSync('ed25519').privateKey;
export const signer = noteSigner('log.example/plant', ed25519());
const witness = cosigner('witness.example', ed25519());
const stranger = cosigner('stranger.example', ed25519());
export const trust: TrustedKeys = {
  log: noteVerifier(signer),
  witnesses: [witnessKeyOf(witness)],
  quorum: 1,
  known: null,
};
export const [size, gapFrom, gapTo, pinnedAt] = [24, 6, 10, 17];

/** `bend` alters a record's bytes before anything is hashed or signed: what somebody with the log's key could make. */
export function smallBundle(bend: (seq: number, text: string) => string = (_, text) => text): string {
  const tree = new BundleTree();
  const lines = [headerLine({ origin: signer.name, size, madeAt: '2026-05-01T12:00:00Z', selection: { tag: 'A' } })];
  const records = [...madeRecords(size, signer)].map(({ bytes }, seq) => bend(seq, Buffer.from(bytes).toString()));
  const leaves = records.map((text) => leafHash(Buffer.from(text)));
  let run: Hash[] = [];
  const closeRun = (): void => {
    if (run.length > 0) lines.push(leavesLine(tree.size - run.length, run));
    run = [];
  };
  for (const [seq, text] of records.entries()) {
    const leaf = leaves[seq] ?? Buffer.alloc(0);
    if (seq === gapFrom) {
      closeRun();
      const roots = coveringNodes(gapFrom, gapTo).map(({ level, index }) => {
        const part = new BundleTree();
        for (const each of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) part.append(each);
        return part.root();
      });
      lines.push(gapLine(gapTo, roots));
    }
    tree.append(leaf);
    if (seq >= gapFrom && seq < gapTo) continue;
    lines.push(`${text}\n`);
    run.push(leaf);
    if (seq + 1 !== pinnedAt && seq + 1 !== size) continue;
    closeRun();
    const note = signCheckpoint(tree.size, tree.root(), signer);
    const signed = note.slice(0, note.indexOf('\n\n') + 1);
    const timeS = 1_790_000_000;
    lines.push(checkpointLine(note + cosign(signed, timeS, witness) + cosign(signed, timeS, stranger)));
  }
  return lines.join('');
}

/** In pieces of an odd size, so that lines lie across pieces. */
export async function* inPieces(file: Uint8Array | string, bytesAPiece = 1013): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(file);
  for (let from = 0; from < bytes.length; from += bytesAPiece) yield bytes.subarray(from, from + bytesAPiece);
}
