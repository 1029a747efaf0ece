// `countersign witness status`: what a witness has cosigned, and what alarmed it. Reads its folder; the witness may run.
import { formatVkey } from '../audit/signed-note.ts';
import { readOptions, type SubCommand } from './sub-command.ts';
import { witnessFolder } from './witness.ts';
import { readAlarms, readHeads, readLogKeys, readWitness } from './witness-folder.ts';

export const witnessStatus: SubCommand = {
  summary: 'what a witness has seen, and its alarms',
  help: `Usage: countersign witness status [--dir DIR] [--json]

  --dir DIR   the witness's folder (./witness, or COUNTERSIGN_WITNESS)
  --json      as JSON, alarms with the checkpoints that are their evidence

Exit 0: no alarm. 1: alarms were raised (look into them, then move alarms.jsonl away), or the folder is no witness's.
`,
  run: async (args, env) => {
    const { dir, json } = readOptions(args, { dir: { type: 'string' }, json: { type: 'boolean', default: false } });
    const folder = witnessFolder(dir, env);
    const { vkey } = await readWitness(folder);
    const [keys, heads, alarms] = await Promise.all([readLogKeys(folder), readHeads(folder), readAlarms(folder)]);
    if (json)
      process.stdout.write(
        `${JSON.stringify({ key: vkey, logs: keys.map((key) => formatVkey(key)), heads, alarms })}\n`,
      );
    else {
      const lines = [`Key: ${vkey}`];
      for (const key of keys) {
        const size = heads.find(({ origin }) => origin === key.name)?.size;
        lines.push(`Log: ${formatVkey(key)}: ${size === undefined ? 'nothing cosigned yet' : `${size} records`}`);
      }
      for (const { time, alarm, origin } of alarms) lines.push(`ALARM of ${time}: ${origin} ${alarm}`);
      if (alarms.length === 0) lines.push('No alarm.');
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    return alarms.length === 0 ? 0 : 1;
  },
};
