// Preloaded (--import) into what run-child.mjs starts: when the parent is gone, even by SIGKILL, the IPC channel closes
// and this process gets a SIGTERM from itself, so that its own orderly stop runs. Does nothing in worker threads.
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Listening for 'disconnect' alone keeps nothing alive; the channel must not either.
  process.channel.unref();
}
