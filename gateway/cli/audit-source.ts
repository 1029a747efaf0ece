// Where `countersign audit …` finds the database and the keys: the data folder of a running gateway (`run/gateway.json`,
// `keys/log.vkey`, `checkpoints/`) or what was given. Reads only; the URL is the gateway's own role.
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import type { Checkpoint } from '../audit/checkpoint.ts';
import { checkpointFile, readCheckpointFile } from '../audit/file-checkpoint.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import { type NoteVerifier, parseVkey } from '../audit/signed-note.ts';
import { connectionTrouble, newClient } from '../database/connection.ts';
import { withSchema } from '../database/schema.ts';
import { CannotDo, WronglyAsked } from './sub-command.ts';

const runSchema = z.object({ databaseUrl: z.string() });

/** Throws CannotDo where no database is known or it is not reachable. */
export async function connectToLog(dataFolder: string, databaseUrl: string | undefined): Promise<pg.Client> {
  const url = databaseUrl ?? (await runningDatabase(dataFolder));
  try {
    const client = newClient(withSchema(url), { applicationName: 'countersign audit' });
    client.on('error', () => {
      // The next query on it fails and says so.
    });
    await client.connect();
    return client;
  } catch (error) {
    throw new CannotDo(connectionTrouble(url, error));
  }
}

async function runningDatabase(dataFolder: string): Promise<string> {
  const file = path.join(dataFolder, 'run', 'gateway.json');
  try {
    return runSchema.parse(JSON.parse(await readFile(file, 'utf8'))).databaseUrl;
  } catch {
    throw new CannotDo(
      `no running gateway is known in ${dataFolder} (${file} cannot be read); start it, name its folder with --data, or give --database URL`,
    );
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

/** The checkpoint kept outside the database; null where the data folder has none. Read it before the rows. */
export async function keptCheckpoint(dataFolder: string, verifier: NoteVerifier): Promise<Checkpoint | null> {
  const kept = await readCheckpointFile(checkpointFile(dataFolder), verifier);
  return typeof kept === 'string' ? null : kept.checkpoint;
}

/** Whether a checkpoint file is there to be held against. */
export async function hasCheckpointFile(dataFolder: string): Promise<boolean> {
  return access(checkpointFile(dataFolder)).then(
    () => true,
    () => false,
  );
}
