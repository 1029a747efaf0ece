// `countersign audit search BUNDLE`: the records of an archived bundle that match (AUD-7), with no gateway and no database.
// Proves nothing: `countersign audit verify BUNDLE` does.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { recordsOfBundle } from '../audit/bundle-file.ts';
import { parseRecord } from '../audit/parsed-record.ts';
import { recordMatcher } from '../audit/record-match.ts';
import { filterOf } from './audit-export.ts';
import { CannotDo, readOptionsAndWord, type SubCommand } from './sub-command.ts';

export const auditSearch: SubCommand = {
  summary: 'find records in an archived bundle',
  help: `Usage: countersign audit search BUNDLE [--from TIME] [--to TIME] [--actor USER] [--kind KIND] [--outcome OUTCOME]
         [--risk RISK] [--tag SUBJECT] [--terminal ID] [--command ID] [--text WORDS]

Writes the records of BUNDLE that match to standard output, oldest first, each line a record's canonical bytes. The options are
those of 'countersign audit export'. What a bundle says is proven by 'countersign audit verify BUNDLE', not by this.

Exit 0: read to its end, whether something was found or not. 1: it cannot be read, or is no bundle. 2: wrongly asked.
`,
  run: async (args) => {
    const text = { type: 'string' } as const;
    const { values, word: file } = readOptionsAndWord(
      args,
      {
        from: text,
        to: text,
        actor: text,
        kind: text,
        outcome: text,
        risk: text,
        tag: text,
        terminal: text,
        command: text,
        text,
      },
      'BUNDLE',
    );
    const matches = recordMatcher(filterOf({ ...values }));
    await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
      throw new CannotDo(`${file} cannot be read (${error.code ?? 'unknown'})`);
    });
    let records = 0;
    for await (const body of recordsOfBundle(createReadStream(file))) {
      const record = parseRecord(body);
      if (typeof record === 'string') throw new CannotDo(`${file} is damaged: behind record ${records} ${record}`);
      records += 1;
      if (!matches(record)) continue;
      if (!process.stdout.write(Buffer.concat([body, Buffer.from('\n')]))) await once(process.stdout, 'drain');
    }
    if (records === 0) throw new CannotDo(`${file} holds no record of an audit log: it is no bundle, or an empty one`);
    return 0;
  },
};
