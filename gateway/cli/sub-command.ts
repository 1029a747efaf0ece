// The manners of every sub-command (interfaces.md, "CLI"): exit 0 when done, 1 when what was asked does not hold,
// 2 when it was asked wrongly; `--help` everywhere. Used by countersign.ts and the sub-commands' own files.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Exit 1, one line. */
export class CannotDo extends Error {}
/** Exit 2, one line and where to find help. */
export class WronglyAsked extends Error {}

export type SubCommand = {
  readonly summary: string;
  /** Usage, options, exit codes; ends with a newline. */
  readonly help: string;
  /** Resolves with the exit code; throws CannotDo or WronglyAsked. */
  readonly run: (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;
};

/** Strict: what is unknown or lacks its value is WronglyAsked. */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new WronglyAsked(error instanceof Error ? error.message : String(error));
  }
}

/** The same with exactly one word beside the options; `what` names it in the message where it is missing. */
export function readOptionsAndWord<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
  what: string,
) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    const [word, ...more] = positionals;
    if (word !== undefined && more.length === 0) return { values, word };
  } catch (error) {
    throw new WronglyAsked(error instanceof Error ? error.message : String(error));
  }
  throw new WronglyAsked(`exactly one ${what} is needed`);
}

/** The same with any number of words beside the options, in their order. */
export function readOptionsAndWords<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    return { values, words: positionals };
  } catch (error) {
    throw new WronglyAsked(error instanceof Error ? error.message : String(error));
  }
}
