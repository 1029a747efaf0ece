// `npm run bench [-- CASE…] [--json]`: measures the product against floors taken in the same run and prints one table.
// Exits with 0 when every case ran, whether its goal is held or not (the table says so), 1 when one did not run, 2 on misuse.
import { parseArgs } from 'node:util';
import type { BenchCase } from './bench-case.ts';
import { appendOne } from './cases/append-one.ts';
import { fanOut } from './cases/fan-out.ts';
import { sign } from './cases/sign.ts';
import { signMany } from './cases/sign-many.ts';
import { start } from './cases/start.ts';
import { describeFault, footnotes, machineLine, type Outcome, resultJson, resultTable } from './result-table.ts';

const cases: readonly BenchCase[] = [sign, signMany, appendOne, fanOut, start];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
  const unknown = positionals.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`No such case: ${unknown.join(', ')}. Cases: ${cases.map((one) => one.name).join(', ')}\n`);
    return 2;
  }
  const chosen = positionals.length === 0 ? cases : cases.filter((one) => positionals.includes(one.name));
  const outcomes: Outcome[] = [];
  for (const benchCase of chosen) outcomes.push(await runCase(benchCase));
  process.stdout.write(
    values.json === true
      ? `${resultJson(outcomes)}\n`
      : `\n${resultTable(outcomes)}\n\n${footnotes(outcomes)}\n${machineLine()}\n`,
  );
  return outcomes.every((outcome) => 'result' in outcome) ? 0 : 1;
}

async function runCase(benchCase: BenchCase): Promise<Outcome> {
  const progress = (line: string): void => void process.stderr.write(`${benchCase.name}: ${line}\n`);
  progress(benchCase.about);
  try {
    return { benchCase, result: await benchCase.run(progress) };
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
