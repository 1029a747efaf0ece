// argon2id in worker threads of its own (architecture "Runtime"): as many as are asked for, below the event loop's priority
// where the system can do that, so that many who sign at once hold up neither readings nor the log. Made by assembly for
// password-hash.ts, which also bounds what waits. Threads start with the first password and last as long as the process.
import { Worker } from 'node:worker_threads';
import type { Argon2Input, DeriveArgon2id } from './password-hash.ts';

type Job = {
  readonly input: Argon2Input;
  readonly resolve: (tag: Uint8Array) => void;
  readonly reject: (fault: unknown) => void;
};
type Thread = { readonly worker: Worker; job: Job | null };
type Answer = { readonly tag: Uint8Array } | { readonly fault: string };

export type Argon2Workers = {
  readonly derive: DeriveArgon2id;
  /** Ends the threads; what is under way is rejected. */
  readonly close: () => Promise<void>;
};

/** Never more than `threads` at once; further ones wait in order of arrival, without a bound of their own. */
export function openArgon2Workers(threads: number): Argon2Workers {
  if (!(threads >= 1)) throw new RangeError('at least one thread must derive passwords');
  const running = new Set<Thread>();
  const waiting: Job[] = [];
  let closed = false;

  function start(): Thread {
    const worker = new Worker(new URL('./worker-argon2-thread.ts', import.meta.url), { name: 'argon2id' });
    const thread: Thread = { worker, job: null };
    // A thread that waits for work does not keep the process alive.
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const { job } = thread;
      thread.job = null;
      if ('tag' in answer) job?.resolve(answer.tag);
      else job?.reject(new Error(`argon2id failed: ${answer.fault}`));
      next();
    });
    // The thread is lost, its job with it; the next job gets a new thread.
    const lost = (fault: unknown): void => {
      running.delete(thread);
      thread.job?.reject(new Error('the thread that derives passwords ended', { cause: fault }));
      thread.job = null;
      if (!closed) next();
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    running.add(thread);
    return thread;
  }

  function next(): void {
    while (waiting.length > 0) {
      const idle = [...running].find((thread) => thread.job === null) ?? (running.size < threads ? start() : undefined);
      const job = idle === undefined ? undefined : waiting.shift();
      if (idle === undefined || job === undefined) return;
      idle.job = job;
      idle.worker.postMessage(ownBytes(job.input));
    }
  }

  return {
    derive: (input) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('the gateway is stopping'));
        waiting.push({ input, resolve, reject });
        next();
      }),
    async close() {
      closed = true;
      for (const job of waiting.splice(0)) job.reject(new Error('the gateway is stopping'));
      await Promise.all([...running].map(({ worker }) => worker.terminate()));
    },
  };
}

/** A view's whole buffer would go to the thread, and with it whatever else Node.js keeps in that one. */
function ownBytes(input: Argon2Input): Argon2Input {
  const { message, nonce, secret, associatedData } = input;
  return {
    ...input,
    message: new Uint8Array(message),
    nonce: new Uint8Array(nonce),
    secret: new Uint8Array(secret),
    associatedData: new Uint8Array(associatedData),
  };
}
