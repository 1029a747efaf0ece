// `countersign audit export`: the audit trail of a database as a file (AUD-6), or as a bundle that proves itself (AUD-5). For
// administrators at the machine; the gateway records it by a note that is left for it before the file's first byte (AUD-1).
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { version } from '../assembly/version.ts';
import type { ExportNote } from '../audit/file-cli-notes.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import { type ExportRequest, exportChunks } from '../audit/postgres-export.ts';
import { runOn } from '../audit/postgres-lock.ts';
import { readOrigin } from '../audit/postgres-log.ts';
import { recordedPlant } from '../audit/postgres-plant.ts';
import { readCheckpointAt } from '../audit/postgres-proofs.ts';
import { countRecords, newestSeq } from '../audit/postgres-records.ts';
import {
  type AuditFilter,
  auditFilterSchema,
  type ExportFormat,
  exportFormatSchema,
  exportFormats,
  givenFilter,
} from '../contract/audit-filter.ts';
import { recordOutcomes, recordRisks } from '../contract/record-classes.ts';
import { connectToLog } from './audit-source.ts';
import { leaveNote, systemAccount } from './leave-note.ts';
import { inBytes, showProgress } from './progress.ts';
import { CannotDo, readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';

export const auditExport: SubCommand = {
  summary: 'write the audit trail as CSV, JSON Lines, XLSX, HTML, PDF, or a bundle that proves itself',
  help: `Usage: countersign audit export --format ${exportFormats.join('|')} [--output FILE]
         [--data DIR] [--database URL] [--from TIME] [--to TIME] [--actor USER] [--kind KIND] [--outcome OUTCOME]
         [--risk RISK] [--tag SUBJECT] [--area AREA] [--terminal ID] [--command ID] [--text WORDS]

Writes the records that match, oldest first, to standard output or FILE (a new one); how far it is, to standard error.
jsonl: each line is a record's canonical bytes. csv, xlsx, html, pdf: the same data, for reading; a cell of a CSV that a
spreadsheet would run as a formula is preceded by an apostrophe. bundle: the records that match, all records of their
commands, those that their signatures stand on, the checkpoint and the proofs, for 'countersign audit verify BUNDLE' and any
verifier made from docs/audit-format.md.

TIME as 2026-01-31T08:00:00Z. KIND: a kind of record, or the beginning of several with its dot: command.
OUTCOME: ${recordOutcomes.join(', ')}.
RISK: ${recordRisks.join(', ')} (docs/audit-log.md). AREA: records about tags of this area and those within it.
WORDS: all of them in the comment or message of a record, beginnings of words count.

The gateway records it (audit.exported), a stopped one at its next start, by a note in its data folder: where none can be left
there, nothing is exported.

Exit 0: written. 1: the database cannot be read, the note not left, or FILE not written. 2: wrongly asked.
`,
  run: async (args, env) => {
    const text = { type: 'string' } as const;
    const { format, output, data, database, ...asked } = readOptions(args, {
      format: text,
      output: text,
      data: text,
      database: text,
      from: text,
      to: text,
      actor: text,
      kind: text,
      outcome: text,
      risk: text,
      tag: text,
      area: text,
      terminal: text,
      command: text,
      text,
    });
    const wanted = formatOf(format);
    const filter = filterOf(asked);
    const dataFolder = path.resolve(data ?? env.COUNTERSIGN_DATA ?? './data');
    const { client, close } = await connectToLog(dataFolder, database);
    try {
      const run = runOn(client);
      await requireItsFolder(run, dataFolder);
      const id = randomUUID();
      const request = await requestOf(run, wanted, filter, id);
      await write(run, request, output, () => leaveNote(dataFolder, noteOf(id, request, output), 'export'));
      return 0;
    } finally {
      await close();
    }
  },
};

function formatOf(given: string | undefined): ExportFormat {
  const format = exportFormatSchema.safeParse(given);
  if (!format.success) throw new WronglyAsked(`--format is needed, one of ${exportFormats.join(', ')}`);
  return format.data;
}

/** What the options say; `area` is for those who know the plant. Throws WronglyAsked. */
export function filterOf(given: { readonly [name: string]: string | undefined }): AuditFilter {
  const filter = auditFilterSchema.safeParse(given);
  if (filter.success) return filter.data;
  const name = String(filter.error.issues[0]?.path[0] ?? '');
  const remedies: Readonly<Record<string, string>> = {
    from: 'must be a time in UTC such as 2026-01-31T08:00:00Z',
    to: 'must be a time in UTC such as 2026-01-31T08:00:00Z',
    kind: `names no kind of record: '${given.kind ?? ''}'`,
    outcome: `must be one of ${recordOutcomes.join(', ')}`,
    risk: `must be one of ${recordRisks.join(', ')}`,
  };
  throw new WronglyAsked(`--${name} ${remedies[name] ?? filter.error.issues[0]?.message ?? 'is not right'}`);
}

/** Throws CannotDo where the folder is not that of this log's gateway: a note in it would tell nobody, or a stranger. */
async function requireItsFolder(run: RunQuery, dataFolder: string): Promise<void> {
  const remedy = `name the gateway's data folder with --data; the export is recorded through it`;
  const file = vkeyFile(dataFolder);
  const pinned = await readPinnedKey(file);
  if (pinned === null) throw new CannotDo(`${file} is not there: ${remedy}`);
  const origin = await readOrigin(run);
  if (pinned.name !== origin)
    throw new CannotDo(`${file} is the key of another log (${pinned.name}, this one is ${origin}): ${remedy}`);
}

function noteOf(id: string, { format, cover }: ExportRequest, output: string | undefined): ExportNote {
  return {
    export: id,
    at: cover.exportedAt,
    by: systemAccount(),
    through: 'command line',
    file: output === undefined ? null : path.resolve(output),
    format,
    filter: cover.filter,
    records: cover.count,
    upTo: cover.upTo,
    checkpoint: cover.checkpoint,
  };
}

async function requestOf(run: RunQuery, format: ExportFormat, asked: AuditFilter, id: string): Promise<ExportRequest> {
  const plant = await recordedPlant(run);
  const { area, ...filter } = asked;
  const subjects = area === undefined ? undefined : plant?.subjectsOf(area);
  if (subjects === null || (area !== undefined && subjects === undefined))
    throw new CannotDo(`the log's configuration has no area '${area ?? ''}'`);
  const upTo = (await newestSeq(run)) ?? -1;
  const narrowed = { ...filter, subjects };
  return {
    format,
    filter: narrowed,
    cover: {
      plant: { name: plant?.name ?? 'Plant of unknown name', timeZone: plant?.timeZone ?? 'UTC', words: plant?.words },
      filter: givenFilter(asked),
      count: await countRecords(run, narrowed, upTo),
      upTo,
      exportedAt: new Date().toISOString(),
      exportedBy: null,
      terminal: null,
      record: { note: id },
      checkpoint: await readCheckpointAt(run, upTo + 1),
      version,
    },
  };
}

/** `tell` makes it known once the file can be written, and before anything is. */
async function write(
  run: RunQuery,
  request: ExportRequest,
  output: string | undefined,
  tell: () => Promise<void>,
): Promise<void> {
  const out = output === undefined ? process.stdout : createWriteStream(output, { flags: 'wx' });
  const progress = showProgress();
  let bytes = 0;
  let written = 0;
  try {
    if (output !== undefined) await once(out, 'open');
    await tell().catch(async (untold: Error) => {
      if (output !== undefined) {
        out.destroy();
        await rm(output, { force: true });
      }
      throw untold;
    });
    for await (const chunk of exportChunks(run, request, (records) => {
      written = records;
    })) {
      bytes += chunk.length;
      progress.say(() => `${written} of ${request.cover.count} records, ${inBytes(bytes)}`);
      if (!out.write(chunk)) await once(out, 'drain');
    }
    if (output !== undefined) await ended(out);
  } catch (fault) {
    const code = (fault as { readonly code?: unknown }).code;
    if (code === 'EEXIST') throw new CannotDo(`${output ?? ''} exists already; name a new file`);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC')
      throw new CannotDo(`${output ?? 'standard output'} cannot be written: ${String(code)}`);
    throw fault;
  } finally {
    progress.end();
  }
}

async function ended(out: Writable): Promise<void> {
  out.end();
  await finished(out);
}
