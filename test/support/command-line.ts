// The command line in the test's own process: what `countersign …` says and how it ends, nothing of it printed. For tests
// of sub-commands; one call at a time, since what the process writes meanwhile is caught as well.
import { vi } from 'vitest';
import { countersign } from '../../gateway/cli/countersign.ts';

export type CommandLineAnswer = { readonly code: number; readonly out: string; readonly err: string };

/** Without environment variables: what the command needs is in its arguments. */
export async function onCommandLine(...args: string[]): Promise<CommandLineAnswer> {
  const said = { out: '', err: '' };
  const catching = (stream: 'out' | 'err') => (chunk: string | Uint8Array) => {
    said[stream] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(catching('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(catching('err')),
  ];
  try {
    return { code: await countersign(args, {}), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
