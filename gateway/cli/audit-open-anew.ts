// `countersign audit open-anew`: where records are lost for good and the database was brought back by other means than
// `countersign restore`, the log goes on under another name with a new key, and its first record says what is lost (OPS-6).
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkpointFile } from '../audit/file-checkpoint.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import { LogTrouble } from '../audit/log-trouble.ts';
import { openNewOrigin } from '../audit/postgres-new-origin.ts';
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts';
import { connectAsOwner } from '../database/prepare.ts';
import { writerLock } from '../database/schema.ts';
import { DatabaseTrouble } from '../database/trouble.ts';
import { holdFolder, keptCheckpoint } from './audit-source.ts';
import { systemAccount } from './leave-note.ts';
import { CannotDo, readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';

export const auditOpenAnew: SubCommand = {
  summary: 'go on with a log that lost records, under another name',
  help: `Usage: countersign audit open-anew --reason TEXT [--checkpoint FILE | --unknown] [--data DIR] [--database OWNER-URL]

For a gateway that refuses to start with "log-rolled-back", where nobody has the missing records any more. What is left stays
as it is; the log goes on under another origin with a new key, and the first record under it holds the newest checkpoint of the
old one. Nobody can hide a loss by this: witnesses and verifiers must be given the new key, and see the gap. Stop the gateway
first. Restore a better backup instead, if there is one.

  --reason TEXT         why, for the record
  --checkpoint FILE     the newest checkpoint that is known (a copy, a witness's), instead of the data folder's own
  --unknown             no checkpoint is left that could tell how much is lost
  --data DIR            the gateway's data folder (./data, or COUNTERSIGN_DATA)
  --database OWNER-URL  the owner's URL of an external database; without it the embedded one of the data folder

Exit 0: opened anew. 1: it cannot be, or nothing is lost. 2: wrongly asked.
`,
  run: async (args, env) => {
    const text = { type: 'string' } as const;
    const options = readOptions(args, {
      reason: text,
      checkpoint: text,
      unknown: { type: 'boolean', default: false },
      data: text,
      database: text,
    });
    const { reason } = options;
    if (reason === undefined || reason.trim() === '') throw new WronglyAsked('--reason is needed');
    if (options.checkpoint !== undefined && options.unknown)
      throw new WronglyAsked('either --checkpoint or --unknown, not both');
    const dataFolder = path.resolve(options.data ?? env.COUNTERSIGN_DATA ?? './data');
    const known = options.unknown ? null : await newestKnown(dataFolder, options.checkpoint);
    const held = holdFolder(dataFolder);
    try {
      const opened = await asOwner(dataFolder, options.database, (client) =>
        openNewOrigin(client, { dataFolder, now: Date.now, lock: writerLock, known, reason, by: systemAccount() }),
      );
      const lost = opened.lost === null ? 'how many records are lost is not known' : `${opened.lost} records are lost`;
      process.stdout.write(
        `The log goes on as ${opened.origin} with record ${opened.seq}; ${lost}.\nGive its new key to witnesses and verifiers:\n${opened.vkey}\n`,
      );
      return 0;
    } catch (error) {
      throw error instanceof LogTrouble || error instanceof DatabaseTrouble ? new CannotDo(error.message) : error;
    } finally {
      held.release();
    }
  },
};

async function newestKnown(dataFolder: string, file: string | undefined): Promise<string> {
  if (file !== undefined)
    return readFile(file, 'utf8').catch(() => {
      throw new WronglyAsked(`--checkpoint ${file} cannot be read`);
    });
  const pinned = await readPinnedKey(vkeyFile(dataFolder));
  const kept = pinned === null ? null : await keptCheckpoint(dataFolder, pinned);
  if (kept?.note !== undefined && kept.note !== null) return kept.note;
  throw new WronglyAsked(
    `${checkpointFile(dataFolder)} holds no checkpoint of this log; give the newest one with --checkpoint, or --unknown`,
  );
}

async function asOwner<Result>(
  dataFolder: string,
  database: string | undefined,
  act: (client: Awaited<ReturnType<typeof connectAsOwner>>) => Promise<Result>,
): Promise<Result> {
  const server = database === undefined ? await startEmbeddedPostgres({ dataFolder }) : null;
  try {
    const client = await connectAsOwner(database ?? server?.ownerUrl ?? '');
    try {
      return await act(client);
    } finally {
      await client.end();
    }
  } finally {
    await server?.stop();
  }
}
