// Where the project lies, how the scripts speak, and the lock that keeps two of them from installing or building at once.
// Used by the other scripts only. The lock lies in the temporary folder, so that `git status` stays clean.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** A refusal for the person at the keyboard: one clear line, no stack. */
export class StartRefused extends Error {}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

const lockWaitMs = 15 * 60 * 1000;

/**
 * Runs `work` while no other script of this clone and user holds the lock. A lock whose holder is gone is taken over.
 * Throws StartRefused when it is not free within 15 minutes.
 */
export async function alone(work) {
  const owner = process.getuid?.() ?? 'user';
  const name = createHash('sha256').update(`${projectFolder}\0${owner}`).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `countersign-scripts-${name}.lock`);
  const startedMs = performance.now();
  let told = false;
  while (!take(lock)) {
    if (!told) say('Another script of this clone is installing or building; waiting for it …');
    told = true;
    if (performance.now() - startedMs > lockWaitMs)
      throw new StartRefused(`${lock} is still held after 15 minutes. Remove it when no other script is running.`);
    await pause(250);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

function take(lock) {
  try {
    mkdirSync(lock, { mode: 0o700 });
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
  }
  if (holderIsGone(lock)) rmSync(lock, { recursive: true, force: true });
  return false;
}

function holderIsGone(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
    // Between mkdir and the write of the pid the file is absent or empty: young locks are left alone.
    if (!Number.isInteger(pid) || pid <= 0) return ageMs(lock) > 10_000;
    process.kill(pid, 0);
    return false;
  } catch (fault) {
    if (fault.code === 'ESRCH') return true;
    return fault.code === 'ENOENT' && ageMs(lock) > 10_000;
  }
}

function ageMs(lock) {
  try {
    return Date.now() - statSync(lock).mtimeMs;
  } catch {
    return 0;
  }
}
