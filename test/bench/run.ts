// `npm run bench [-- CASE…] [--json] [--records N]`: measures the product against floors taken in the same run and prints
// one table. `--records`: how big a log the cases about big logs measure; ten million takes some twenty minutes and 15 GB.
// Exits with 0 when every case ran, whether its goal is held or not (the table says so), 1 when one did not run, 2 on misuse.
import { parseArgs } from 'node:util';
import type { BenchCase, BenchRun } from './bench-case.ts';
import { type BigLog, makeBigLog } from './big-log.ts';
import { append } from './cases/append.ts';
import { appendOne } from './cases/append-one.ts';
import { auditPage } from './cases/audit-page.ts';
import { fanOut } from './cases/fan-out.ts';
import { prove } from './cases/prove.ts';
import { sign } from './cases/sign.ts';
import { signCountersigned } from './cases/sign-countersigned.ts';
import { signMany } from './cases/sign-many.ts';
import { start } from './cases/start.ts';
import { verify } from './cases/verify.ts';
import { describeFault, footnotes, machineLine, type Outcome, resultJson, resultTable } from './result-table.ts';
import { withScratch } from './scratch.ts';

const cases: readonly BenchCase[] = [
  sign,
  signCountersigned,
  signMany,
  append,
  appendOne,
  verify,
  prove,
  auditPage,
  fanOut,
  start,
];
/** Enough to be past all caches of a query's plan, and made in a quarter of a minute. */
const defaultRecords = 300_000;
/** The least that has something of everything, and the rows that a partition's number can name. */
const [fewest, most] = [20_000, 100_000_000];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, records: { type: 'string', default: String(defaultRecords) } },
  });
  const unknown = positionals.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`No such case: ${unknown.join(', ')}. Cases: ${cases.map((one) => one.name).join(', ')}\n`);
    return 2;
  }
  const records = Number(values.records);
  if (!Number.isInteger(records) || records < fewest || records > most) {
    process.stderr.write(`--records takes a whole number from ${fewest} to ${most}\n`);
    return 2;
  }
  const chosen = positionals.length === 0 ? cases : cases.filter((one) => positionals.includes(one.name));
  const outcomes: Outcome[] = [];
  await withScratch(async (scratch) => {
    const bigLog = once((progress) => makeBigLog(scratch, records, progress));
    for (const benchCase of chosen) outcomes.push(await runCase(benchCase, records, bigLog));
  });
  process.stdout.write(
    values.json === true
      ? `${resultJson(outcomes)}\n`
      : `\n${resultTable(outcomes)}\n\n${footnotes(outcomes)}\n${machineLine()}\n`,
  );
  return outcomes.every((outcome) => 'result' in outcome) ? 0 : 1;
}

type MakeLog = (progress: BenchRun['progress']) => Promise<BigLog>;

function once(make: MakeLog): MakeLog {
  let made: Promise<BigLog> | undefined;
  return (progress) => (made ??= make(progress));
}

async function runCase(benchCase: BenchCase, records: number, bigLog: MakeLog): Promise<Outcome> {
  const progress = (line: string): void => void process.stderr.write(`${benchCase.name}: ${line}\n`);
  progress(benchCase.about);
  try {
    return { benchCase, result: await benchCase.run({ progress, records, bigLog: () => bigLog(progress) }) };
  } catch (fault) {
    progress(`did not run: ${describeFault(fault)}`);
    return { benchCase, fault };
  }
}

try {
  process.exitCode = await main();
} catch (fault) {
  process.stderr.write(`${describeFault(fault)}\n`);
  process.exitCode = 2;
}
