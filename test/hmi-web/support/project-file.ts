// Paths within the project, wherever a test is started from.
import { fileURLToPath } from 'node:url';

export function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
