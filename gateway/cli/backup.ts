// `countersign backup FILE` (OPS-6): log, tree, checkpoints, accounts and all other tables of one moment, with the keys to go
// on, in one encrypted file. Beside a running gateway or a stopped one, for which it leaves a note to record; else it reads only.
import { createHash, randomUUID } from 'node:crypto';
import path from 'node:path';
import type pg from 'pg';
import { version } from '../assembly/version.ts';
import { openCheckpoint } from '../audit/checkpoint.ts';
import type { BackupNote } from '../audit/file-cli-notes.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import { formatVkey } from '../audit/signed-note.ts';
import { CopyRows } from '../database/copy-rows.ts';
import { rowsOut, schemaVersion, type TableShape, tablesOf } from '../database/table-copy.ts';
import { connectToLog } from './audit-source.ts';
import { readDataFiles } from './backup-data-files.ts';
import { readLock } from './backup-encryption.ts';
import { type BackupWriter, writeBackup } from './backup-file.ts';
import { type End, endName, filesFolder, type Manifest, manifestName, tablesFolder } from './backup-manifest.ts';
import { leaveNote, systemAccount } from './leave-note.ts';
import { inBytes, type Progress, showProgress } from './progress.ts';
import { CannotDo, readOptionsAndWord, type SubCommand } from './sub-command.ts';

export const backup: SubCommand = {
  summary: 'write log, accounts and keys into one encrypted file',
  help: `Usage: countersign backup FILE [--recipient KEY]… [--passphrase-file FILE] [--unencrypted]
         [--without-keys] [--data DIR] [--database URL] [--json]

Writes the whole database of one moment and the data folder's keys and certificates into FILE, encrypted in the age format.
The gateway may run, and records it; one that is stopped records it at its next start. FILE must not exist. Verify a backup with: countersign restore FILE --check

  --recipient KEY       encrypt for this public key of age (age1…); may be given several times
  --passphrase-file F   encrypt by the passphrase in this file (12 characters at least); also COUNTERSIGN_BACKUP_PASSPHRASE;
                        without either it is asked for
  --unencrypted         do not encrypt; then keys are never in it
  --without-keys        leave keys and certificates out: a restore needs them from your own copy of keys/ and drivers/
  --data DIR            the gateway's data folder (./data, or COUNTERSIGN_DATA)
  --database URL        the database owner's address, for an external database of a stopped gateway (COUNTERSIGN_DATABASE_URL)
  --json                the report as JSON

Exit 0: written and flushed to disk. 1: it could not be; nothing is left under FILE. 2: wrongly asked.
`,
  run: async (args, env) => {
    const { values, word: file } = readOptionsAndWord(
      args,
      {
        recipient: { type: 'string', multiple: true },
        'passphrase-file': { type: 'string' },
        unencrypted: { type: 'boolean', default: false },
        'without-keys': { type: 'boolean', default: false },
        data: { type: 'string' },
        database: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      'FILE',
    );
    const lock = await readLock(values, env);
    const dataFolder = path.resolve(values.data ?? env.COUNTERSIGN_DATA ?? './data');
    const database = values.database ?? (env.COUNTERSIGN_DATABASE_URL || undefined);
    const withKeys = lock !== null && !values['without-keys'];
    const { client, close } = await connectToLog(dataFolder, database);
    const progress = showProgress();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const manifest = await describe(client, dataFolder, withKeys);
      const told = backupTeller(dataFolder, {
        file: path.resolve(file),
        upTo: manifest.log.size - 1,
        encrypted: lock !== null,
        keys: withKeys,
      });
      await told('begun', null, null);
      const writer = await writeBackup(file, lock).catch(async (error: Error) => {
        await told('failed', null, error);
        throw error;
      });
      try {
        const end = await writeAll(client, writer, manifest, withKeys ? dataFolder : null, progress);
        const bytes = await writer.finish();
        await told('written', bytes, null);
        progress.end();
        const report = { file, bytes, encrypted: lock !== null, keys: withKeys, log: manifest.log, ...end };
        process.stdout.write(
          values.json ? `${JSON.stringify(report)}\n` : inWords(file, bytes, manifest, lock !== null),
        );
        return 0;
      } catch (error) {
        await writer.discard();
        await told('failed', null, error as Error);
        throw error;
      }
    } finally {
      progress.end();
      await close();
    }
  },
};

/**
 * Leaves a note of each step for the gateway, which records it. Throws CannotDo where it cannot be left: a backup holds
 * everything, keys included, and none is made that leaves no trace.
 */
function backupTeller(dataFolder: string, of: Pick<BackupNote, 'file' | 'upTo' | 'encrypted' | 'keys'>) {
  const backup = randomUUID();
  return async (step: BackupNote['step'], bytes: number | null, fault: Error | null): Promise<void> => {
    const trouble = fault?.message.slice(0, 2000) ?? null;
    const note: BackupNote = {
      backup,
      step,
      at: new Date().toISOString(),
      by: systemAccount(),
      ...of,
      bytes,
      trouble,
    };
    await leaveNote(dataFolder, note, 'backup');
  };
}

/** Throws CannotDo where the log does not end at a checkpoint of its own key: that would not be a backup to go on from. */
async function describe(client: pg.Client, dataFolder: string, withKeys: boolean): Promise<Manifest> {
  const verifier = await readPinnedKey(vkeyFile(dataFolder));
  if (verifier === null)
    throw new CannotDo(
      `${vkeyFile(dataFolder)} is not there: name the gateway's data folder with --data; the backup is checked with its key, and recorded through it`,
    );
  const found = await client.query<{ mode: Manifest['mode']; origin: string }>('SELECT mode, origin FROM installation');
  const [installation] = found.rows;
  const rows = await client.query<{ seq: number; checkpoint: string | null }>(
    'SELECT seq, checkpoint FROM log_record ORDER BY seq DESC LIMIT 1',
  );
  const [last] = rows.rows;
  if (installation === undefined || last === undefined) throw new CannotDo('the database holds no log yet');
  const first = await client.query<{ seq: number }>('SELECT min(seq) AS seq FROM log_record');
  const note = last.checkpoint ?? '';
  const opened = openCheckpoint(note, verifier);
  const checkpoint = opened.ok ? opened.checkpoint : null;
  if (checkpoint?.size !== last.seq + 1)
    throw new CannotDo(
      `the log does not end at a checkpoint of its own key (${opened.ok ? `record ${last.seq}` : opened.why}); run countersign audit verify`,
    );
  return {
    format: 'countersign-backup',
    version: 1,
    createdAt: new Date().toISOString(),
    program: version,
    mode: installation.mode,
    origin: installation.origin,
    vkey: formatVkey(verifier),
    schemaVersion: await schemaVersion(client),
    log: { first: first.rows[0]?.seq ?? 0, size: checkpoint.size, checkpoint: note },
    keys: withKeys,
    tables: [...(await tablesOf(client))].map(({ name, columns, order }) => ({
      name,
      columns: [...columns],
      order: [...order],
    })),
  };
}

async function writeAll(
  client: pg.Client,
  writer: BackupWriter,
  manifest: Manifest,
  keysFrom: string | null,
  progress: Progress,
): Promise<End> {
  await writer.add(manifestName, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  for (const { name, bytes } of keysFrom === null ? [] : await readDataFiles(keysFrom))
    await writer.add(`${filesFolder}${name}`, bytes);
  const end: End = { tables: {} };
  for (const table of manifest.tables) {
    const counted = new CountedTable(client, table);
    const records = manifest.log.size - manifest.log.first;
    await writer.addStream(
      `${tablesFolder}${table.name}/`,
      counted.chunks(() =>
        progress.say(() =>
          table.name === 'log_record'
            ? `${counted.rows} of ${records} records (${Math.floor((100 * counted.rows) / records)} %), ${inBytes(counted.bytes)}`
            : `${table.name}: ${counted.rows} rows`,
        ),
      ),
    );
    end.tables[table.name] = { rows: counted.rows, sha256: counted.sha256() };
  }
  await writer.add(endName, Buffer.from(`${JSON.stringify(end, null, 2)}\n`));
  return end;
}

/** One table's stream with its number of rows, bytes and digest. */
class CountedTable {
  readonly #client: pg.Client;
  readonly #table: TableShape;
  readonly #digest = createHash('sha256');
  rows = 0;
  bytes = 0;

  constructor(client: pg.Client, table: TableShape) {
    this.#client = client;
    this.#table = table;
  }

  async *chunks(onChunk: () => void): AsyncGenerator<Buffer> {
    const reader = new CopyRows();
    for await (const chunk of rowsOut(this.#client, this.#table) as AsyncIterable<Buffer>) {
      this.rows += reader.take(chunk).length;
      this.bytes += chunk.length;
      this.#digest.update(chunk);
      onChunk();
      yield chunk;
    }
    if (!reader.ended) throw new CannotDo(`the database broke off while ${this.#table.name} was read; try again`);
  }

  sha256(): string {
    return this.#digest.digest('hex');
  }
}

function inWords(file: string, bytes: number, manifest: Manifest, encrypted: boolean): string {
  const { log } = manifest;
  const lines = [
    `Written: ${file}, ${inBytes(bytes)}, ${encrypted ? 'encrypted' : 'NOT encrypted'}, with the log up to record ${log.size - 1}.`,
    manifest.keys
      ? 'The keys are in it: whoever opens it can sign as this log. Keep passphrase or identity elsewhere.'
      : `Keys and certificates are NOT in it: keep a copy of keys/ and drivers/ of the data folder elsewhere; without them no password works and the log cannot go on.`,
    `Look whether it can be restored: countersign restore ${file} --check`,
  ];
  return `${lines.join('\n')}\n`;
}
