// audit-page: one page of the audit trail out of a big log (issue 4), newest first and deep in it, by each filter that the
// page of the HMI has, as its route reads it.
import type { RunQuery } from '../../../gateway/audit/postgres-change.ts';
import { readRecords } from '../../../gateway/audit/postgres-records.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import type { BenchCase, Measurement } from '../bench-case.ts';
import { personAt, rareKind, rareWord, tagAt, tags, terminalAt, timeAt } from '../made-log.ts';
import { inTurns, overRounds, timed } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const rounds = 3;
const pagesARound = 40;
const rowsAPage = 100;
/** No figure of performance.md: at which a person does not notice that the log is long. */
const goal = { kind: 'at-most', limit: 5 } as const;

type Asked = Parameters<typeof readRecords>[1];

/** A tenth of the tags. */
const areaAt = (index: number): readonly string[] =>
  Array.from({ length: tags / 10 }, (_, number) => tagAt(10 * number + index));

/** Each gives the page's question, another one at each call; `short` where fewer than a page can match. */
function questions(
  records: number,
): readonly { readonly name: string; readonly ask: () => Asked; readonly short?: true }[] {
  const any = (limit: number): number => Math.floor(Math.random() * limit);
  const deep = () => ({ after: Math.floor(records / 3) + any(Math.floor(records / 3)) });
  const month = () => {
    const first = any(Math.floor(records / 2));
    return { from: timeAt(first), to: timeAt(first + Math.floor(records / 12)) };
  };
  return [
    { name: 'newest', ask: () => ({}) },
    { name: 'deep', ask: deep },
    { name: 'a time', ask: month },
    { name: 'a person', ask: () => ({ actor: personAt(any(1000)), ...deep() }) },
    { name: 'a tag', ask: () => ({ tag: tagAt(any(1000)), ...deep() }), short: true },
    { name: 'a kind', ask: () => ({ kind: 'command.asked', ...deep() }) },
    { name: 'kinds', ask: () => ({ kind: 'command.', ...deep() }) },
    { name: 'rare kind', ask: () => ({ kind: rareKind }), short: true },
    {
      name: 'person+kind',
      ask: () => ({ actor: personAt(any(1000)), kind: 'session.opened', ...deep() }),
      short: true,
    },
    { name: 'person+time', ask: () => ({ actor: personAt(any(1000)), ...month() }), short: true },
    { name: 'tag+time', ask: () => ({ tag: tagAt(any(1000)), ...month() }), short: true },
    { name: 'tag+terminal', ask: () => ({ tag: tagAt(any(1000)), terminal: terminalAt(any(1000)) }), short: true },
    { name: 'person+tag', ask: () => ({ actor: personAt(any(1000)), tag: tagAt(any(1000)), ...deep() }), short: true },
    {
      // Each of them frequent, never in one record.
      name: 'never together',
      ask: () => ({ actor: personAt(7), tag: `account:${personAt(8 + any(10))}` }),
      short: true,
    },
    { name: 'an area', ask: () => ({ subjects: areaAt(any(10)), ...deep() }) },
    { name: 'area+terminal', ask: () => ({ subjects: areaAt(any(10)), terminal: terminalAt(any(1000)) }), short: true },
    { name: 'medium risk', ask: () => ({ risk: 'medium', ...deep() }) },
    { name: 'rare word', ask: () => ({ text: rareWord }), short: true },
    { name: 'two words', ask: () => ({ text: `recipe step${any(1000)}` }), short: true },
    { name: 'common word', ask: () => ({ text: 'recipe' }) },
    { name: 'word+time', ask: () => ({ text: 'recipe', ...month() }) },
  ];
}

export const auditPage: BenchCase = {
  name: 'audit-page',
  about: `${rowsAPage} records of the audit trail by its filters, from the question to parsed records`,
  floorIs: `${rowsAPage} neighbouring records’ bytes read by primary key, prepared, anywhere in the log`,
  run: ({ bigLog, progress }) =>
    withScratch(async (scratch) => {
      const { gatewayUrl, records } = await bigLog();
      const client = newClient(gatewayUrl, { applicationName: 'countersign bench' });
      await client.connect();
      scratch.atEnd(() => client.end());
      const run: RunQuery = (text, values = [], name) =>
        client.query({ ...(name === undefined ? {} : { name }), text, values: [...values] });
      const floor = timed(async () => {
        const first = Math.floor(Math.random() * (records - rowsAPage));
        const found = await client.query({
          name: 'bench-floor',
          text: 'SELECT seq, body FROM log_record WHERE seq BETWEEN $1 AND $2 ORDER BY seq DESC',
          values: [first, first + rowsAPage - 1],
        });
        if (found.rowCount !== rowsAPage) throw new Error('records are missing');
      });
      const measurements: Measurement[] = [];
      for (const { name, ask, short } of questions(records)) {
        const product = timed(async () => {
          const asked = ask();
          const page = await readRecords(run, { ...asked, limit: rowsAPage });
          if (short === true ? page.records.length === 0 && name === 'rare word' : page.records.length !== rowsAPage)
            throw new Error(`${name}: ${page.records.length} records for ${JSON.stringify(asked)}`);
        });
        const sides = await inTurns(rounds, pagesARound, { floor, product });
        measurements.push({
          measure: name,
          product: overRounds(sides.product, 0.5),
          floor: overRounds(sides.floor, 0.5),
          unit: 'ms',
          goal,
        });
        progress(
          `${name}: median ${overRounds(sides.product, 0.5).toFixed(1)} ms, p99 ${overRounds(sides.product, 0.99).toFixed(1)} ms`,
        );
      }
      const slowest = (side: 'product' | 'floor') => Math.max(...measurements.map((one) => one[side]));
      return {
        measurements: [
          ...measurements,
          { measure: 'slowest filter', product: slowest('product'), floor: slowest('floor'), unit: 'ms', goal: null },
        ],
        note: `${rounds} rounds of ${pagesARound} pages each in a log of ${records.toLocaleString('en')} records; every question is another one; words and times are read as typed, persons, tags and kinds from somewhere in the middle`,
      };
    }),
};
