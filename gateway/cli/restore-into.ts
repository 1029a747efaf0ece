// The writing half of `countersign restore` (OPS-6): holds the data folder, fills the empty database in one transaction,
// verifies what stands in it then, decides under which name the log goes on, and puts the keys in place. Called by restore.ts.
import { access, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { openCheckpoint } from '../audit/checkpoint.ts';
import {
  CheckpointFile,
  checkpointFile,
  createCheckpointFile,
  type KeptCheckpoint,
  readCheckpointFile,
} from '../audit/file-checkpoint.ts';
import { LogTrouble } from '../audit/log-trouble.ts';
import { openNewOrigin } from '../audit/postgres-new-origin.ts';
import { recordRestore } from '../audit/postgres-restored.ts';
import { rowsInTransaction } from '../audit/postgres-rows.ts';
import type { NoteVerifier } from '../audit/signed-note.ts';
import { type Verification, verifyLog } from '../audit/verify.ts';
import { type ProjectedRow, projectionTroubles } from '../audit/verify-projections.ts';
import { RecordChecks } from '../audit/verify-records.ts';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { fillEmptyDatabase } from '../database/fill-empty.ts';
import { connectAsOwner } from '../database/prepare.ts';
import { writerLock } from '../database/schema.ts';
import { rowsIn } from '../database/table-copy.ts';
import { DatabaseTrouble } from '../database/trouble.ts';
import { holdFolder } from './audit-source.ts';
import { placeDataFiles } from './backup-data-files.ts';
import type { Manifest } from './backup-manifest.ts';
import type { Progress } from './progress.ts';
import type { BackupContents } from './restore-contents.ts';
import { CannotDo, WronglyAsked } from './sub-command.ts';

/** Under which name the log goes on. `anew`: records were lost, or nobody can tell. */
export type Continuation =
  | { readonly kind: 'same'; readonly why: string }
  | {
      readonly kind: 'anew';
      readonly why: string;
      readonly origin: string;
      readonly vkey: string;
      /** The newest checkpoint that is known; null where nobody can tell how far the log went. */
      readonly known: string | null;
    };

export type RestoreOrder = {
  readonly dataFolder: string;
  /** Owner's address; undefined: the embedded database of the data folder. */
  readonly database: string | undefined;
  readonly verifier: NoteVerifier | null;
  /** Files with signed checkpoints kept elsewhere. */
  readonly checkpoints: readonly string[];
  readonly nothingLost: boolean;
  readonly acceptWrong: boolean;
  readonly progress: Progress;
};

export type Restored = {
  readonly verified: Verification;
  readonly projections: readonly string[];
  readonly written: boolean;
  readonly continuation: Continuation | null;
};

/** Files without which a restored gateway could neither check a password nor go on with the log. */
const neededKeys = ['keys/log.pem', 'keys/log.vkey', 'keys/password.key'] as const;

/** Throws CannotDo or WronglyAsked; then database and data folder are as before, but for an empty embedded database. */
export async function restoreInto(contents: BackupContents, order: RestoreOrder): Promise<Restored> {
  const { manifest } = contents;
  const folder = holdFolder(order.dataFolder);
  try {
    await needKeys(contents, order.dataFolder);
    const known = await knownCheckpoints(order);
    if (order.nothingLost && known.some((kept) => kept.checkpoint.size > manifest.log.size))
      throw new WronglyAsked(
        `--nothing-lost does not hold: a checkpoint proves that there were more than ${manifest.log.size} records`,
      );
    const database = await openDatabase(order);
    try {
      return await fill(database.client, contents, order, known);
    } finally {
      await database.close();
    }
  } catch (error) {
    throw error instanceof DatabaseTrouble || error instanceof LogTrouble ? new CannotDo(error.message) : error;
  } finally {
    folder.release();
  }
}

/** Ends the transaction without anything in it. */
class LogIsWrong extends Error {
  readonly found: Restored;
  constructor(found: Restored) {
    super('the log in the backup is wrong');
    this.found = found;
  }
}

async function fill(
  client: pg.Client,
  contents: BackupContents,
  order: RestoreOrder,
  known: readonly KeptCheckpoint[],
): Promise<Restored> {
  const { manifest, files } = contents;
  const { size } = manifest.log;
  let restored: Restored | null = null;
  let note = manifest.log.checkpoint;
  const plan = planOf(manifest, order, known);
  const { dataFolder } = order;
  const said = { reason: `restored from the backup of ${manifest.createdAt}: ${plan.why}`, by: userInfo().username };
  try {
    await fillEmptyDatabase(client, {
      mode: manifest.mode,
      schemaVersion: manifest.schemaVersion,
      tables: manifest.tables,
      records: { from: manifest.log.first, through: size - 1 },
      fill: async () => {
        await loadTables(client, contents, order.progress);
        const verified = await verifyRestored(client, order.verifier, known, size);
        const projections =
          verified.bad === null ? projectionTroubles(await projectedRows(client), verified.standing) : [];
        const good = verified.bad === null && projections.length === 0;
        const found: Restored = { verified, projections, written: good || order.acceptWrong, continuation: null };
        if (!found.written) throw new LogIsWrong(found);
        // Before the commit: a database without its keys would be worth nothing, keys without one do no harm.
        await placeDataFiles(order.dataFolder, files);
        restored = found;
        if (good && plan.kind === 'same')
          note = await recordRestore(client, { dataFolder, origin: originOf(order), now: Date.now, ...said });
      },
    });
  } catch (error) {
    if (error instanceof LogIsWrong) return error.found;
    throw error;
  }
  if (restored === null) throw new CannotDo('nothing was restored');
  const found: Restored = restored;
  if (found.verified.bad !== null || found.projections.length > 0) return found;
  if (plan.kind === 'same') {
    await placeCheckpoint(dataFolder, note);
    return { ...found, continuation: plan };
  }
  const opened = await openNewOrigin(client, {
    dataFolder,
    now: Date.now,
    lock: writerLock,
    known: plan.known,
    ...said,
  });
  return { ...found, continuation: { ...plan, origin: opened.origin, vkey: opened.vkey } };
}

async function loadTables(client: pg.Client, contents: BackupContents, progress: Progress): Promise<void> {
  await contents.tables(async (table, chunks) => {
    const into = rowsIn(client, table);
    progress.say(() => `${table.name} …`);
    await pipeline(chunks, into);
    return into.rowCount;
  });
}

/** What stands in the database now, read back from it, within the transaction that brought it in. */
async function verifyRestored(
  client: pg.Client,
  verifier: NoteVerifier | null,
  known: readonly KeptCheckpoint[],
  size: number,
): Promise<Verification> {
  const checks = new RecordChecks();
  const within = known.map(({ checkpoint }) => checkpoint).filter((checkpoint) => checkpoint.size <= size);
  const kept = within.toSorted((left, right) => right.size - left.size)[0] ?? null;
  return verifyLog(rowsInTransaction(client), {
    verifier,
    kept,
    checkSignature: (record) => checks.take(record),
  });
}

async function projectedRows(client: pg.Client): Promise<readonly ProjectedRow[]> {
  return (await client.query<ProjectedRow>('SELECT subject, document, seq FROM projection ORDER BY subject')).rows;
}

type Plan =
  | { readonly kind: 'same'; readonly why: string }
  | { readonly kind: 'anew'; readonly why: string; readonly known: string | null };

/** Under its own name only where nothing is missing: the log signed for what was lost. */
function planOf(manifest: Manifest, order: RestoreOrder, known: readonly KeptCheckpoint[]): Plan {
  const { size } = manifest.log;
  const newest = known.toSorted((left, right) => right.checkpoint.size - left.checkpoint.size)[0] ?? null;
  const proven = newest?.checkpoint.size ?? 0;
  if (newest !== null && proven > size)
    return {
      kind: 'anew',
      why: `${proven - size} records that a checkpoint proves are lost (${size} to ${proven - 1})`,
      known: newest.note,
    };
  if (proven === size) return { kind: 'same', why: 'the newest checkpoint that is known is that of the backup’s end' };
  if (order.nothingLost)
    return { kind: 'same', why: 'nothing was recorded after it, by the word of whoever restored it' };
  return { kind: 'anew', why: 'whether records were lost after that backup cannot be told', known: null };
}

function originOf(order: RestoreOrder): string {
  if (order.verifier === null) throw new CannotDo('no public key of the log is at hand; give it with --key');
  return order.verifier.name;
}

/** From the data folder, and the files given; each must be signed by the log's key. */
async function knownCheckpoints(order: RestoreOrder): Promise<readonly KeptCheckpoint[]> {
  const { verifier } = order;
  if (verifier === null) return [];
  const known: KeptCheckpoint[] = [];
  const kept = await readCheckpointFile(checkpointFile(order.dataFolder), verifier);
  if (typeof kept !== 'string') known.push(kept);
  for (const file of order.checkpoints) {
    const note = await readFile(file, 'utf8').catch(() => {
      throw new WronglyAsked(`--checkpoint ${file} cannot be read`);
    });
    const opened = openCheckpoint(note, verifier);
    if (!opened.ok) throw new CannotDo(`--checkpoint ${file} is not of this log: ${opened.why}`);
    known.push({ note, checkpoint: opened.checkpoint });
  }
  return known;
}

async function needKeys(contents: BackupContents, dataFolder: string): Promise<void> {
  for (const name of neededKeys) {
    if (contents.files.some((file) => file.name === name)) continue;
    const there = await access(path.join(dataFolder, name)).then(
      () => true,
      () => false,
    );
    if (!there)
      throw new CannotDo(
        `the backup holds no ${name}, nor does ${dataFolder}: put your copy of the keys folder there first, without it no password works and the log cannot go on`,
      );
  }
}

/** The gateway holds the database against it at its next start. */
async function placeCheckpoint(dataFolder: string, note: string): Promise<void> {
  const file = checkpointFile(dataFolder);
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (!there) await createCheckpointFile(file);
  const slots = await CheckpointFile.open(file, null);
  try {
    await slots.write(note);
  } finally {
    await slots.close();
  }
}

type OpenDatabase = { readonly client: pg.Client; readonly close: () => Promise<void> };

async function openDatabase(order: RestoreOrder): Promise<OpenDatabase> {
  if (order.database !== undefined) {
    const client = await connectAsOwner(order.database);
    return { client, close: () => client.end() };
  }
  const server = await startEmbeddedPostgres({ dataFolder: order.dataFolder });
  try {
    const client = await connectAsOwner(server.ownerUrl);
    const close = async (): Promise<void> => {
      await client.end();
      await server.stop();
    };
    return { client, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
