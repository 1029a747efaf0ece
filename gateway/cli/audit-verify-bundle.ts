// `countersign audit verify BUNDLE`: a file against the keys that its reader trusts, with no gateway and no database
// (AUD-5). Says what was checked, how much, and what stays the gateway's word. Called by audit-verify.ts.
import { createReadStream } from 'node:fs';
import type { TrustedKeys } from '../audit/bundle-trust.ts';
import { formatWitnessKey } from '../audit/cosignature.ts';
import { formatVkey } from '../audit/signed-note.ts';
import type { BadRecord } from '../audit/verify.ts';
import { type BundleVerification, verifyBundle } from '../audit/verify-bundle.ts';
import { openBundleReaders } from '../audit/worker-bundle-readers.ts';
import { CannotDo } from './sub-command.ts';

const readAtOnce = 1024 * 1024;

type Result = 'good' | 'bad' | 'too-few-witnesses' | 'consistent-in-itself-only';

/** The exit code. */
export async function verifyBundleFile(file: string, trust: TrustedKeys, asJson: boolean): Promise<number> {
  const verified = await readAndVerify(file, trust);
  const result = resultOf(verified, trust);
  process.stdout.write(
    asJson ? `${JSON.stringify(reportOf(verified, trust, result))}\n` : inWords(verified, trust, result),
  );
  return result === 'good' ? 0 : 1;
}

async function readAndVerify(file: string, trust: TrustedKeys): Promise<BundleVerification> {
  const readers = openBundleReaders();
  try {
    return await verifyBundle(createReadStream(file, { highWaterMark: readAtOnce }), trust, readers);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) throw new CannotDo(`${file} cannot be read: ${message}`);
    throw error;
  } finally {
    await readers.close();
  }
}

/** Witnesses count where they vouch for the whole; with the log's own key, for any part of it: how far is said. */
function resultOf({ bad, vouched, size }: BundleVerification, trust: TrustedKeys): Result {
  if (bad !== null) return 'bad';
  if (trust.log === null && trust.witnesses.length === 0) return 'consistent-in-itself-only';
  const enough = trust.log === null ? size : 1;
  const saying = vouched.byWitnesses.filter((word) => word.size >= enough).length;
  return saying >= trust.quorum ? 'good' : 'too-few-witnesses';
}

function reportOf(verified: BundleVerification, trust: TrustedKeys, result: Result) {
  const { bad, header, records, leftOut, gaps, from, to, size, root, checkpoints, counts, vouched } = verified;
  return {
    result,
    origin: header?.origin ?? null,
    madeAt: header?.madeAt ?? null,
    selection: header?.selection ?? null,
    size,
    root: Buffer.from(root).toString('base64'),
    records,
    leftOut,
    gaps,
    from,
    to,
    checkpoints,
    ...counts,
    onTheGatewaysWord: { passwordChecks: counts.signatures - counts.assertions },
    notRevoked: gaps === 0,
    key: trust.log === null ? null : formatVkey(trust.log),
    signedByKey: vouched.byLog && bad === null,
    witnesses: trust.witnesses.map((key) => {
      const word = vouched.byWitnesses.find(({ witness }) => witness === key.name);
      return {
        key: formatWitnessKey(key),
        vouchesFor: word?.size ?? 0,
        at: word === undefined ? null : timeOf(word.timeS),
      };
    }),
    quorum: trust.quorum,
    knownCheckpoint: trust.known === null ? null : { size: trust.known.size, met: vouched.knownMet },
    bad,
  };
}

function inWords(verified: BundleVerification, trust: TrustedKeys, result: Result): string {
  const lines = [verdict(verified, trust, result), ...whatWasChecked(verified)];
  if (trust.log !== null) lines.push(`Key: ${formatVkey(trust.log)}`);
  for (const key of trust.witnesses) {
    const word = verified.vouched.byWitnesses.find(({ witness }) => witness === key.name);
    lines.push(
      word === undefined
        ? `Witness ${key.name}: no cosignature in this bundle.`
        : `Witness ${key.name}: vouches for the first ${word.size} of ${verified.size} records of the log, cosigned ${timeOf(word.timeS)}.`,
    );
  }
  if (trust.known !== null && verified.bad === null)
    lines.push(
      verified.vouched.knownMet
        ? `The bundle holds the state of the log that the checkpoint given was made for (${trust.known.size} records).`
        : `The checkpoint given (${trust.known.size} records) lies among records that are left out: it could not be compared.`,
    );
  return `${lines.join('\n')}\n`;
}

function verdict({ bad, records, size }: BundleVerification, trust: TrustedKeys, result: Result): string {
  if (bad !== null) return wrongInWords(bad);
  switch (result) {
    case 'good':
      return `Good: ${records} records of the log’s ${size}, and what the keys given vouch for is what was recorded.`;
    case 'too-few-witnesses':
      return `NOT PROVEN: fewer than ${trust.quorum} of the witnesses named vouch for this bundle. Its records fit each other.`;
    default:
      return `Consistent in itself only: ${records} records fit each other, but no key vouches for them. Give the log’s public key with --key, or a witness’s with --witness.`;
  }
}

export function wrongInWords(bad: BadRecord): string {
  const several = bad.why.startsWith('missing') ? 'the records' : 'one of the records';
  const which =
    bad.through === undefined || bad.through <= bad.seq
      ? `record ${bad.seq}`
      : `${several} ${bad.seq} to ${bad.through}`;
  return `WRONG: ${which}: ${bad.why}.`;
}

function whatWasChecked({
  header,
  records,
  leftOut,
  gaps,
  from,
  to,
  checkpoints,
  counts,
}: BundleVerification): string[] {
  const lines: string[] = [];
  if (header !== null) lines.push(`Log: ${header.origin}; records from ${from ?? 'none'} to ${to ?? 'none'}.`);
  lines.push(
    `Checked: ${records} records (bytes, hash, place, order), ${checkpoints} checkpoints, ${counts.signatures} signatures of terminals with signer, terminal and rights at their time, ${counts.countersignatures} links of countersignatures, ${counts.assertions} answers of passkeys.`,
  );
  if (gaps > 0)
    lines.push(
      `Left out: ${leftOut} records in ${gaps} stretches, as far as the tree tells. Whether a person or terminal was revoked in between is not claimed.`,
    );
  lines.push(
    `On the gateway’s word: ${counts.signatures - counts.assertions} signatures rest on a password that only the gateway checked, and that no verifier can check again.`,
  );
  return lines;
}

function timeOf(timeS: number): string {
  return new Date(timeS * 1000).toISOString();
}
