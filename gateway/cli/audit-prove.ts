// `countersign audit prove`: RFC 6962 proofs of the running or stopped gateway's log, checked before they are given (AUD-3).
// An inclusion proof comes as C2SP tlog-proof: with its cosigned checkpoint one text that any tool can check. Reads only.
import path from 'node:path';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { type Hash, verifyConsistency, verifyInclusion } from '../audit/merkle.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import { runOn } from '../audit/postgres-lock.ts';
import { newestCosignedSize, readCheckpointAt, readConsistency, readInclusion } from '../audit/postgres-proofs.ts';
import { parseSize } from '../audit/witness-request.ts';
import { connectToLog } from './audit-source.ts';
import { CannotDo, readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';

export const auditProve: SubCommand = {
  summary: 'prove a record, or that the log continues an earlier size',
  help: `Usage: countersign audit prove --seq N [--size N] [--witnesses N] [--data DIR] [--database URL] [--json]
       countersign audit prove --from N [--to N] [--data DIR] [--database URL] [--json]

With --seq: that record N is in the log, as C2SP tlog-proof: index, hashes and the checkpoint with its cosignatures. The leaf is
SHA-256(0x00 and the record's canonical bytes, as audit export --format jsonl writes them).
With --from: that the log of --to records continues the one of --from: hashes in base64, one a line.

  --size N         of a checkpoint, from which on the record is proven: the newest one unless told
  --witnesses N    the newest checkpoint that at least N witnesses cosigned
  --to N           the newest size unless told
  --json           as the API gives it, with the checkpoint
  --data DIR       the gateway's data folder (./data, or COUNTERSIGN_DATA)
  --database URL   another database (postgresql://…)

Exit 0: proven. 1: the database cannot be read, or cannot prove it. 2: wrongly asked.
`,
  run: async (args, env) => {
    const text = { type: 'string' } as const;
    const options = readOptions(args, {
      seq: text,
      size: text,
      witnesses: text,
      from: text,
      to: text,
      data: text,
      database: text,
      json: { type: 'boolean', default: false },
    });
    const [seq, from] = [number(options.seq, '--seq'), number(options.from, '--from')];
    const [size, to] = [number(options.size, '--size'), number(options.to, '--to')];
    const witnesses = number(options.witnesses, '--witnesses') ?? 0;
    if ((seq === undefined) === (from === undefined)) throw new WronglyAsked('either --seq or --from is needed');
    if (size !== undefined && witnesses > 0) throw new WronglyAsked('either --size or --witnesses, not both');
    const folder = path.resolve(options.data ?? env.COUNTERSIGN_DATA ?? './data');
    const { client, close } = await connectToLog(folder, options.database);
    try {
      const run = runOn(client);
      const newest = await newestSize(run, witnesses);
      const said =
        seq === undefined
          ? await proveContinued(run, from ?? 0, to ?? newest, options.json)
          : await proveIncluded(run, seq, size ?? newest, options.json);
      process.stdout.write(said);
      return 0;
    } catch (error) {
      throw error instanceof RangeError ? new CannotDo(error.message) : error;
    } finally {
      await close();
    }
  },
};

function number(given: string | undefined, name: string): number | undefined {
  if (given === undefined) return undefined;
  const parsed = parseSize(given);
  if (parsed === null) throw new WronglyAsked(`${name} must be a whole number`);
  return parsed;
}

async function newestSize(run: RunQuery, witnesses: number): Promise<number> {
  if (witnesses > 0) {
    const size = await newestCosignedSize(run, witnesses);
    if (size === null) throw new CannotDo(`no checkpoint was cosigned by ${witnesses} witnesses yet`);
    return size;
  }
  const found = await run('SELECT max(seq) + 1 AS size FROM log_record');
  return (found.rows[0] as { size: number | null } | undefined)?.size ?? 0;
}

async function checkpointOf(run: RunQuery, size: number): Promise<{ readonly note: string; readonly root: Hash }> {
  const note = await readCheckpointAt(run, size);
  const checkpoint = note === null ? null : readCheckpoint(note);
  if (note === null || checkpoint === null) throw new CannotDo(`no checkpoint was signed at ${size} records`);
  return { note, root: checkpoint.root };
}

async function proveIncluded(run: RunQuery, seq: number, size: number, asJson: boolean): Promise<string> {
  const { note, root } = await checkpointOf(run, size);
  const proof = await readInclusion(run, seq, size);
  if (!verifyInclusion(seq, size, fromBase64(proof.leaf), proof.hashes.map(fromBase64), root))
    throw new CannotDo(`the stored nodes do not prove record ${seq}: run 'countersign audit verify'`);
  if (asJson) return `${JSON.stringify({ ...proof, checkpoint: note })}\n`;
  return `c2sp.org/tlog-proof@v1\nindex ${seq}\n${proof.hashes.map((hash) => `${hash}\n`).join('')}\n${note}`;
}

async function proveContinued(run: RunQuery, from: number, to: number, asJson: boolean): Promise<string> {
  const proof = await readConsistency(run, from, to);
  const [before, after] = [await readCheckpointAt(run, from), await checkpointOf(run, to)];
  const old = before === null ? null : readCheckpoint(before);
  // Only a size at which a checkpoint was signed can be checked here; whoever has one of another size checks it with his.
  if (old !== null && !verifyConsistency(from, to, old.root, after.root, proof.hashes.map(fromBase64)))
    throw new CannotDo(`the stored nodes do not prove it: run 'countersign audit verify'`);
  if (asJson) return `${JSON.stringify({ ...proof, checkpoint: after.note })}\n`;
  return proof.hashes.map((hash) => `${hash}\n`).join('');
}

function fromBase64(text: string): Hash {
  return Buffer.from(text, 'base64');
}
