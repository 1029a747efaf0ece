// Reads a bundle's blocks in threads of their own, so that a big file is verified with all processors (AUD-5): hashing and
// reading lines there, their order and meaning here. Called by `countersign audit verify BUNDLE` and the bench. A file of a
// few blocks never starts a thread.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type BlockReaders, type BundleBlock, blockReader } from './bundle-block.ts';

/** Blocks that a thread is given before it has answered the first of them. */
const blocksAThread = 2;
/** More would wait for this thread, which takes the blocks one after the other. */
const mostThreads = 4;

type Asked = { readonly resolve: (block: BundleBlock) => void; readonly reject: (fault: unknown) => void };
type Thread = { readonly worker: Worker; ready: boolean; readonly asked: Asked[] };

export type WorkerReaders = BlockReaders & {
  /** Ends the threads; what is under way is rejected. */
  readonly close: () => Promise<void>;
};

/** `threads`: none where there is one processor only, and then all is done here. A thread that fails fails what it was asked. */
export function openBundleReaders(threads = Math.min(availableParallelism(), mostThreads)): WorkerReaders {
  const readHere = blockReader();
  const running: Thread[] = [];
  const wanted = threads > 1 ? threads : 0;
  let blocks = 0;

  function start(): Thread {
    const worker = new Worker(new URL('./worker-bundle-readers-thread.ts', import.meta.url), { name: 'bundle reader' });
    const thread: Thread = { worker, ready: false, asked: [] };
    worker.on('message', (answer: BundleBlock | 'ready') => {
      if (answer === 'ready') thread.ready = true;
      else thread.asked.shift()?.resolve(answer);
    });
    const lost = (fault: unknown): void => {
      thread.ready = false;
      for (const { reject } of thread.asked.splice(0))
        reject(new Error('a thread that reads the bundle ended', { cause: fault }));
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    return thread;
  }

  return {
    atOnce: Math.max(1, wanted * blocksAThread),
    read: (bytes) => {
      blocks += 1;
      // The first block tells nothing of how many there are.
      if (blocks > 1) while (running.length < wanted) running.push(start());
      const [idlest] = running.filter(({ ready }) => ready).sort((one, other) => one.asked.length - other.asked.length);
      if (idlest === undefined) return readHere(bytes);
      return new Promise((resolve, reject) => {
        idlest.asked.push({ resolve, reject });
        idlest.worker.postMessage(bytes, [bytes.buffer]);
      });
    },
    close: async () => {
      await Promise.all(running.map(({ worker }) => worker.terminate()));
    },
  };
}
