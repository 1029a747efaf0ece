// Opens a log anew under another origin, with a new key, where records of it are lost for good (OPS-6): a log that once
// signed for them may never go on under its old name. The records that are left stay as they are; the first one under the
// new name holds the newest checkpoint that is known of the old. Called by `countersign restore` and `audit open-anew`, with
// the owner's connection, while no gateway runs.
import { randomUUID } from 'node:crypto';
import { access, rename } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import type { RecordDraft } from '../contract/audit-record.ts';
import type { Now } from '../identity/ports.ts';
import { openCheckpoint, readCheckpoint } from './checkpoint.ts';
import { CommitInMaking, type Head } from './commit-in-making.ts';
import { CheckpointFile, checkpointFile, createCheckpointFile } from './file-checkpoint.ts';
import { privateKeyFile, readIfThere, readPinnedKey, readSigner, vkeyFile } from './file-keys.ts';
import { dropNextKey, makeNextKey, readFormerKeys, readNextKey, takeOverNextKey } from './file-next-key.ts';
import { LogTrouble } from './log-trouble.ts';
import { rootOf, sameHash, verifyConsistency } from './merkle.ts';
import { postgresChange, type RunChange } from './postgres-change.ts';
import { CommitFailed, commitBatch } from './postgres-commit.ts';
import { runOn, takeLock, type WriterLock } from './postgres-lock.ts';
import { readOrigin } from './postgres-log.ts';
import { readConsistencyProof } from './postgres-nodes.ts';
import { checkStart, readTail, type Tail } from './postgres-start-check.ts';
import { formatVkey, type NoteSigner, type NoteVerifier, noteVerifier } from './signed-note.ts';

export type NewOriginOptions = {
  readonly dataFolder: string;
  readonly now: Now;
  readonly lock: WriterLock;
  /** The newest signed checkpoint of the old log that anybody has; null where nobody can tell how far it went. */
  readonly known: string | null;
  /** Why, in the words of the person who does it. */
  readonly reason: string;
  /** Who does it: an account of the operating system, since no gateway runs to ask for a signature. */
  readonly by: string;
};

export type NewOrigin = {
  readonly origin: string;
  /** To be given to witnesses and verifiers. */
  readonly vkey: string;
  /** Number of the first record under the new origin. */
  readonly seq: number;
  /** How many records are lost: those that the old log had from `seq` on; null where that is not known. */
  readonly lost: number | null;
};

/**
 * Throws LogTrouble: where nothing is lost (`log-whole`), where what is left is not whole itself, or is no part of the log
 * that `known` was signed for. Interrupted, it is finished by being called again.
 */
export async function openNewOrigin(client: pg.Client, options: NewOriginOptions): Promise<NewOrigin> {
  const run = runOn(client);
  if (!(await takeLock(run, options.lock, 0)))
    throw new LogTrouble('log-in-use', 'a gateway writes to this database; stop it first');
  try {
    const tail = await readTail(run);
    if (tail === null) throw new LogTrouble('log-whole', 'the database holds no records: a new log begins by itself');
    const origin = await readOrigin(run);
    const begun = await readNextKey(options.dataFolder, origin);
    if (begun !== null && tail.checkpoint !== null && openCheckpoint(tail.checkpoint, noteVerifier(begun)).ok)
      return await putInPlace(options.dataFolder, begun, tail.checkpoint, tail.seq, lostSince(tail));
    return await openAnew(client, options, origin, tail);
  } finally {
    await run('SELECT pg_advisory_unlock($1, $2)', [options.lock.class, options.lock.object]).catch(() => {
      // The connection is gone, and the lock with it.
    });
  }
}

async function openAnew(client: pg.Client, options: NewOriginOptions, origin: string, tail: Tail): Promise<NewOrigin> {
  const { dataFolder, known } = options;
  const verifier = await readPinnedKey(vkeyFile(dataFolder));
  if (verifier === null || verifier.name !== origin)
    throw new LogTrouble(
      'log-key-missing',
      `${vkeyFile(dataFolder)} does not hold the public key of ${origin}, by which what is left could be checked; put your copy of it there`,
    );
  const head = await checkStart(runOn(client), tail, null, verifier);
  const lost = known === null ? null : await countLost(client, dataFolder, known, head, verifier);
  const next = await makeNextKey(dataFolder, newName(origin));
  const former = await formerSigner(dataFolder, verifier);
  const draft: RecordDraft = {
    kind: 'log.opened',
    actor: null,
    terminal: null,
    address: null,
    subject: 'log',
    reason: { code: null, comment: options.reason },
    detail: {
      origin: next.name,
      vkey: formatVkey(noteVerifier(next)),
      by: options.by,
      continues: { origin, vkey: formatVkey(verifier), checkpoint: known, left: tail.checkpoint },
    },
  };
  const change: RunChange = async (run, { seq }) => {
    await run('INSERT INTO later_origin (since, origin) VALUES ($1, $2)', [seq, next.name]);
  };
  try {
    const waiting = {
      draft,
      change: postgresChange(change),
      handOver: { next, former },
      resolve: () => {},
      reject: () => {},
    };
    const { head: after, refused } = await commitBatch(
      client,
      { making: new CommitInMaking(head, options.now), rest: [waiting] },
      next,
    );
    const [failed] = refused;
    if (failed !== undefined) throw failed.error;
    return await putInPlace(dataFolder, next, after.note ?? '', head.tree.size, lost);
  } catch (error) {
    // A transaction whose end is not known is settled by the next call: the key stays where it is.
    if (error instanceof CommitFailed) {
      if (error.maybe === null) await dropNextKey(dataFolder);
      throw new LogTrouble('database-unusable', `the new origin could not be recorded: ${said(error.cause)}`, error);
    }
    throw error;
  }
}

/** Records from the head on that `known` proves; throws LogTrouble where there are none, or it is of another history. */
async function countLost(
  client: pg.Client,
  dataFolder: string,
  known: string,
  head: Head,
  verifier: NoteVerifier,
): Promise<number> {
  const verifiers = [verifier, ...(await readFormerKeys(dataFolder, verifier.name))];
  const opened = verifiers.map((one) => openCheckpoint(known, one)).find(({ ok }) => ok);
  if (opened === undefined || !opened.ok)
    throw new LogTrouble('log-replaced', `the checkpoint given is not signed by ${formatVkey(verifier)}`);
  const { size, root } = opened.checkpoint;
  if (size > head.tree.size) return size - head.tree.size;
  const proof = await readConsistencyProof(runOn(client), size, head.tree.size);
  const continues =
    size === head.tree.size
      ? sameHash(root, rootOf(head.tree))
      : verifyConsistency(size, head.tree.size, root, rootOf(head.tree), proof);
  if (continues)
    throw new LogTrouble(
      'log-whole',
      `nothing is lost: the database holds ${head.tree.size} records and continues the checkpoint of ${size}; start the gateway`,
    );
  throw new LogTrouble(
    'log-replaced',
    `the database's records are not those that the checkpoint of ${size} was signed for: keep them for the inspector, and restore a backup of this log`,
  );
}

/** The old private key, where it is at hand: with it the handing over can be believed by whoever trusts the old one. */
async function formerSigner(dataFolder: string, verifier: NoteVerifier): Promise<NoteSigner | undefined> {
  const file = privateKeyFile(dataFolder);
  const pem = await readIfThere(file);
  if (pem === null) return undefined;
  const signer = readSigner(pem, verifier.name, file);
  return formatVkey(noteVerifier(signer)) === formatVkey(verifier) ? signer : undefined;
}

/** Keys and checkpoint file of the new log; the old log's file is kept beside it under its key's id. */
async function putInPlace(
  dataFolder: string,
  next: NoteSigner,
  note: string,
  seq: number,
  lost: number | null,
): Promise<NewOrigin> {
  const file = checkpointFile(dataFolder);
  const held = await readIfThere(file);
  if (held !== null && !held.startsWith(`${next.name}\n`)) {
    const pinned = await readPinnedKey(vkeyFile(dataFolder));
    await rename(file, await freeName(`${file}.${pinned?.keyId.toString('hex') ?? 'former'}`));
  }
  if ((await readIfThere(file)) === null) await createCheckpointFile(file);
  const slots = await CheckpointFile.open(file, null);
  try {
    await slots.write(note);
  } finally {
    await slots.close();
  }
  await takeOverNextKey(dataFolder, next);
  return { origin: next.name, vkey: formatVkey(noteVerifier(next)), seq, lost };
}

async function freeName(wanted: string): Promise<string> {
  for (let number = 0; ; number++) {
    const name = number === 0 ? wanted : `${wanted}-${number}`;
    const taken = await access(name).then(
      () => true,
      () => false,
    );
    if (!taken) return name;
  }
}

/** What a former, interrupted call recorded. */
function lostSince(tail: Tail): number | null {
  const { detail } = JSON.parse(tail.body.toString('utf8')) as { detail?: { continues?: { checkpoint?: unknown } } };
  const known = detail?.continues?.checkpoint;
  const size = typeof known === 'string' ? readCheckpoint(known)?.size : undefined;
  return size === undefined ? null : Math.max(0, size - tail.seq);
}

/** `<what it was>/<another UUID>`: the same plant's, another log's. */
function newName(origin: string): string {
  return path.posix.join(path.posix.dirname(origin), randomUUID());
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
