// `countersign witness init`: makes a witness's key, once (AUD-3). Its public half goes into the gateway's configuration and
// to whoever verifies.
import { readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';
import { witnessFolder } from './witness.ts';
import { makeWitness } from './witness-folder.ts';

export const witnessInit: SubCommand = {
  summary: 'make the key of a new witness',
  help: `Usage: countersign witness init --name NAME [--dir DIR] [--json]

Makes the folder and its Ed25519 key (mode 0600, never replaced) and prints the public key: for checkpoints.witnesses in
the gateway's gateway.yaml, and for countersign audit verify --witness.

  --name NAME   name in its signatures, such as witness.quality.example; no blanks, no +
  --dir DIR     its folder (./witness, or COUNTERSIGN_WITNESS)
  --json        {"key": …}

Exit 0: made. 1: the folder holds a key already. 2: wrongly asked.
`,
  run: async (args, env) => {
    const { name, dir, json } = readOptions(args, {
      name: { type: 'string' },
      dir: { type: 'string' },
      json: { type: 'boolean', default: false },
    });
    if (name === undefined) throw new WronglyAsked('--name is needed');
    const key = await makeWitness(witnessFolder(dir, env), name);
    process.stdout.write(json ? `${JSON.stringify({ key })}\n` : `${key}\n`);
    return 0;
  },
};
