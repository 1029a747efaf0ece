// The other end of child.ts: reads the one JSON line that the launcher tells, and calls back when the launcher is gone.
import { createInterface } from 'node:readline';

/** Resolves with the first line, parsed. `onParentGone` is called once when standard input ends. Rejects when it ends first. */
export async function toldByLauncher(onParentGone: () => void): Promise<Readonly<Record<string, unknown>>> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      const message: unknown = JSON.parse(line);
      if (typeof message !== 'object' || message === null) reject(new Error('the launcher told no JSON object'));
      else resolve(message as Record<string, unknown>);
    });
    lines.once('close', () => {
      reject(new Error('the launcher went away before it told anything'));
      onParentGone();
    });
  });
}
