// An audit bundle (docs/audit-format.md) of made records, written as the exporter writes a whole log, without a database:
// for the case verify.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { checkpointLine, headerLine, leavesAtOnce, leavesLine } from '../../gateway/audit/bundle-lines.ts';
import type { NoteSigner } from '../../gateway/audit/signed-note.ts';
import { madeRecords } from './made-log.ts';

/** Records between two checkpoints, at least, as in the product's bundles. */
const checkpointEvery = 1024;
const bytesAWrite = 1 << 20;

export async function writeMadeBundle(file: string, records: number, signer: NoteSigner): Promise<void> {
  const out = createWriteStream(file);
  let text = headerLine({ origin: signer.name, size: records, madeAt: new Date().toISOString(), selection: null });
  let leaves: Uint8Array[] = [];
  let checkpointAt = 0;
  for (const { columns, bytes, leaf, note } of madeRecords(records, signer)) {
    text += `${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')}\n`;
    leaves.push(leaf);
    const size = columns.seq + 1;
    const pinned = note !== null && (size === records || size - checkpointAt >= checkpointEvery);
    if (leaves.length === leavesAtOnce || pinned) {
      text += leavesLine(size - leaves.length, leaves);
      leaves = [];
    }
    if (pinned) {
      text += checkpointLine(note);
      checkpointAt = size;
    }
    if (text.length < bytesAWrite) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end(text);
  await once(out, 'finish');
}
