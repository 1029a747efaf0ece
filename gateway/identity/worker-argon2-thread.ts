// The thread of worker-argon2.ts: one argon2id derivation after the other, each answered with its tag. It keeps nothing.
import { argon2Sync } from 'node:crypto';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { Argon2Input } from './password-hash.ts';

/** Below the default of 0, far from the last 19. */
const niceness = 3;

// Linux alone takes it for the calling thread; elsewhere it would be the whole process's.
if (process.platform === 'linux') {
  try {
    setPriority(niceness);
  } catch {
    // Where it is not allowed the threads share the processors evenly.
  }
}

parentPort?.on('message', (input: Argon2Input) => {
  try {
    const tag = argon2Sync('argon2id', input);
    parentPort?.postMessage({ tag });
  } catch (fault) {
    parentPort?.postMessage({ fault: String(fault) });
  }
});
