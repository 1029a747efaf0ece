// Where `countersign audit …` finds the database and the keys: the data folder of a running gateway (`run/gateway.json`,
// `keys/log.vkey`, `checkpoints/`) or what was given. Reads only; the URL is the gateway's own role. Where the gateway is
// stopped and its database is the embedded one, the server is started for the time of the question.
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import type { Checkpoint } from '../audit/checkpoint.ts';
import { checkpointFile, readCheckpointFile } from '../audit/file-checkpoint.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import { readFormerKeys } from '../audit/file-next-key.ts';
import { LogTrouble } from '../audit/log-trouble.ts';
import { type NoteVerifier, parseVkey } from '../audit/signed-note.ts';
import { connectionTrouble, newClient } from '../database/connection.ts';
import { type EmbeddedPostgres, hasEmbeddedCluster, startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { withSchema } from '../database/schema.ts';
import { DatabaseTrouble } from '../database/trouble.ts';
import { type HeldFolder, holdDataFolder } from './data-folder.ts';
import { StartRefused } from './start-refused.ts';
import { CannotDo, WronglyAsked } from './sub-command.ts';

const runSchema = z.object({ databaseUrl: z.string() });

export type LogConnection = {
  readonly client: pg.Client;
  /** Leaves behind what was found: a server that was started for this is stopped again. */
  readonly close: () => Promise<void>;
};

/** The database given, that of the running gateway, or the stopped gateway's embedded one. Throws CannotDo where there is none. */
export async function connectToLog(dataFolder: string, databaseUrl: string | undefined): Promise<LogConnection> {
  if (databaseUrl !== undefined) return connectTo(databaseUrl);
  const running = await runningDatabase(dataFolder);
  if (running !== null) {
    try {
      return await connectTo(running);
    } catch (error) {
      // The run file outlives a launcher that was killed hard.
      if (!(await hasEmbeddedCluster(dataFolder)) || launcherRuns(dataFolder)) throw error;
    }
  }
  if (await hasEmbeddedCluster(dataFolder)) return startStopped(dataFolder);
  throw new CannotDo(
    `no running gateway and no embedded database is known in ${dataFolder}; start it, name its folder with --data, or give --database URL`,
  );
}

async function connectTo(url: string): Promise<LogConnection> {
  try {
    const client = newClient(withSchema(url), { applicationName: 'countersign audit' });
    client.on('error', () => {
      // The next query on it fails and says so.
    });
    await client.connect();
    return { client, close: () => client.end() };
  } catch (error) {
    throw new CannotDo(connectionTrouble(url, error));
  }
}

/** As the owner, since the gateway's password is made at each start; whoever reads does so in read-only transactions. */
async function startStopped(dataFolder: string): Promise<LogConnection> {
  const folder = holdFolder(dataFolder);
  let server: EmbeddedPostgres | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    folder.release();
  };
  try {
    server = await startEmbeddedPostgres({ dataFolder });
    const interrupted = (): void => void stop().finally(() => process.exit(1));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted);
    const { client, close } = await connectTo(server.ownerUrl);
    await client.query('SET default_transaction_read_only = on');
    const closeBoth = async (): Promise<void> => {
      try {
        await close();
      } finally {
        await stop();
      }
    };
    return { client, close: closeBoth };
  } catch (error) {
    await stop();
    throw error instanceof DatabaseTrouble ? new CannotDo(error.message) : error;
  }
}

function launcherRuns(dataFolder: string): boolean {
  try {
    holdDataFolder(dataFolder).release();
    return false;
  } catch {
    return true;
  }
}

/** Nobody else starts on it meanwhile. Throws CannotDo where somebody runs. */
export function holdFolder(dataFolder: string): HeldFolder {
  try {
    return holdDataFolder(dataFolder);
  } catch (error) {
    throw error instanceof StartRefused ? new CannotDo(error.message) : error;
  }
}

async function runningDatabase(dataFolder: string): Promise<string | null> {
  try {
    return runSchema.parse(JSON.parse(await readFile(path.join(dataFolder, 'run', 'gateway.json'), 'utf8')))
      .databaseUrl;
  } catch {
    return null;
  }
}

/** The key to trust: given, as text or file, or pinned in the data folder. Null where there is none. */
export async function trustedKey(dataFolder: string, given: string | undefined): Promise<NoteVerifier | null> {
  if (given === undefined) return readPinnedKey(vkeyFile(dataFolder));
  const fromText = parseVkey(given);
  if (fromText !== null) return fromText;
  const fromFile = await readPinnedKey(given);
  if (fromFile !== null) return fromFile;
  throw new WronglyAsked(`--key is neither a key of the form name+id+key nor a file that exists: ${given}`);
}

/** Whoever trusts an earlier key of the log follows it to the present one: the file is signed by that. */
export async function keysOfTheSame(dataFolder: string, { name }: NoteVerifier): Promise<readonly NoteVerifier[]> {
  const pinned = await readPinnedKey(vkeyFile(dataFolder));
  if (pinned?.name !== name) return [];
  return [pinned, ...(await readFormerKeys(dataFolder, name))];
}

/**
 * The checkpoint kept outside the database: read it before the rows. `trouble` where the folder is that of a log (it
 * pins its key) and no checkpoint can be had from it: then records cut off at the end would not be seen. Both null for a
 * folder that is no log's.
 */
export async function keptCheckpoint(
  dataFolder: string,
  verifier: NoteVerifier,
): Promise<{ readonly checkpoint: Checkpoint | null; readonly note: string | null; readonly trouble: string | null }> {
  const file = checkpointFile(dataFolder);
  const isLogs = await access(vkeyFile(dataFolder)).then(
    () => true,
    () => false,
  );
  try {
    const kept = await readCheckpointFile(file, verifier, ...(await keysOfTheSame(dataFolder, verifier)));
    if (typeof kept !== 'string') return { ...kept, trouble: null };
    return { checkpoint: null, note: null, trouble: isLogs ? `the checkpoint file ${file} is ${kept}` : null };
  } catch (error) {
    if (!(error instanceof LogTrouble)) throw error;
    return { checkpoint: null, note: null, trouble: error.message };
  }
}
