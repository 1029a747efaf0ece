// `countersign witness add-log`: has a witness watch a log, or trust one more key of it after the log's key was replaced.
import { readIfThere } from '../audit/file-keys.ts';
import { parseVkey } from '../audit/signed-note.ts';
import { readOptionsAndWord, type SubCommand, WronglyAsked } from './sub-command.ts';
import { witnessFolder } from './witness.ts';
import { addLogKey, readWitness } from './witness-folder.ts';

export const witnessAddLog: SubCommand = {
  summary: 'have a witness watch a log',
  help: `Usage: countersign witness add-log FILE|VKEY [--dir DIR]

Takes the log's public key (keys/log.vkey of the gateway's data folder) to the logs that are cosigned. Take it from the
gateway by a way that you trust. A running witness heeds it at once. After the log's key was replaced, or the log was opened
anew, its new key is added in the same way, once you know why.

  --dir DIR   the witness's folder (./witness, or COUNTERSIGN_WITNESS)

Exit 0: it is watched. 1: the folder is no witness's. 2: wrongly asked.
`,
  run: async (args, env) => {
    const { values, word } = readOptionsAndWord(args, { dir: { type: 'string' } }, 'key or file that holds it');
    const key = parseVkey(word) ?? parseVkey((await readIfThere(word)) ?? '');
    if (key === null)
      throw new WronglyAsked(`neither a log's key of the form name+id+key nor a file with one: ${word}`);
    const folder = witnessFolder(values.dir, env);
    await readWitness(folder);
    const added = await addLogKey(folder, key);
    process.stdout.write(
      added ? `watches ${key.name} from now on\n` : `${key.name} is watched already with this key\n`,
    );
    return 0;
  },
};
