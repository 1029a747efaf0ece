// `npm run faults -- --commands N --seed S`: a fault run, its table of outcomes, and its verdict. Exits with 0 where nothing
// contradicts, 1 with the first contradiction and how to repeat the run, 2 when asked wrongly.
import { Console } from 'node:console';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { faultRun } from './fault-run.ts';
import { outcomeTable, refusalCounts } from './outcome-table.ts';

const usage = 'usage: npm run faults -- [--commands N] [--seed S]    (500 commands, a seed of its own, unless told)';

async function main(): Promise<number> {
  // Libraries print to the console; the result goes to standard output by itself.
  globalThis.console = new Console(process.stderr, process.stderr);
  const asked = options();
  if (asked === null) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { commands, seed } = asked;
  const replay = `npm run faults -- --commands ${commands} --seed ${seed}`;
  process.stdout.write(`Fault run: ${commands} commands, seed ${seed}. To repeat it: ${replay}\n`);
  const startedMs = performance.now();
  const progress = (line: string): void => {
    process.stderr.write(`${Math.round((performance.now() - startedMs) / 1000)} s: ${line}\n`);
  };
  // Ctrl-C and SIGTERM leave nothing running.
  const giveUp = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => giveUp.abort());
  const run = await faultRun(commands, seed, progress, giveUp.signal);
  const refusals = [...run.refusals].map(([code, count]) => `${code} ${count}`).join(', ');
  process.stdout.write(
    `\n${outcomeTable(run.tallies)}\n\n${outcomeTable(run.tallies, 'way')}\n\nRefused before the write: ${refusalCounts(run.tallies)}\n` +
      `Requests refused or unanswered: ${refusals || 'none'}\n` +
      `${run.writes} writes at the PLCs, ${run.records} records. ${run.verified}\n`,
  );
  const [first] = run.contradictions;
  if (first === undefined) {
    process.stdout.write('\nNothing contradicts: every write has its signed intent, every command its true outcome.\n');
    return 0;
  }
  process.stdout.write(
    `\n${run.contradictions.length} contradictions; the first: ${first.text}\n` +
      `Seed ${seed}; to repeat: ${replay}\nThe data is kept in ${run.dataFolder}\n`,
  );
  for (const { text } of run.contradictions.slice(1, 20)) process.stdout.write(`  ${text}\n`);
  return 1;
}

function options(): { readonly commands: number; readonly seed: number } | null {
  try {
    const { values } = parseArgs({
      options: { commands: { type: 'string', default: '500' }, seed: { type: 'string' } },
    });
    const commands = Number(values.commands);
    const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
    return Number.isSafeInteger(commands) && commands > 0 && Number.isSafeInteger(seed) && seed >= 0
      ? { commands, seed }
      : null;
  } catch {
    return null;
  }
}

try {
  // What libraries still hold open must not keep the process.
  process.exit(await main());
} catch (fault) {
  const cause = fault instanceof Error ? fault.cause : undefined;
  for (const one of cause === undefined ? [fault] : [fault, cause])
    process.stderr.write(`${one instanceof Error ? one.stack : JSON.stringify(one)}\n`);
  process.exit(1);
}
