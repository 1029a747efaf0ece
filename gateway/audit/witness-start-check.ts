// Before the gateway writes anything: has any witness that can be reached seen more of the log, or another log, than the
// database holds (AUD-3)? Called while the log is opened. A witness that is away, or knows neither log nor key, is passed
// over here; the gateway keeps asking it and shows that it does.
import { LogTrouble } from './log-trouble.ts';
import {
  type AskWitness,
  type LogHead,
  type ProveConsistency,
  submitCheckpoint,
  type Witness,
} from './witness-submission.ts';

const remedy = 'see docs/audit-log.md, "When the start is refused"';

/** Asks all at once. Throws LogTrouble `log-rolled-back` or `log-replaced`, which names the witness. */
export async function checkWithWitnesses(
  witnesses: readonly Witness[],
  head: LogHead,
  parts: { readonly ask: AskWitness; readonly prove: ProveConsistency },
  signal: AbortSignal,
): Promise<void> {
  const asked = await Promise.allSettled(
    witnesses.map(async (witness) => ({
      witness,
      // From nothing: the answer then names the size that the witness itself holds.
      submitted: await submitCheckpoint(witness, head, 0, parts, signal),
    })),
  );
  for (const one of asked) {
    if (one.status === 'rejected') continue;
    const { witness, submitted } = one.value;
    if (submitted.outcome === 'ahead')
      throw new LogTrouble(
        'log-rolled-back',
        `the audit log was cut off or rolled back: the database holds ${head.size} records, and the witness ${witness.key.name} has cosigned ${submitted.size}; restore the database that holds them, ${remedy}`,
      );
    if (submitted.outcome === 'contradicts')
      throw new LogTrouble(
        'log-replaced',
        `the database's audit log (${head.size} records) does not continue the ${submitted.from} records that the witness ${witness.key.name} has cosigned: it is another log or its records were altered; ${remedy}`,
      );
  }
}
