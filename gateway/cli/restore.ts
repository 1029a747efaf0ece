// `countersign restore FILE` (OPS-6, AUD-7): what `backup` wrote, into an empty database and data folder. Verifies the log
// before anything stands, and says up to which record it reaches; `--check` verifies only. Runs while no gateway does.
import path from 'node:path';
import { formatVkey, type NoteVerifier, parseVkey } from '../audit/signed-note.ts';
import type { BadRecord, Verification } from '../audit/verify.ts';
import { describeDatabase } from '../database/connection.ts';
import { trustedKey } from './audit-source.ts';
import { readOpener } from './backup-encryption.ts';
import type { Manifest } from './backup-manifest.ts';
import { inBytes, showProgress } from './progress.ts';
import { checkBackup } from './restore-check.ts';
import { openBackup } from './restore-contents.ts';
import { type Continuation, restoreInto } from './restore-into.ts';
import { readOptionsAndWord, type SubCommand } from './sub-command.ts';

export const restore: SubCommand = {
  summary: 'bring a backup back into an empty database, or check one',
  help: `Usage: countersign restore FILE [--check] [--identity FILE]… [--passphrase-file FILE] [--key FILE|VKEY]
         [--checkpoint FILE]… [--nothing-lost] [--accept-wrong] [--data DIR] [--database URL] [--json]

Restores FILE into an empty database: the embedded one of a new data folder, or that of --database. Verifies every record,
node, checkpoint and signature before anything stands, and says up to which record the log reaches. Afterwards start the
gateway as usual. Stop the gateway first.

  --check               verify the backup without any database; nothing is written
  --identity FILE       secret key of age (AGE-SECRET-KEY-1…) that opens it; may be given several times
  --passphrase-file F   passphrase that opens it; also COUNTERSIGN_BACKUP_PASSPHRASE; else it is asked for
  --key FILE|VKEY       the log's public key to trust, instead of the one pinned in the data folder
  --checkpoint FILE     a signed checkpoint of the log kept elsewhere (a copy, a witness's); may be given several times
  --nothing-lost        you know that nothing was recorded after this backup: the log goes on under its old name
  --accept-wrong        bring back a log that does not verify, as evidence; the gateway may refuse to start on it
  --data DIR            the new data folder (./data, or COUNTERSIGN_DATA)
  --database URL        owner's address of an empty external database (COUNTERSIGN_DATABASE_URL)
  --json                the report as JSON

Where records were lost, or where nobody can tell, the log is opened anew under another name (its origin) with a new key:
its first record then names the last checkpoint that is known. Only a checkpoint equal to the backup's end (that of the data
folder, or --checkpoint), or your word with --nothing-lost, lets it go on under the old one.

Exit 0: restored (or good) and verified. 1: it does not hold, or cannot be done; then nothing was restored, but for
--accept-wrong. 2: wrongly asked.
`,
  run: async (args, env) => {
    const { values, word: file } = readOptionsAndWord(
      args,
      {
        check: { type: 'boolean', default: false },
        identity: { type: 'string', multiple: true },
        'passphrase-file': { type: 'string' },
        key: { type: 'string' },
        checkpoint: { type: 'string', multiple: true },
        'nothing-lost': { type: 'boolean', default: false },
        'accept-wrong': { type: 'boolean', default: false },
        data: { type: 'string' },
        database: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      'FILE',
    );
    const dataFolder = path.resolve(values.data ?? env.COUNTERSIGN_DATA ?? './data');
    const given = await trustedKey(dataFolder, values.key);
    const progress = showProgress();
    let read = 0;
    try {
      const contents = await openBackup(file, await readOpener(values, env), (bytes) => {
        read += bytes;
        progress.say(() => `${inBytes(read)} read`);
      });
      const { manifest } = contents;
      const verifier = given ?? (manifest.vkey === null ? null : parseVkey(manifest.vkey));
      const trust = { verifier, vouched: given !== null };
      if (values.check) {
        const checked = await checkBackup(contents, verifier);
        return answer({ manifest, ...trust, ...checked, restored: null }, values.json);
      }
      const database = values.database ?? (env.COUNTERSIGN_DATABASE_URL || undefined);
      const restored = await restoreInto(contents, {
        dataFolder,
        database,
        verifier,
        checkpoints: values.checkpoint ?? [],
        nothingLost: values['nothing-lost'],
        acceptWrong: values['accept-wrong'],
        progress,
      });
      const where = database === undefined ? dataFolder : `${dataFolder} and ${describeDatabase(database)}`;
      return answer({ manifest, ...trust, ...restored, restored: { ...restored, where } }, values.json);
    } finally {
      progress.end();
    }
  },
};

type Outcome = {
  readonly manifest: Manifest;
  readonly verifier: NoteVerifier | null;
  /** Whether the key came from outside of the backup. */
  readonly vouched: boolean;
  readonly verified: Verification;
  readonly projections: readonly string[];
  /** Null after a check. `written` is false where the log was wrong and nothing was restored. */
  readonly restored: {
    readonly written: boolean;
    readonly continuation: Continuation | null;
    readonly where: string;
  } | null;
};

function answer(outcome: Outcome, asJson: boolean): number {
  const { manifest, verifier, vouched, verified, projections, restored } = outcome;
  const good = verified.bad === null && projections.length === 0;
  if (asJson) {
    const report = {
      result: !good ? 'bad' : vouched ? 'good' : 'consistent-with-its-own-key',
      createdAt: manifest.createdAt,
      origin: manifest.origin,
      key: verifier === null ? null : formatVkey(verifier),
      records: verified.records,
      signatures: verified.signatures,
      lastRecord: manifest.log.size - 1,
      root: Buffer.from(verified.root).toString('base64'),
      bad: verified.bad,
      projections,
      restored: restored?.written ?? false,
      continuation: restored?.continuation ?? null,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else process.stdout.write(`${inWords(outcome, good).join('\n')}\n`);
  return good && (restored === null || restored.written) ? 0 : 1;
}

function inWords({ manifest, verifier, vouched, verified, projections, restored }: Outcome, good: boolean): string[] {
  const lines: string[] = [];
  const { log, createdAt } = manifest;
  if (verified.bad !== null) lines.push(`WRONG: ${namedRecord(verified.bad)}: ${verified.bad.why}.`);
  for (const trouble of projections) lines.push(`WRONG: ${trouble}`);
  if (good)
    lines.push(
      `Verified: the log reaches up to record ${log.size - 1} (backup of ${createdAt}); ${verified.records} records, ${verified.checkpoints} checkpoints and ${verified.signatures} signatures are in order.`,
    );
  if (verifier !== null) lines.push(`Key: ${formatVkey(verifier)}`);
  if (!vouched)
    lines.push(
      'That key comes with the backup itself: hold it against your own copy of keys/log.vkey, or give that with --key.',
    );
  if (restored === null) return [...lines, good ? 'The backup is whole. Nothing was written.' : 'Nothing was written.'];
  if (!restored.written)
    return [...lines, 'Nothing was restored. With --accept-wrong it is brought back as it is, as evidence.'];
  lines.push(`Restored into ${restored.where}.`);
  const { continuation } = restored;
  if (continuation?.kind === 'same')
    lines.push(`Nothing is missing (${continuation.why}): the log goes on under its name.`);
  if (continuation?.kind === 'anew')
    lines.push(
      `${sentence(continuation.why)}: the log is opened anew, with a new key. Give it to witnesses and verifiers: ${continuation.vkey}`,
    );
  lines.push('Start the gateway as usual, then: countersign audit verify');
  return lines;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function namedRecord(bad: BadRecord): string {
  return bad.through === undefined ? `record ${bad.seq}` : `the records ${bad.seq} to ${bad.through}`;
}
