// The data folder of a start: made where it is missing, checked to be writable, held by one launcher at a time.
// Called by demo.ts. Holds keys, checkpoint file, database (or the pointer to it), run information; nothing of it is in git.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartRefused } from './start-refused.ts';

export type HeldFolder = { readonly path: string; readonly release: () => void };

/** Throws StartRefused where the folder cannot be made or written, or another launcher runs on it. */
export function holdDataFolder(path: string): HeldFolder {
  try {
    makeFolder(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    mkdirSync(join(path, 'run'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const file = fileOnTheWay(path);
    if (file !== null)
      throw new StartRefused(
        `The data folder ${path} cannot be made: ${file} is no folder. Name another with COUNTERSIGN_DATA.`,
      );
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new StartRefused(
      `The data folder ${path} cannot be written (${reason}). Mend its permissions, or name another with COUNTERSIGN_DATA.`,
    );
  }
  const file = join(path, 'run', 'launcher.pid');
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      break;
    } catch (cause) {
      const pid = holderOf(file);
      if (pid !== null)
        throw new StartRefused(
          `Countersign already runs on ${path} (process ${pid}). Stop it first, or name another folder with COUNTERSIGN_DATA.`,
        );
      if (attempt > 0)
        throw new StartRefused(
          `The file ${file} cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`,
        );
      // Left over by a launcher that was killed hard.
      rmSync(file, { force: true });
    }
  }
  return {
    path,
    release: () => {
      if (holderOf(file) === process.pid) rmSync(file, { force: true });
    },
  };
}

/**
 * Step by step: Node's recursive mkdir never ends below /proc. Others may pass through the folder itself, since the
 * database runs under another user where this is root; keys and run information have folders of mode 0700 within it.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o711 });
}

/** The part of the path that is there and is no folder; null: there is none, or it cannot be seen. */
function fileOnTheWay(path: string): string | null {
  const parent = dirname(path);
  const above = parent === path ? null : fileOnTheWay(parent);
  if (above !== null) return above;
  try {
    return statSync(path).isDirectory() ? null : path;
  } catch {
    return null;
  }
}

/** Process id of the launcher that holds the file, or null when there is none: pids are reused, so its command counts. */
function holderOf(file: string): number | null {
  if (!existsSync(file)) return null;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  if (pid === process.pid) return pid;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return null;
  }
  const commandLine = `/proc/${pid}/cmdline`;
  if (existsSync('/proc/self/cmdline')) {
    try {
      return /demo\.ts|countersign/.test(readFileSync(commandLine, 'utf8')) ? pid : null;
    } catch {
      return null;
    }
  }
  return pid;
}
