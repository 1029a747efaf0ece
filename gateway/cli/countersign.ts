// `npx countersign …`: the table of sub-commands and their manners. Each has a file of its own, loaded when it is asked for.
// Run by bin/countersign.mjs on the pinned Node.js.
import { CannotDo, type SubCommand, WronglyAsked } from './sub-command.ts';

const program = 'countersign';

/** By the words that follow `countersign`. */
const subCommands: { readonly [words: string]: () => Promise<SubCommand> } = {
  demo: async () => {
    const { demo } = await import('./demo.ts');
    return {
      summary: 'start the demo: database, simulated plant, gateway, HMI',
      help: 'Usage: countersign demo\n\nThe same as npm start; see README.md for its environment.\n',
      run: (args, env) => (args.length > 0 ? refuseArguments(args) : demo(env)),
    };
  },
  simulate: async () => {
    const { simulate } = await import('./simulate.ts');
    return {
      summary: 'start the simulated plant alone',
      help: 'Usage: countersign simulate\n\nPorts by COUNTERSIGN_OPCUA_PORT and COUNTERSIGN_MODBUS_PORT; with COUNTERSIGN_CONTROL_PORT also\nits faults and write log over HTTP (simulators/README.md).\n',
      run: (args, env) => (args.length > 0 ? refuseArguments(args) : simulate(env)),
    };
  },
  check: async () => (await import('./check.ts')).check,
  backup: async () => (await import('./backup.ts')).backup,
  restore: async () => (await import('./restore.ts')).restore,
  witness: async () => (await import('./witness.ts')).witness,
  'witness init': async () => (await import('./witness-init.ts')).witnessInit,
  'witness add-log': async () => (await import('./witness-add-log.ts')).witnessAddLog,
  'witness status': async () => (await import('./witness-status.ts')).witnessStatus,
  'audit verify': async () => (await import('./audit-verify.ts')).auditVerify,
  'audit prove': async () => (await import('./audit-prove.ts')).auditProve,
  'audit open-anew': async () => (await import('./audit-open-anew.ts')).auditOpenAnew,
  'audit search': async () => (await import('./audit-search.ts')).auditSearch,
  'audit export': async () => (await import('./audit-export.ts')).auditExport,
};

function refuseArguments(args: readonly string[]): never {
  throw new WronglyAsked(`it takes no arguments: ${args.join(' ')}`);
}

/** Of all sub-commands, or of those that begin with a word: `audit`. */
async function overview(group = ''): Promise<string> {
  const lines = [`Usage: ${program} ${group}<sub-command> [options]`, ''];
  for (const [words, load] of Object.entries(subCommands))
    if (words.startsWith(group)) lines.push(`  ${words.padEnd(16)} ${(await load()).summary}`);
  lines.push(
    '',
    `${program} ${group}<sub-command> --help says more. Exit 0: done; 1: it does not hold; 2: wrongly asked.`,
  );
  return `${lines.join('\n')}\n`;
}

/** Resolves with the exit code. */
export async function countersign(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.length === 0 || args[0] === '--help' || args[0] === 'help') {
    process.stdout.write(await overview());
    return args.length === 0 ? 2 : 0;
  }
  const words = Object.hasOwn(subCommands, args.slice(0, 2).join(' ')) ? 2 : 1;
  const name = args.slice(0, words).join(' ');
  const load = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined;
  if (load === undefined) {
    const group = `${args[0]} `;
    const asksForHelp = args[1] === '--help' || args[1] === 'help';
    if ((args.length === 1 || asksForHelp) && Object.keys(subCommands).some((known) => known.startsWith(group))) {
      process.stdout.write(await overview(group));
      return asksForHelp ? 0 : 2;
    }
    process.stderr.write(
      `${program}: there is no sub-command '${args.slice(0, 2).join(' ')}'; see ${program} --help\n`,
    );
    return 2;
  }
  const subCommand = await load();
  const rest = args.slice(words);
  if (rest.includes('--help')) {
    process.stdout.write(subCommand.help);
    return 0;
  }
  try {
    return await subCommand.run(rest, env);
  } catch (error) {
    if (error instanceof WronglyAsked) {
      process.stderr.write(`${program} ${name}: ${error.message}; see ${program} ${name} --help\n`);
      return 2;
    }
    const isPlain =
      error instanceof CannotDo || (error instanceof Error && error.name !== 'TypeError' && 'code' in error);
    process.stderr.write(`${program} ${name}: ${isPlain ? (error as Error).message : said(error)}\n`);
    return 1;
  }
}

function said(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
