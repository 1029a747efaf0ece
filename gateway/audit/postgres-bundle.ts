// Writes a bundle of the audit log (AUD-5, docs/audit-format.md): the records asked for, those that they stand on, what
// proves them, the newest checkpoint. For `GET /audit/export?format=bundle`, `countersign audit export` and the archive.
// Reads only, in steps over the primary key: its memory is one bit a record of the log and one step's rows.
import { checkpointLine, gapLine, headerLine, leavesAtOnce, leavesLine } from './bundle-lines.ts';
import { coveringNodes } from './bundle-tree.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { Hash } from './merkle.ts';
import { type BundleSelection, keyKinds, selectNumbers } from './postgres-bundle-selection.ts';
import type { RunQuery } from './postgres-change.ts';
import { readNodes } from './postgres-nodes.ts';
import { readCheckpointAt } from './postgres-proofs.ts';

/** Records between two checkpoints on the way, at least: they narrow down what was rewritten. */
const checkpointEvery = 1024;
/** Records of one piece; a multiple of leavesAtOnce. */
const recordsAtOnce = 512;
/** Pieces whose rows and nodes are read together. */
const piecesAtOnce = 200;

export type BundleRequest = {
  readonly selection: BundleSelection;
  /** RFC 3339. */
  readonly madeAt: string;
};

type Row = { readonly seq: number; readonly body: Buffer; readonly leaf: Buffer; readonly checkpoint: string | null };
type Piece = { readonly from: number; readonly to: number; readonly kept: boolean };

/**
 * The file, piece by piece. Throws BundleBroken, or NodeMissing, where rows that it needs are missing: a damaged log
 * makes no bundle.
 */
export async function* writeBundle(run: RunQuery, request: BundleRequest): AsyncGenerator<Uint8Array> {
  const head = await newestCheckpoint(run);
  const { size, origin } = head;
  const kept = await selectNumbers(run, request.selection, size);
  const stops = stopsOf([...(await keyCheckpoints(run)), ...(await cosignedCheckpoints(run, size)), head.note], size);
  yield Buffer.from(headerLine({ origin, size, madeAt: request.madeAt, selection: request.selection.asked }));
  const writer = new PieceWriter(run, stops);
  let batch: Piece[] = [];
  let records = 0;
  for (const piece of pieces(kept, size, [...stops.keys()])) {
    batch.push(piece);
    if (piece.kept) records += piece.to - piece.from;
    if (batch.length < piecesAtOnce && records < recordsAtOnce) continue;
    yield await writer.write(batch);
    batch = [];
    records = 0;
  }
  if (batch.length > 0) yield await writer.write(batch);
}

/** Rows that must be there are not. */
export class BundleBroken extends Error {}

class PieceWriter {
  readonly #run: RunQuery;
  readonly #stops: ReadonlyMap<number, string>;
  #lastCheckpoint = 0;

  constructor(run: RunQuery, stops: ReadonlyMap<number, string>) {
    this.#run = run;
    this.#stops = stops;
  }

  async write(batch: readonly Piece[]): Promise<Uint8Array> {
    const gaps = batch.filter((piece) => !piece.kept);
    const nodeAt = await readNodes(
      this.#run,
      gaps.flatMap(({ from, to }) => coveringNodes(from, to)),
    );
    const rows = await this.#rows(batch.filter((piece) => piece.kept));
    const lines: Uint8Array[] = [];
    for (const piece of batch) {
      if (piece.kept) lines.push(...this.#records(piece, rows));
      else lines.push(Buffer.from(gapLine(piece.to, coveringNodes(piece.from, piece.to).map(nodeAt))));
      const note = this.#stops.get(piece.to);
      if (note !== undefined) lines.push(this.#checkpoint(piece.to, note));
    }
    return Buffer.concat(lines);
  }

  #checkpoint(size: number, note: string): Uint8Array {
    this.#lastCheckpoint = size;
    return Buffer.from(checkpointLine(note));
  }

  #records(piece: Piece, rows: ReadonlyMap<number, Row>): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let leaves: Hash[] = [];
    for (let seq = piece.from; seq < piece.to; seq += 1) {
      const row = rows.get(seq);
      if (row === undefined) throw new BundleBroken(missing(seq));
      lines.push(row.body, newline);
      leaves.push(row.leaf);
      const size = seq + 1;
      const pinned = row.checkpoint !== null && size - this.#lastCheckpoint >= checkpointEvery;
      if (size % leavesAtOnce === 0 || size === piece.to || pinned) {
        lines.push(Buffer.from(leavesLine(size - leaves.length, leaves)));
        leaves = [];
      }
      if (pinned && !this.#stops.has(size) && row.checkpoint !== null)
        lines.push(this.#checkpoint(size, row.checkpoint));
    }
    return lines;
  }

  async #rows(kept: readonly Piece[]): Promise<ReadonlyMap<number, Row>> {
    const numbers = kept.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index));
    const found = await this.#run(
      'SELECT seq, body, substring(hashes FROM 1 FOR 32) AS leaf, checkpoint FROM log_record WHERE seq = ANY($1::bigint[])',
      [numbers],
    );
    return new Map((found.rows as readonly Row[]).map((row) => [row.seq, row]));
  }
}

function missing(seq: number): string {
  return `record ${seq} is missing in the database, so no bundle can be made of it; run 'countersign audit verify'`;
}

const newline = Buffer.from('\n');

async function newestCheckpoint(run: RunQuery) {
  const found = await run(
    'SELECT checkpoint AS note FROM log_record WHERE checkpoint IS NOT NULL ORDER BY seq DESC LIMIT 1',
  );
  const { note } = (found.rows[0] ?? { note: null }) as { readonly note: string | null };
  const checkpoint = note === null ? null : readCheckpoint(note);
  if (note === null || checkpoint === null)
    throw new BundleBroken('the log holds no checkpoint, so there is nothing to prove its records by');
  return { note, ...checkpoint };
}

/** The checkpoints that settle which key signs: of the records that name one. */
async function keyCheckpoints(run: RunQuery): Promise<readonly string[]> {
  const found = await run(
    'SELECT checkpoint AS note FROM log_record WHERE kind = ANY($1::text[]) AND checkpoint IS NOT NULL',
    [keyKinds],
  );
  return (found.rows as readonly { readonly note: string }[]).map(({ note }) => note);
}

/** What the witnesses said last, each of them, and of the newest checkpoint. */
async function cosignedCheckpoints(run: RunQuery, size: number): Promise<readonly string[]> {
  const found = await run('SELECT DISTINCT max(size) AS size FROM cosignature WHERE size <= $1 GROUP BY witness', [
    size,
  ]);
  const sizes = (found.rows as readonly { readonly size: number }[]).map((row) => row.size);
  const notes: string[] = [];
  for (const each of [...sizes, size]) notes.push((await readCheckpointAt(run, each)) ?? '');
  return notes;
}

/** Notes by the size that they are for; the later one of a size stands, and what is beyond `size` is left out. */
function stopsOf(notes: readonly string[], size: number): ReadonlyMap<number, string> {
  const stops = new Map<number, string>();
  for (const note of notes) {
    const checkpoint = readCheckpoint(note);
    if (checkpoint === null || checkpoint.size > size || checkpoint.size === 0) continue;
    const before = stops.get(checkpoint.size);
    // Of one size, the note with more signatures says more.
    if (before === undefined || before.length < note.length) stops.set(checkpoint.size, note);
  }
  return stops;
}

/** Runs of kept and of left-out records, from 0 to `size`, none of them across a stop; kept ones in handy lengths. */
function* pieces(kept: (seq: number) => boolean, size: number, stops: readonly number[]): Generator<Piece> {
  const ends = [...stops].sort((left, right) => left - right);
  let from = 0;
  for (const end of ends) {
    while (from < end) {
      const is = kept(from);
      let to = from + 1;
      const longest = is ? Math.min(end, from - (from % recordsAtOnce) + recordsAtOnce) : end;
      while (to < longest && kept(to) === is) to += 1;
      yield { from, to, kept: is };
      from = to;
    }
  }
  if (from !== size) throw new BundleBroken('the last checkpoint is not that of the whole log');
}
