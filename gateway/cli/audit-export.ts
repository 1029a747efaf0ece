// `countersign audit export`: the audit trail of the running database as a file on standard output (AUD-6). For
// administrators at the machine; people at screens export through the gateway, which records it.
import { once } from 'node:events';
import path from 'node:path';
import { asCsv, asJsonLines } from '../audit/export-formats.ts';
import { writeBundle } from '../audit/postgres-bundle.ts';
import { bundleSelection } from '../audit/postgres-bundle-selection.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import { runOn } from '../audit/postgres-lock.ts';
import { type RecordFilter, streamRecords } from '../audit/postgres-records.ts';
import { recordKinds } from '../contract/audit-record.ts';
import { timeSchema } from '../contract/ids.ts';
import { connectToLog } from './audit-source.ts';
import { readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';

export const auditExport: SubCommand = {
  summary: 'write the audit trail as CSV, JSON Lines or a bundle that proves itself',
  help: `Usage: countersign audit export --format csv|jsonl|bundle [--data DIR] [--database URL]
         [--from TIME] [--to TIME] [--actor USER] [--kind KIND] [--tag SUBJECT] [--terminal ID] [--command ID]

Writes the records that match to standard output, oldest first. jsonl: each line is a record's canonical bytes. csv: for
reading; a cell that a spreadsheet would run as a formula is preceded by an apostrophe. bundle: the records that match, all
records of their commands, those that their signatures stand on, the checkpoint and the proofs, for 'countersign audit
verify BUNDLE' and any verifier made from docs/audit-format.md. TIME as 2026-01-31T08:00:00Z.

Exit 0: written. 1: the database cannot be read. 2: wrongly asked.
`,
  run: async (args, env) => {
    const text = { type: 'string' } as const;
    const { format, data, database, ...filter } = readOptions(args, {
      format: text,
      data: text,
      database: text,
      from: text,
      to: text,
      actor: text,
      kind: text,
      tag: text,
      terminal: text,
      command: text,
    });
    if (format !== 'csv' && format !== 'jsonl' && format !== 'bundle')
      throw new WronglyAsked('--format csv, --format jsonl or --format bundle is needed');
    for (const name of ['from', 'to'] as const) {
      if (filter[name] !== undefined && !timeSchema.safeParse(filter[name]).success) {
        throw new WronglyAsked(`--${name} must be a time in UTC such as 2026-01-31T08:00:00Z`);
      }
    }
    if (filter.kind !== undefined && !(recordKinds as readonly string[]).includes(filter.kind)) {
      throw new WronglyAsked(`there is no kind of record '${filter.kind}'`);
    }
    const { client, close } = await connectToLog(path.resolve(data ?? env.COUNTERSIGN_DATA ?? './data'), database);
    try {
      for await (const chunk of exported(runOn(client), format, filter)) {
        if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
      }
      return 0;
    } finally {
      await close();
    }
  },
};

function exported(
  run: RunQuery,
  format: 'csv' | 'jsonl' | 'bundle',
  filter: RecordFilter,
): AsyncIterable<string | Uint8Array> {
  if (format === 'bundle')
    return writeBundle(run, { selection: bundleSelection(run, filter), madeAt: new Date().toISOString() });
  const records = streamRecords(run, filter);
  return format === 'csv' ? asCsv(records) : asJsonLines(records);
}
