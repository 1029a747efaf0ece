// `countersign check --config DIR`: checks a configuration folder as a start would, without starting anything (OPS-2).
// Needs no gateway and no database; opens no connection.
import { resolve } from 'node:path';
import { protocols } from '../drivers/registry.ts';
import { loadSettings } from '../settings/load.ts';
import { ConfigurationError, mistakeText } from '../settings/mistake.ts';
import { readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';

export const check: SubCommand = {
  summary: 'check a configuration folder, every mistake with file, line and remedy',
  help: `Usage: countersign check --config DIR [--json]

Reads the folder as a start of the gateway would and names every mistake: file:line:column, what is wrong, what to
write instead. Starts nothing and connects to nothing.

  --config DIR  the folder with gateway.yaml, connections.yaml, tags.yaml, areas.yaml, signing.yaml and screens/
  --json        one JSON object: {"ok":true,"areas":2,"tags":30,"connections":2,"digest":…} or {"ok":false,"mistakes":[…]}

Exit 0: it would start with it; 1: there are mistakes; 2: wrongly asked.
`,
  run: async (args, env) => {
    const { config, json } = readOptions(args, { config: { type: 'string' }, json: { type: 'boolean' } });
    if (config === undefined) throw new WronglyAsked('--config DIR is missing');
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    try {
      const { plant, digest } = loadSettings(resolve(config), protocols, env);
      const counts = { areas: plant.areas.length, tags: plant.tags.length, connections: plant.connections.length };
      if (json) say(JSON.stringify({ ok: true, ...counts, digest }));
      else
        say(
          `${config}: good. ${counts.areas} areas, ${counts.tags} tags, ${counts.connections} connections; digest ${digest}`,
        );
      return 0;
    } catch (fault) {
      if (!(fault instanceof ConfigurationError)) throw fault;
      if (json) say(JSON.stringify({ ok: false, mistakes: fault.mistakes }));
      else for (const mistake of fault.mistakes) say(mistakeText(mistake));
      return 1;
    }
  },
};
