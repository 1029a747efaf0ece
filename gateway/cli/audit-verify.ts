// `countersign audit verify`: the whole log of the running database against the keys pinned in the data folder or given
// (AUD-5). Reads in one consistent snapshot, changes nothing, names the first record that is wrong.
import path from 'node:path';
import type pg from 'pg';
import type { Reopening } from '../audit/log-keys.ts';
import { besideTroubles } from '../audit/postgres-beside.ts';
import { runOn } from '../audit/postgres-lock.ts';
import { protectionTroubles } from '../audit/postgres-protection.ts';
import { storedRows } from '../audit/postgres-rows.ts';
import { formatVkey } from '../audit/signed-note.ts';
import { type BadRecord, verifyLog } from '../audit/verify.ts';
import { BesideWalk } from '../audit/verify-beside.ts';
import { type ProjectedRow, projectionTroubles } from '../audit/verify-projections.ts';
import { RecordChecks } from '../audit/verify-records.ts';
import { gatewayRole } from '../database/schema.ts';
import { whyNotContinued } from './audit-checkpoint-elsewhere.ts';
import { connectToLog, keptCheckpoint, keysOfTheSame, trustedKey } from './audit-source.ts';
import { trustOf } from './audit-trust.ts';
import { verifyBundleFile, wrongInWords } from './audit-verify-bundle.ts';
import { readOptionsAndWords, type SubCommand, WronglyAsked } from './sub-command.ts';

type Report = {
  readonly result: 'good' | 'bad' | 'consistent-in-itself-only';
  readonly records: number;
  /** Of these, archived ones: only their hashes are here, the rest is in bundles (AUD-7). */
  readonly archived: number;
  readonly checkpoints: number;
  readonly signatures: number;
  readonly size: number;
  readonly root: string;
  readonly key: string | null;
  /** `unusable`: the data folder is the log's own, but the file is gone or damaged; then the result is never good. */
  readonly checkpointFile: 'continued' | 'unusable' | 'not-checked';
  readonly checkpointTrouble: string | null;
  readonly bad: BadRecord | null;
  readonly projections: readonly string[];
  /** Rows of the tables beside the log (its names, archives, cosignatures) that the log does not bear out. */
  readonly besides: readonly string[];
  /** What no longer keeps the log append-only in the database (AUD-4). */
  readonly protection: readonly string[];
  /** Why the log does not continue the checkpoint of --checkpoint; null where it does, or none was given. */
  readonly elsewhere: string | null;
  /** Where the log was opened anew after records were lost (OPS-6): not an error of what is here, but to be known. */
  readonly reopenings: readonly Reopening[];
};

export const auditVerify: SubCommand = {
  summary: 'check the whole audit log, or a bundle of it',
  help: `Usage: countersign audit verify [--data DIR] [--database URL] [--key FILE|VKEY] [--checkpoint FILE] [--json]
       countersign audit verify BUNDLE [--key FILE|VKEY] [--witness FILE|VKEY]… [--quorum N] [--pinned FILE]
         [--checkpoint FILE] [--json]

Without BUNDLE: recomputes every record's hash, the Merkle tree, every checkpoint's signature, the signatures that records
hold, the tables of accounts and terminals, and those of archives and cosignatures, looks whether the database still holds the log append-only, and holds the
log against the checkpoint file outside the database. Reads only. Where the gateway is stopped, its embedded database is
started for the time of the check.

With BUNDLE, a file of 'countersign audit export --format bundle': checks it with no gateway and no database: every record's
bytes, place and hash, the tree, the checkpoints, the witnesses' cosignatures, every terminal's and passkey's signature,
whether signer and terminal stood at that time, and the links of countersignatures. Keys are never taken from the file.

  --data DIR          the gateway's data folder (./data, or COUNTERSIGN_DATA): running database, pinned key, checkpoint file
  --database URL      another database (postgresql://…)
  --key FILE|VKEY     the log's public key to trust, instead of the one pinned in the data folder
  --witness FILE|VKEY a witness's public key to trust; once for each witness
  --quorum N          how many of these witnesses must have cosigned; all of them unless told
  --pinned FILE       keys to trust, one a line: 'log VKEY', 'witness VKEY', 'quorum N'
  --checkpoint FILE   a checkpoint kept elsewhere (a copy, a witness's): log or bundle must hold that state of the log
  --json              the report as JSON

Exit 0: all is whole and the keys vouch for it. Exit 1: it is not; the first record that is wrong is named. Also 1 when no
key is at hand: then the records are consistent in themselves only, which proves little. Exit 2: wrongly asked.
`,
  run: async (args, env) => {
    const text = { type: 'string' } as const;
    const { values, words } = readOptionsAndWords(args, {
      data: text,
      database: text,
      key: text,
      witness: { type: 'string', multiple: true, default: [] as string[] },
      quorum: text,
      pinned: text,
      checkpoint: text,
      json: { type: 'boolean', default: false },
    });
    const { data, database, key, witness, quorum, pinned, checkpoint, json } = values;
    const dataFolder = path.resolve(data ?? env.COUNTERSIGN_DATA ?? './data');
    const [bundle, ...more] = words;
    if (more.length > 0) throw new WronglyAsked(`one bundle at a time: ${words.join(' ')}`);
    if (bundle !== undefined) {
      if (database !== undefined) throw new WronglyAsked('a bundle is checked without a database');
      const trust = await trustOf(dataFolder, { key, witness, quorum, pinned, checkpoint });
      return verifyBundleFile(bundle, trust, json);
    }
    if (witness.length > 0 || quorum !== undefined || pinned !== undefined)
      throw new WronglyAsked('--witness, --quorum and --pinned belong to a bundle; name its file');
    const report = await verifyRunning(dataFolder, database, key, checkpoint);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : inWords(report));
    return report.result === 'good' ? 0 : 1;
  },
};

async function verifyRunning(
  dataFolder: string,
  database: string | undefined,
  key: string | undefined,
  checkpoint: string | undefined,
): Promise<Report> {
  const verifier = await trustedKey(dataFolder, key);
  // Before the snapshot: the log may grow meanwhile, never the other way round.
  const { checkpoint: kept, trouble } =
    verifier === null ? { checkpoint: null, trouble: null } : await keptCheckpoint(dataFolder, verifier);
  const { client, close } = await connectToLog(dataFolder, database);
  try {
    const checks = new RecordChecks();
    const beside = new BesideWalk();
    const verified = await verifyLog(storedRows(client), {
      verifier,
      kept,
      checkSignature: (record) => {
        beside.take(record);
        return checks.take(record);
      },
    });
    const projections = verified.bad === null ? projectionTroubles(await projectedRows(client), verified.standing) : [];
    const besides = verified.bad === null ? await besideTroubles(runOn(client), beside) : [];
    const protection = verified.bad === null ? await protectionTroubles(runOn(client), gatewayRole) : [];
    const log = { size: verified.records, root: verified.root };
    if (checkpoint !== undefined && verifier === null)
      throw new WronglyAsked('--checkpoint says nothing without a key to check it with; give --key');
    const elsewhere =
      verified.bad !== null || checkpoint === undefined || verifier === null
        ? null
        : await whyNotContinued(
            runOn(client),
            checkpoint,
            [verifier, ...(await keysOfTheSame(dataFolder, verifier))],
            log,
          );
    const troubles = [...projections, ...besides, ...protection, trouble, elsewhere].filter((one) => one !== null);
    const whole = verified.bad === null && troubles.length === 0;
    return {
      result: !whole ? 'bad' : verifier === null ? 'consistent-in-itself-only' : 'good',
      records: verified.records,
      archived: verified.archived,
      checkpoints: verified.checkpoints,
      signatures: verified.signatures,
      size: verified.records,
      root: Buffer.from(verified.root).toString('base64'),
      key: verifier === null ? null : formatVkey(verifier),
      checkpointFile: trouble !== null ? 'unusable' : kept === null ? 'not-checked' : 'continued',
      checkpointTrouble: trouble,
      bad: verified.bad,
      projections,
      besides,
      protection,
      elsewhere,
      reopenings: verified.reopenings,
    };
  } finally {
    await close();
  }
}

async function projectedRows(client: pg.Client): Promise<readonly ProjectedRow[]> {
  const found = await client.query<ProjectedRow>('SELECT subject, document, seq FROM projection ORDER BY subject');
  return found.rows;
}

function inWords(report: Report): string {
  const lines: string[] = [];
  const { bad } = report;
  if (bad !== null) {
    lines.push(wrongInWords(bad));
    lines.push(bad.seq === 0 ? 'No record before it.' : `Records 0 to ${bad.seq - 1} are in order.`);
  } else if (report.projections.length > 0) {
    lines.push(`WRONG: the ${report.records} records are in order, but not the tables of accounts and terminals:`);
    for (const trouble of report.projections) lines.push(`  ${trouble}`);
  } else if (report.besides.length > 0) {
    lines.push(`WRONG: the ${report.records} records are in order, but not the tables beside them:`);
    for (const trouble of report.besides) lines.push(`  ${trouble}`);
  } else if (report.protection.length > 0) {
    lines.push(`WRONG: the ${report.records} records are in order, but the database no longer protects them:`);
    for (const trouble of report.protection) lines.push(`  ${trouble}`);
  } else if (report.elsewhere !== null) {
    lines.push(`WRONG: the ${report.records} records are in order, but ${report.elsewhere}.`);
  } else if (report.checkpointTrouble !== null) {
    lines.push(
      `NOT PROVEN: the ${report.records} records are in order, but ${report.checkpointTrouble}: records cut off at the end would not be seen.`,
    );
  } else if (report.result === 'good') {
    lines.push(
      `Good: ${report.records} records, ${report.checkpoints} checkpoints and ${report.signatures} signatures verified.`,
    );
  } else {
    lines.push(
      `Consistent in itself only: ${report.records} records fit each other, but no key vouches for them. Give the log's public key with --key.`,
    );
  }
  if (report.archived > 0)
    lines.push(
      `Of these, ${report.archived} were archived: their hashes are here, the records are in bundles, to be verified one by one.`,
    );
  for (const { seq, origin, knownSize } of report.reopenings) {
    const lost = knownSize === null ? 'an unknown number of records' : `${Math.max(0, knownSize - seq)} records`;
    lines.push(`NOTE: at record ${seq} the log was opened anew as ${origin}, since ${lost} from ${seq} on were lost.`);
  }
  if (report.key !== null) lines.push(`Key: ${report.key}`);
  if (report.checkpointFile === 'continued') lines.push('The log was held against the checkpoint file.');
  if (report.checkpointFile === 'not-checked')
    lines.push('No checkpoint file was at hand: records cut off at the end would not be seen.');
  lines.push('Password checks are the gateway’s word: no verifier can repeat them.');
  return `${lines.join('\n')}\n`;
}
